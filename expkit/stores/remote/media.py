"""Bytes in a bucket or a folder far away: :class:`Media`, a few things that every place of fsspec can do.

Every call is bounded in time, may be repeated, and raises ``FileNotFoundError`` or a ``StoreError`` of one sentence.
"""

from __future__ import annotations

import os
import threading
from datetime import datetime, timezone
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from expkit.errors import StoreError
from expkit.stores.pieces import FRESH
from expkit.stores.remote.drivers import (
    connected,
    creates,
    discard,
    is_absent,
    is_dropped,
    let_go,
    make_folder,
    make_folders,
    modified_of,
    move,
    opened,
    read,
    renew,
    root_of,
    says,
    write_file,
)
from expkit.stores.remote.kinds import ANSWER, FOLDERS, OBJECTS
from expkit.stores.remote.trouble import trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from expkit.stores.remote.place import Place

_T = TypeVar("_T")
_S = TypeVar("_S")

AT_ONCE = 16
"""How many objects are fetched or written at the same time, where the driver can."""

PART = 8 << 20
"""Bytes of one part of a large upload."""

_STEP = 1 << 18
"""Bytes that are handed to a driver at once which sends them as they come, so that progress is seen on slow lines."""

_LONG = ANSWER * 6
"""Seconds for listings of many pages, and to finish an upload of many parts."""

_WAIT = 2.0
"""Seconds to wait for the bytes of a name that somebody has just claimed."""


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
        self._fs: Any = None
        self._pid = 0
        self._root = ""
        self._folders: set[str] = set()

    # -- reading ---------------------------------------------------------------------------------------

    def get(self, name: str, start: int | None = None, end: int | None = None) -> bytes:
        """The bytes of an object, or those from ``start`` to ``end``.

        Raises:
            FileNotFoundError: there is no such object.
        """
        if start is not None and start == end:
            return b""
        return self._do(lambda fs: read(fs, self._path(name), start, end, self._bound()))

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
            self._do(lambda fs: renew(fs, self._path(name), self._bound(_LONG)))
            if size <= PART and self.modified(name) == written:
                self.put(name, self.get(name))
        except StoreError:  # it may only be read, say
            pass

    def modified(self, name: str) -> datetime | None:
        """When an object was written, by the clock of the place; None where that is not said."""
        return modified_of(self._info(name))

    def _info(self, name: str) -> dict[str, Any]:
        def ask(fs: Any) -> Any:
            fs.invalidate_cache()
            return fs.info(self._path(name), **self._bound())

        info: dict[str, Any] = self._do(ask)
        return info

    def items(self, folder: str) -> list[Item]:
        """All objects below a folder, at any depth."""

        def ask(fs: Any) -> Any:
            fs.invalidate_cache()
            return fs.find(self._path(folder), detail=True, **self._bound(_LONG))

        try:
            found = self._do(ask)
        except (FileNotFoundError, NotADirectoryError):
            return []
        items = (self._item(info) for info in found.values() if info["type"] == "file")
        return [item for item in items if not item.name.endswith(_ASIDE)]

    def folders(self) -> list[str]:
        """Names of the folders at the root."""

        def ask(fs: Any) -> Any:
            fs.invalidate_cache()
            return fs.ls(self._root or "/", detail=True, **self._bound(_LONG))

        try:
            found = self._do(ask)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [info["name"].rstrip("/").rpartition("/")[2] for info in found if info["type"] == "directory"]

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
        if self.place.kind.style == OBJECTS:
            self._do(lambda fs: fs.pipe_file(self._path(name), data, **self._bound(_LONG)))
            return

        def write(fs: Any) -> None:
            self._make_folder(fs, name)
            aside = self._aside(name)
            write_file(fs, aside, data)
            move(fs, aside, self._path(name))

        self._do(write)

    def make(self, name: str, data: bytes) -> bool:
        """Write an object only if there is none; of several at once one gets True.

        So does whoever repeats it with the same bytes, which should be nobody else's.
        """
        if self._makes(name, data):
            return True
        found = self._claimed(name)
        if found is None and self.place.kind.style == FOLDERS:  # its maker has died before it could say more
            self.put(name, data)
            return True
        return found == data

    def _makes(self, name: str, data: bytes) -> bool:
        if self.place.kind.style == FOLDERS:
            won = self._do(lambda fs: self._makes_folder(fs, f"{name}{_CLAIM}"))
            if won:
                self.put(name, data)
            return won
        if self.place.kind.style == OBJECTS:
            return self._do(lambda fs: creates(fs, self._path(name), data, self._bound()))
        with _unclaimed:
            if self.exists(name):
                return False
            self.put(name, data)
            return True

    def _makes_folder(self, fs: Any, name: str) -> bool:
        self._make_folder(fs, name)
        try:
            make_folder(fs, self._path(name))
        except Exception as error:
            fs.invalidate_cache()
            if fs.exists(self._path(name)):
                return False
            raise error from None
        return True

    def _claimed(self, name: str) -> bytes | None:
        """The bytes of a name that somebody has claimed."""
        end = monotonic() + _WAIT
        while True:
            found = self.find(name)
            if found is not None or monotonic() > end or self.place.kind.style != FOLDERS:
                return found
            sleep(0.05)

    @property
    def step(self) -> int:
        """Bytes of one part of an upload."""
        return PART if self.place.kind.style == OBJECTS else _STEP

    def upload(self, name: str, parts: Iterable[bytes]) -> None:
        """Write a large object part by part, in constant memory; an error in between leaves nothing under its name."""
        is_atomic = self.place.kind.style == OBJECTS
        target = self._path(name) if is_atomic else self._aside(name)
        file = self._do(lambda fs: self._opened(fs, name, target))
        try:
            for part in parts:
                self._do(lambda _, part=part: file.write(part), tries=1)  # type: ignore[misc]
        except BaseException:
            discard(file)
            raise
        self._do(lambda _: file.close(), tries=1)
        if not is_atomic:
            self._do(lambda fs: move(fs, target, self._path(name)))

    def _opened(self, fs: Any, name: str, target: str) -> Any:
        self._make_folder(fs, name)
        return opened(fs, target, PART)

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; what is gone already is fine."""
        for name in names:
            try:
                self._do(lambda fs, name=name: fs.rm_file(self._path(name), **self._bound()))  # type: ignore[misc]
            except FileNotFoundError:
                continue

    def make_bucket(self) -> None:
        """Make the bucket of S3; one that somebody has just made is fine."""
        region = str(self.place.options.get("region", _FIRST_REGION))
        where = {} if region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}

        def make(fs: Any) -> None:
            try:
                fs.call_s3("create_bucket", Bucket=self.place.host, **where, **self._bound())
            except OSError as error:
                if not says(error, "BucketAlready", "already exists", "already own"):
                    raise

        self._do(make)

    # -- the driver ------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            fs, self._fs = self._fs, None
        if fs is not None and self._pid == os.getpid():
            let_go(fs)

    def _do(self, work: Callable[[Any], _T], tries: int = 2) -> _T:
        """Do something with the file system; where a connection was dropped, once more with a new one."""
        for left in reversed(range(tries)):
            try:
                fs = self._connected()
                if self._is_parallel():
                    return work(fs)
                with self._lock:  # and ask again: somebody may have closed the store since
                    return work(self._connected())
            except (FileNotFoundError, StoreError):
                raise
            except Exception as error:
                if is_absent(error):
                    raise FileNotFoundError(str(error)) from error
                if not left or not is_dropped(error):
                    raise trouble(error, self.place) from error
                if not self._is_parallel():  # those that are parallel connect anew by themselves
                    self._fs = None
        raise AssertionError("unreachable")

    def _connected(self) -> Any:
        """The file system; that of a forked child is its own."""
        with self._lock:
            if self._fs is None or self._pid != os.getpid():
                self._fs, self._pid = connected(self.place), os.getpid()
                self._root = root_of(self._fs, self.place)
                self._folders = set()
            return self._fs

    def _is_parallel(self) -> bool:
        return bool(getattr(self._fs, "async_impl", False))

    def _bound(self, seconds: float = ANSWER) -> dict[str, float]:
        """Asynchronous drivers take the time that a call may last; others have it in their sockets."""
        return {"timeout": seconds} if self._is_parallel() else {}

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name

    def _aside(self, name: str) -> str:
        from expkit.stores.disk.files import fresh_name

        return f"{self._path(name)}.{fresh_name()}{_ASIDE}"

    def _make_folder(self, fs: Any, name: str) -> None:
        """Make the folder of an object, where there are such things."""
        folder = self._path(name).rpartition("/")[0]
        if self.place.kind.style == OBJECTS or folder in self._folders or not folder:
            return
        make_folders(fs, folder)
        self._folders.add(folder)

    def _item(self, info: dict[str, Any]) -> Item:
        name = info["name"].lstrip("/")[len(self._root.lstrip("/")) :].lstrip("/")
        return Item(name, int(info["size"] or 0), modified_of(info))


_FIRST_REGION = "us-east-1"
"""Buckets are made here where no region is named, and this one alone must not be named."""

_ASIDE = ".aside"
_CLAIM = ".claim"
_unclaimed = threading.Lock()
