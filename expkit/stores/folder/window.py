"""A part of a growing file in memory: :class:`Window`."""

from __future__ import annotations

import contextlib
import mmap
import os
from typing import TYPE_CHECKING

from expkit.stores.folder import slots
from expkit.stores.folder.files import write_all
from expkit.stores.folder.slots import SLOT

if TYPE_CHECKING:
    from collections.abc import Callable


class Window:
    """A part of the file in memory, with a position that only moves on.

    Args:
        fd: the file.
        place: byte of the file where writing begins.
        least: bytes that must fit.
    """

    __slots__ = ("_map", "_start", "size", "write")

    def __init__(self, fd: int, place: int, least: int) -> None:
        grain = mmap.ALLOCATIONGRANULARITY
        self._start = place // grain * grain
        self.size = -(-(place - self._start + least) // grain) * grain
        _take_room(fd, self._start, self.size)
        self._map = _map(fd, self._start, self.size)
        self._map.seek(place - self._start)
        self.write: Callable[[bytes], object] = self._map.write

    @property
    def room(self) -> int:
        """Bytes that still fit."""
        return self.size - self._map.tell()

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
        self._map.close()
        return self._start + place


def _take_room(fd: int, start: int, size: int) -> None:
    """Take the room now, so that writing to memory cannot fail later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, start, size)
    else:
        missing = start + size - os.fstat(fd).st_size
        os.lseek(fd, 0, os.SEEK_END)
        write_all(fd, bytes(max(missing, 0)))


def _map(fd: int, start: int, size: int) -> mmap.mmap:
    if os.name == "nt":
        return mmap.mmap(fd, size, offset=start)
    # pages are made now and together: one by one, when first written, they cost ten times as much
    return mmap.mmap(fd, size, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0), offset=start)
