"""Bytes as they are printed, in a file that outlives the process: :class:`RawFile`."""

from __future__ import annotations

import errno
import mmap
import os
import threading
from time import monotonic
from typing import TYPE_CHECKING

from expkit._support.blame import arose_in, raise_foreign
from expkit._support.forking import ForkLocks
from expkit.run.output.settling import incomplete
from expkit.stores.disk.files import write_all
from expkit.stores.disk.held import HeldFile
from expkit.stores.disk.mounts import may_map

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST, _NEXT = 1 << 16, 1 << 20
_PAUSE = 1.0


class RawFile:
    """Takes what this interpreter prints, from all threads, and after a fork from all processes.

    Until there is a fork, bytes go into a part of the file that is mapped into memory: that costs no call of the
    system, and what is there outlives a kill -9. The part is zeros where nothing has been printed yet.

    Args:
        path: appended to; made with the first bytes.

    Attributes:
        put: takes bytes; a ValueError or OSError says that :meth:`late` must take them.
        gap: since when something is missing, and why; or ``""``.
    """

    def __init__(self, path: str, *, shared: bool = False) -> None:
        self.put: Callable[[bytes], object] = self._refuse
        self.gap = ""
        self._path = path
        self._shared = shared
        self._file: HeldFile | None = None
        self._map: mmap.mmap | None = None
        self._start = self._size = 0
        self._lock = threading.RLock()
        self._changing = False
        self._held: list[bytes] = []
        self._closed = False
        self._retry = 0.0
        _open.append(self)

    @property
    def end(self) -> int | None:
        """Bytes printed until now, or None where the file's size says so."""
        with self._lock:
            return self._start + self._map.tell() if self._map is not None else None

    def late(self, text: str | bytes) -> None:
        """Take what :attr:`put` could not; never raises what a disk does."""
        data = text.encode("utf-8", "backslashreplace") if isinstance(text, str) else bytes(text)
        with self._lock:
            self._held.append(data)
            if self._changing:  # a signal handler has come in between, and prints
                return
            self._changing = True
            try:
                while self._held:
                    self._take(self._held[0])
                    del self._held[0]
            except OSError as error:
                if not arose_in(error, "expkit"):
                    raise
                self._lose(error)
            finally:
                self._changing = False

    def share(self) -> None:
        """From here on append by calls of the system: other processes do so, too."""
        with self._lock:
            if not self._shared and not self._changing:
                self._shared = True
                self._leave_window(cut=True)

    def close(self) -> None:
        """Refuse what comes from now on."""
        with self._lock:
            self._closed = True
            self._leave_window(cut=True)
            if self in _open:
                _open.remove(self)
            if self._file is not None:
                self._file.close()
                self._file = None

    def _take(self, data: bytes) -> None:
        if self._closed or monotonic() < self._retry:
            return
        try:
            self.put(data)
        except ValueError as error:
            if not arose_in(error, "expkit"):
                raise
            self._next(len(data))
            self.put(data)

    def _next(self, least: int) -> None:
        """Make room for at least so many bytes."""
        if self._file is None:
            self._file = HeldFile(self._path, os.O_RDWR | os.O_APPEND)
            self._start = os.fstat(self._file.fd()).st_size
            self._shared = self._shared or not may_map(os.path.dirname(os.path.abspath(self._path)))
        if not self._shared:
            place = self._leave_window(cut=False)
            try:
                self._map_window(self._file.fd(), place, least)
            except OSError as error:  # a file that cannot be mapped, or a disk that is nearly full
                raise_foreign(error)
                self._shared = True
        if self._shared:
            self.put = self._append

    def _map_window(self, fd: int, place: int, least: int) -> None:
        start = place // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
        size = _NEXT if start else _FIRST
        size = max(size, -(-(place - start + least) // _FIRST) * _FIRST)
        _take_room(fd, start, size)
        window = _mapped(fd, start, size)
        window.seek(place - start)
        self._map, self._start, self._size = window, start, size
        self.put = window.write

    def _leave_window(self, *, cut: bool) -> int:
        """Close the window; the byte after the last one that was printed."""
        self.put = self._refuse
        window, self._map = self._map, None
        if window is None or self._file is None:
            return self._start
        place = self._start = self._start + _fill(window, self._size)
        self._file.close_map(window)
        if cut:
            self._file.truncate(place)
        return place

    def _append(self, data: bytes) -> None:
        if self._file is not None and os.write(self._file.fd(), data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _lose(self, error: OSError) -> None:
        self._held.clear()
        self._retry = monotonic() + _PAUSE
        self.gap = self.gap or incomplete(error)

    def _refuse(self, data: bytes) -> None:  # noqa: ARG002
        raise ValueError("no window")


def _fill(window: mmap.mmap, size: int) -> int:
    """Leave no room in a window that other threads may be writing to; the place where their last byte ends."""
    while room := size - window.tell():
        try:
            window.write(bytes(room))
        except ValueError:  # a thread was quicker
            continue
        return size - room
    return size


def _take_room(fd: int, start: int, size: int) -> None:
    """Take the room now, so that writing to memory cannot fail later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, start, size)
    else:
        write_all(fd, bytes(max(start + size - os.fstat(fd).st_size, 0)))


def _mapped(fd: int, start: int, size: int) -> mmap.mmap:
    if os.name == "nt":
        return mmap.mmap(fd, size, offset=start)
    # pages are made now and together: one by one, when first written, they cost ten times as much
    return mmap.mmap(fd, size, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0), offset=start)


_open: list[RawFile] = []
_forking = ForkLocks()


def _before_fork() -> None:
    raws = [*_open]
    _forking.begin(raw._lock for raw in raws)
    for raw in raws:
        raw.share()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_forking.release, after_in_child=_forking.release)
