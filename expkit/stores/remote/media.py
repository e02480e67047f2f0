"""Bytes in a bucket or a folder far away: :class:`Media`, a few things that every place of fsspec can do.

Every call is bounded in time, may be repeated, and raises ``FileNotFoundError`` or a ``StoreError`` of one sentence.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from expkit.errors import StoreError
from expkit.stores.pieces import FRESH
from expkit.stores.remote.connecting import connected
from expkit.stores.remote.drivers import ASIDE, AT_ONCE, PART, Driver, discard, modified_of
from expkit.stores.remote.trouble import is_absent, is_dropped, trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from expkit.stores.remote.place import Place

_T = TypeVar("_T")
_S = TypeVar("_S")

_TRIES = 10
"""So often a name is claimed of which nothing is there in the end: others must have begun it and let go of it each time."""


class Item(NamedTuple):
    """What a listing says of an object; ``name`` is below the root."""

    name: str
    size: int
    modified: datetime | None


class Media:
    """One place, below a root; nothing is loaded or connected before the first use.

    Args:
        place: where.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._lock = threading.RLock()
        self._driver: Driver | None = None
        self._pid = 0

    # -- reading ---------------------------------------------------------------------------------------

    def get(self, name: str, start: int | None = None, end: int | None = None) -> bytes:
        """The bytes of an object, or those from ``start`` to ``end``.

        Raises:
            FileNotFoundError: there is no such object.
        """
        if start is not None and start == end:
            return b""
        return self._do(lambda driver: driver.read(_path(driver, name), start, end))

    def find(self, name: str, default: bytes | None = None) -> bytes | None:
        """The bytes of an object; ``default`` where there is none."""
        try:
            return self.get(name)
        except FileNotFoundError:
            return default

    def exists(self, name: str) -> bool:
        """Whether there is such an object."""
        return self.size(name) is not None

    def size(self, name: str) -> int | None:
        """Bytes of an object; None where there is none."""
        try:
            info = self._info(name)
        except FileNotFoundError:
            return None
        return None if info["type"] == "directory" else int(info["size"] or 0)

    def renew(self, name: str) -> int | None:
        """Bytes of an object, None where there is none; it counts as written just now, if it was not so lately.

        Where neither the place can do that nor the object is small enough to be sent once more, it stays as old as it is.
        """
        try:
            info = self._info(name)
            written, size = modified_of(info), int(info["size"] or 0)
            if written is not None and written < datetime.now(timezone.utc) - FRESH:
                self._renew(name, size, written)
        except FileNotFoundError:
            return None
        return size

    def _renew(self, name: str, size: int, written: datetime) -> None:
        try:
            self._do(lambda driver: driver.renew(_path(driver, name)))
            if size <= PART and self.modified(name) == written:
                self.put(name, self.get(name))
        except StoreError:  # it may only be read, say
            pass

    def modified(self, name: str) -> datetime | None:
        """When an object was written, by the clock of the place; None where that is not said."""
        return modified_of(self._info(name))

    def _info(self, name: str) -> dict[str, Any]:
        return self._do(lambda driver: driver.info(_path(driver, name)))

    def items(self, folder: str, *, aside: bool = False) -> list[Item]:
        """All objects below a folder, at any depth; ``aside``: also those that are not whole yet, or never will be."""

        def ask(driver: Driver) -> list[Item]:
            return [_item(driver, info) for info in driver.files(_path(driver, folder))]

        return [item for item in self._listed(ask) if aside or not item.name.endswith(ASIDE)]

    def folders(self) -> list[str]:
        """Names of the folders at the root."""
        found = self._listed(lambda driver: driver.folders())
        return [info["name"].rstrip("/").rpartition("/")[2] for info in found]

    def _listed(self, ask: Callable[[Driver], list[_T]]) -> list[_T]:
        try:
            return self._do(ask)
        except FileNotFoundError:
            return []

    def each(self, things: Sequence[_S], get: Callable[[_S], _T]) -> list[_T]:
        """What ``get`` gives for each thing, many at once where the driver can."""
        if len(things) < 2 or not self._is_parallel():  # noqa: PLR2004
            return [get(thing) for thing in things]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(AT_ONCE, len(things)), "expkit-remote") as pool:
            return list(pool.map(get, things))

    # -- writing ---------------------------------------------------------------------------------------

    def put(self, name: str, data: bytes) -> None:
        """Write an object; readers see the old or the new one."""
        self._do(lambda driver: driver.put(_path(driver, name), data))

    def make(self, name: str, data: bytes) -> bool:
        """Write an object only if there is none; of several at once one gets True.

        So does whoever repeats it with the same bytes, which should be nobody else's.
        """
        for _ in range(_TRIES):
            if self._do(lambda driver: driver.claim(_path(driver, name), data)):
                return True
            if (found := self._settled(name)) is not None:
                return found == data
        raise StoreError(f"{self.place.where} does not say who has {name}: several seem to be about to claim it")

    def _settled(self, name: str) -> bytes | None:
        """The bytes of a name that somebody has claimed, and maybe has died before they were there."""
        found = self.find(name)
        if found is not None:
            return found
        self._do(lambda driver: driver.settle(_path(driver, name)))
        return self.find(name)

    @property
    def step(self) -> int:
        """Bytes of one part of an upload."""
        return self.place.kind.driver.step

    def upload(self, name: str, parts: Iterable[bytes]) -> None:
        """Write a large object part by part, in constant memory; an error in between leaves nothing under its name."""
        aside = self._do(lambda driver: driver.aside(_path(driver, name)))
        file = self._do(lambda driver: _opened(driver, aside))
        try:
            for part in parts:
                self._do(lambda _, part=part: file.write(part), tries=1)  # type: ignore[misc]
        except BaseException:
            discard(file)
            raise
        self._do(lambda _: file.close(), tries=1)
        self._do(lambda driver: driver.move(aside, _path(driver, name)))

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; what is gone already is fine."""
        for name in names:
            try:
                self._do(lambda driver, name=name: driver.remove(_path(driver, name)))  # type: ignore[misc]
            except FileNotFoundError:
                continue

    def make_bucket(self) -> None:
        """Make the bucket; one that somebody has just made is fine."""
        self._do(lambda driver: driver.make_bucket(self.place))

    # -- the driver ------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of connections."""
        self._drop(self._driver)

    def _drop(self, driver: Driver | None) -> None:
        """Let go of a connection, unless somebody has done so; that of a parent process is not ours to close."""
        with self._lock:
            if driver is None or self._driver is not driver:
                return
            self._driver = None
            if self._pid == os.getpid():
                with suppress(Exception):  # it is gone anyway
                    driver.close()

    def _do(self, work: Callable[[Driver], _T], tries: int = 2) -> _T:
        """Do something with the driver; where a connection was dropped, once more with a new one."""
        for left in reversed(range(tries)):
            driver = None
            try:
                driver = self._connected()
                if driver.is_parallel:
                    return work(driver)
                with self._lock:  # and ask again: somebody may have closed the store since
                    driver = self._connected()
                    return work(driver)
            except (FileNotFoundError, StoreError):
                raise
            except Exception as error:
                if is_absent(error):
                    raise FileNotFoundError(str(error)) from error
                if not left or not is_dropped(error):
                    raise trouble(error, self.place) from error
                if not self._is_parallel():  # those that are parallel connect anew by themselves
                    self._drop(driver)
        raise AssertionError("unreachable")

    def _connected(self) -> Driver:
        """The driver; that of a forked child is its own."""
        with self._lock:
            if self._driver is None or self._pid != os.getpid():
                self._driver, self._pid = connected(self.place), os.getpid()
            return self._driver

    def _is_parallel(self) -> bool:
        return self._driver is not None and self._driver.is_parallel


def _path(driver: Driver, name: str) -> str:
    return f"{driver.root}/{name}" if driver.root else name


def _item(driver: Driver, info: dict[str, Any]) -> Item:
    name = info["name"].lstrip("/")[len(driver.root.lstrip("/")) :].lstrip("/")
    return Item(name, int(info["size"] or 0), modified_of(info))


def _opened(driver: Driver, path: str) -> Any:
    driver.make_room(path)
    return driver.open(path, PART)
