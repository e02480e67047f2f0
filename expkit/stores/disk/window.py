"""A part of a growing file in memory: :class:`Window`, and :class:`Appending` where there can be none."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import sys
from typing import TYPE_CHECKING

from expkit.stores.disk import slots
from expkit.stores.disk.files import write_all
from expkit.stores.disk.held import HeldFile
from expkit.stores.disk.mounts import may_map
from expkit.stores.disk.reserve import is_full
from expkit.stores.disk.slots import SLOT

if TYPE_CHECKING:
    from collections.abc import Callable


class Window:
    """A part of the file in memory, with a position that only moves on.

    Args:
        file: that grows.
        place: byte of the file where writing begins.
        least: bytes that must fit.
    """

    __slots__ = ("_file", "_map", "_start", "size", "write")

    def __init__(self, file: HeldFile, place: int, least: int) -> None:
        fd = file.fd()
        grain = mmap.ALLOCATIONGRANULARITY
        self._start = place // grain * grain
        self.size = -(-(place - self._start + least) // grain) * grain
        _take_room(fd, self._start, self.size)
        _take_room_ahead(fd, self.end, self.size)
        self._file = file
        self._map = _map(fd, self._start, self.size)
        self._map.seek(place - self._start)
        self.write: Callable[[bytes], object] = self._map.write

    @property
    def room(self) -> int:
        """Bytes that still fit; none once it is closed, by a signal handler that went on to the next."""
        try:
            return self.size - self._map.tell()
        except ValueError:
            return 0

    @property
    def end(self) -> int:
        """Byte of the file after the window."""
        return self._start + self.size

    def fill(self) -> None:
        """Leave no room."""
        with contextlib.suppress(ValueError):
            while True:
                self.write(slots.FILLER_SLOT)

    def close(self) -> int:
        """Refuse what comes from now on, and return the byte of the file after the last record."""
        place = self._map.tell()
        self._map.seek(0, os.SEEK_END)
        while place < self.size and self._map[place]:  # another thread was quicker
            place += slots.size_of(self._map[place : place + SLOT])
        self.leave()
        return self._start + place

    def leave(self) -> None:
        """Refuse what comes from now on; there is another window, or the file is another process's."""
        self._file.close_map(self._map)


class Appending:
    """Takes a window's place where files cannot be mapped (see :mod:`~expkit.stores.disk.mounts`): slower, as safe.

    Args:
        path: the file.
        place: byte of the file where writing begins; it ends there.
    """

    __slots__ = ("_file",)
    room = sys.maxsize
    size = end = 0

    def __init__(self, path: str, place: int) -> None:
        os.truncate(path, place)
        self._file = HeldFile(path, os.O_RDWR | os.O_APPEND)

    def write(self, record: bytes) -> object:
        """Append one record, whole or not at all."""
        fd = self._file.fd()
        written = os.write(fd, record)
        if written < len(record):
            self._file.truncate(os.fstat(fd).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written

    def fill(self) -> None:
        """There is no end to the room."""

    def close(self) -> int:
        """Refuse what comes from now on, and return the byte of the file after the last record."""
        end = os.fstat(self._file.fd()).st_size
        self.leave()
        return end

    def leave(self) -> None:
        """Let go of the file."""
        self._file.close()


def next_window(file: HeldFile, place: int, least: int, wanted: int) -> Window:
    """A window with room for ``wanted`` bytes, or for as many eighths of them as there is room for, or for ``least``.

    Raises:
        OSError: there is no room on the disk, or the disk fails.
    """
    for eighths in range(8, 0, -1):
        try:
            return Window(file, place, max(least, wanted * eighths // 8))
        except OSError as error:
            if not is_full(error):
                raise
    return Window(file, place, least)


def open_window(file: HeldFile, path: str, place: int, least: int) -> Window | Appending:
    """A window into the file, or what can take its place there.

    Raises:
        OSError: there is no room on the disk, or the disk fails.
    """
    if may_map(os.path.dirname(os.path.abspath(path))):
        try:
            return next_window(file, place, SLOT, least)
        except OSError as error:
            if error.errno not in _CANNOT_MAP:
                raise
    return Appending(path, place)


def _take_room(fd: int, start: int, size: int) -> None:
    """Take the room now, so that writing to memory cannot fail later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, start, size)
    else:
        missing = start + size - os.fstat(fd).st_size
        os.lseek(fd, 0, os.SEEK_END)
        write_all(fd, bytes(max(missing, 0)))


def _take_room_ahead(fd: int, start: int, size: int) -> None:
    """Take room for the next window: when the disk is full, points go on for longer than what is larger."""
    if hasattr(os, "posix_fallocate"):
        with contextlib.suppress(OSError):
            os.posix_fallocate(fd, start, size)


def _map(fd: int, start: int, size: int) -> mmap.mmap:
    if os.name == "nt":
        return mmap.mmap(fd, size, offset=start)
    # pages are made now and together: one by one, when first written, they cost ten times as much
    return mmap.mmap(fd, size, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0), offset=start)


_CANNOT_MAP = (errno.ENODEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
