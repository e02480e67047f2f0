"""What a file system of fsspec does for a store: :class:`Driver`, and two of its kinds.

Paths are those of the file system. Calls are bounded in time; errors are whatever the file system raises.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from contextlib import closing, suppress
from datetime import datetime, timezone
from time import sleep
from typing import TYPE_CHECKING, Any, ClassVar

from expkit.errors import StoreError
from expkit.stores.remote.trouble import is_absent, says

if TYPE_CHECKING:
    from expkit.stores.remote.place import Place

CONNECT = 5
"""Seconds to reach a server."""

ANSWER = 20
"""Seconds that one question may take."""

LONG = ANSWER * 6
"""Seconds for listings of many pages, and to finish an upload of many parts."""

AT_ONCE = 16
"""How many objects are fetched or written at the same time, where the driver can."""

PART = 8 << 20
"""Bytes of one part of a large upload."""

_STEP = 1 << 18
"""Bytes that are handed over at once to what sends them as they come, so that progress is seen on slow lines."""

ASIDE = ".aside"
_FOLDER_TRIES = 5
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "modified", "modify", "created")
_unclaimed = threading.Lock()


class Driver(ABC):
    """A file system: what is said here is true of most.

    Args:
        fs: the file system.
        place: that it was made for.

    Attributes:
        is_exclusive: whether one of several processes can claim a name.
        at_once: objects that are worth being asked for at the same time.
        step: bytes of one part of an upload.
        loggers: those that print errors, some with tracebacks, which are raised as well.
        root: the folder of the store, as the file system names it.
    """

    is_exclusive: ClassVar[bool] = False
    at_once: ClassVar[int] = 1
    step: ClassVar[int] = _STEP
    loggers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, fs: Any, place: Place) -> None:
        self.fs = fs
        self.root = self._root(place).rstrip("/")
        self._folders: set[str] = set()
        self._bind()

    # -- connecting ------------------------------------------------------------------------------------

    @classmethod
    def system(cls, protocol: str) -> type[Any]:
        """The class of the file system."""
        import fsspec

        found: type[Any] = fsspec.get_filesystem_class(protocol)
        return found

    @classmethod
    def made(cls, system: type[Any], place: Place) -> Any:
        """A file system, which nobody else uses."""
        return system(**place.arguments(), skip_instance_cache=True)

    @abstractmethod
    def _root(self, place: Place) -> str: ...

    def _bind(self) -> None:
        """Set limits that no argument of a file system sets: who tries again, and when, is decided in one place for all."""
        if hasattr(self.fs, "retries"):
            self.fs.retries = 2

    @property
    def is_parallel(self) -> bool:
        """Whether several threads may use it at once; it connects anew by itself then."""
        return bool(getattr(self.fs, "async_impl", False))

    def _within(self, seconds: float = ANSWER) -> dict[str, float]:
        """Asynchronous file systems take the time that a call may last; others have it in their sockets."""
        return {"timeout": seconds} if self.is_parallel else {}

    def close(self) -> None:  # noqa: B027 - there may be nothing to close
        """Close connections; asynchronous file systems do so when they are let go of."""

    # -- reading ---------------------------------------------------------------------------------------

    def read(self, path: str, start: int | None, end: int | None) -> bytes:
        """The bytes of a file, or those from ``start`` to ``end``."""
        return bytes(self.fs.cat_file(path, start=start, end=end, **self._within()))

    def info(self, path: str) -> dict[str, Any]:
        """What is said of a file or a folder."""
        self.fs.invalidate_cache()
        found: dict[str, Any] = self.fs.info(path, **self._within())
        return found

    def files(self, folder: str) -> list[dict[str, Any]]:
        """What is said of each file below a folder, at any depth."""
        self.fs.invalidate_cache()
        found = self.fs.find(folder, detail=True, **self._within(LONG))
        return [info for info in found.values() if info["type"] == "file"]

    def folders(self) -> list[dict[str, Any]]:
        """What is said of each folder at the root."""
        self.fs.invalidate_cache()
        found = self.fs.ls(self.root or "/", detail=True, **self._within(LONG))
        return [info for info in found if info["type"] == "directory"]

    # -- writing ---------------------------------------------------------------------------------------

    def put(self, path: str, data: bytes) -> None:
        """Write a file; readers see the old or the new one."""
        self.make_room(path)
        aside = self.aside(path)
        self._write(aside, data)
        self.move(aside, path)

    def _write(self, path: str, data: bytes) -> None:
        with closing(self.open(path)) as file:
            file.write(data)

    def aside(self, path: str) -> str:
        """Where a file is written until it is whole."""
        from expkit.stores.disk.files import fresh_name

        return f"{path}.{fresh_name()}{ASIDE}"

    def open(self, path: str, part: int | None = None) -> Any:
        """A file to write to; ``part``: bytes that are sent at once, where the place takes parts."""
        return self.fs.open(path, "wb", block_size=part)

    def move(self, aside: str, path: str) -> None:
        """Rename a file that is whole, over what is there."""
        self.fs.mv(aside, path)

    @abstractmethod
    def claim(self, path: str, data: bytes) -> bool:
        """Write a file, unless there is one; whether that was done, and by us.

        Where it was not done and there is no file nevertheless, somebody has begun it: :meth:`settle` goes on with that.
        """

    def settle(self, path: str) -> None:  # noqa: B027 - most places claim in one step
        """Go on with a claim that somebody else has begun, as far as it can be gone on with."""

    def renew(self, path: str) -> None:
        """Let a file count as written just now without sending its bytes, where the place has a way to do that."""
        if self.is_parallel:  # these copy objects onto themselves
            self.fs.cp_file(path, path, **self._within(LONG))

    def remove(self, path: str) -> None:
        """Remove a file."""
        self.fs.rm_file(path, **self._within())

    # -- folders ---------------------------------------------------------------------------------------

    def make_room(self, path: str) -> None:
        """Make the folder of a file, and those around it, where there are such things."""
        folder = path.rpartition("/")[0]
        if folder and folder not in self._folders:
            self._make_folders(folder)
            self._folders.add(folder)

    def _make_folders(self, folder: str) -> None:
        """Make a folder and those around it; several may do that at once."""
        for left in reversed(range(_FOLDER_TRIES)):
            self.fs.invalidate_cache()
            try:
                self.fs.makedirs(folder, exist_ok=True)
            except Exception:  # somebody else was quicker at one of them
                if self._exists(folder):
                    return
                if not left:
                    raise
            else:
                return

    def _exists(self, path: str) -> bool:
        self.fs.invalidate_cache()
        return bool(self.fs.exists(path))

    def make_bucket(self, place: Place) -> None:
        """Make the bucket of a place; one that somebody has just made is fine."""
        raise StoreError(f"{place.where} is not there, and cannot be made from here; make it first").lasting()


class Plain(Driver):
    """What only fsspec knows: files that are renamed when they are whole, and names that this process alone can claim."""

    @classmethod
    def made(cls, system: type[Any], place: Place) -> Any:  # noqa: ARG003
        """What fsspec makes of the URL."""
        import fsspec

        return fsspec.core.url_to_fs(place.full_url(), **place.arguments(), skip_instance_cache=True)[0]

    def _root(self, place: Place) -> str:
        return str(self.fs._strip_protocol(place.full_url()))

    def claim(self, path: str, data: bytes) -> bool:
        """Write a file, unless there is one; whether that was done."""
        with _unclaimed:
            if self._is_file(path):
                return False
            self.put(path, data)
            return True

    def _is_file(self, path: str) -> bool:
        try:
            return bool(self.info(path)["type"] != "directory")
        except Exception as error:
            if is_absent(error):
                return False
            raise


class Objects(Driver):
    """Objects in a bucket: each is written in one step, also only if there is none, and there are no folders."""

    is_exclusive = True
    at_once = AT_ONCE
    step = PART

    def _root(self, place: Place) -> str:
        known = self.fs.protocol
        return str(self.fs._strip_protocol(f"{known if isinstance(known, str) else known[0]}://{place.root()}"))

    def put(self, path: str, data: bytes) -> None:
        """Write an object."""
        self.fs.pipe_file(path, data, **self._within(LONG))

    def aside(self, path: str) -> str:
        """An object is there once it is whole."""
        return path

    def move(self, aside: str, path: str) -> None:
        """It is there already."""

    def make_room(self, path: str) -> None:
        """There are no folders."""

    def claim(self, path: str, data: bytes) -> bool:
        """Write an object in one step, unless there is one; whether that was done."""
        for _ in range(3):
            try:
                self.fs.pipe_file(path, data, mode="create", **self._within())
            except FileExistsError:
                return False
            except OSError as error:
                if says(error, "PreconditionFailed", "pre-condition", "preconditions", "412"):
                    return False
                if not says(error, "ConditionalRequestConflict", "409"):
                    raise
                sleep(0.05)  # somebody else is about to put it
            else:
                return True
        return False


def discard(file: Any) -> None:
    """Break an upload off."""
    try:
        file.discard()
    except Exception:  # there may be nothing yet
        pass
    with suppress(AttributeError):
        file.closed = True  # else it would finish the upload when it is collected


def modified_of(info: dict[str, Any]) -> datetime | None:
    """When an object was written, as a listing says it; None where it does not."""
    found: Any = next((info[name] for name in _TIMES if info.get(name)), None)
    if isinstance(found, str):
        found = _read_time(found)
    if isinstance(found, (int, float)):
        return datetime.fromtimestamp(found, timezone.utc)
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def _read_time(text: str) -> datetime | None:
    """A time as ISO 8601 or FTP's MLSD (RFC 3659) write it; None for those of FTP's LIST, which know no year or no hour."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        pass
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
