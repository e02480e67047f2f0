"""Room on the disk: what is held back for the end of records, and what files may not take."""

from __future__ import annotations

import errno
import os

from expkit.stores.disk import files

SIZE = 1 << 20
"""Bytes that a reserve holds back; on small disks a twentieth of them."""

_PART = 1 << 16

MARGIN = 1 << 25
"""Bytes that kept files leave free for output and metrics; on small disks it is a tenth of them."""

_FULL = frozenset(
    number for name in ("ENOSPC", "EDQUOT", "EFBIG") if (number := getattr(errno, name, None)) is not None
)


class Reserve:
    """A file of which nobody needs the content: when the disk is full it goes, and what matters more gets its place.

    It frees an inode, too, where those have run out.

    Args:
        path: the file; its folder exists when :meth:`make` is called.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def make(self) -> None:
        """Hold room back, where there is enough of it."""
        if os.path.exists(self._path):
            return
        try:
            size = _share(os.path.dirname(self._path))
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | files.BINARY, 0o666)
        except OSError:  # full already, or another process makes it
            return
        try:
            _fill(fd, size)
        except OSError:
            self.release()
        finally:
            os.close(fd)

    def lend(self) -> None:
        """Give up a small part of it, for a line that cannot wait."""
        try:
            os.truncate(self._path, max(0, os.path.getsize(self._path) - _PART))
        except OSError:  # it is used up
            pass

    def release(self) -> None:
        """Give the room to whoever is quick."""
        try:
            os.unlink(self._path)
        except OSError:  # somebody else did
            pass


def is_full(error: BaseException) -> bool:
    """Whether the error says that a disk, a quota, or the number of its files is used up."""
    return isinstance(error, OSError) and error.errno in _FULL


def check_room(folder: str, size: int) -> None:
    """Refuse ``size`` bytes of a file to keep, if too little would be left for what is smaller and matters more.

    Raises:
        OSError: ``ENOSPC``, with a sentence.
    """
    if (disk := _disk(folder)) is None:  # writing will show
        return
    least = min(MARGIN, disk.f_blocks * disk.f_frsize // 10)
    if disk.f_bavail * disk.f_frsize - size < least:
        raise OSError(errno.ENOSPC, f"the disk is almost full, and its last {least >> 10:,} KB are for records")


def _share(folder: str) -> int:
    """How much may be held back.

    Raises:
        OSError: nothing, so full is the disk.
    """
    check_room(folder, SIZE)
    disk = _disk(folder)
    return SIZE if disk is None else min(SIZE, disk.f_blocks * disk.f_frsize // 20)


def _disk(folder: str) -> os.statvfs_result | None:
    """What the system says of the disk; None where it says nothing of use."""
    try:
        disk = os.statvfs(folder)
    except (OSError, AttributeError):
        return None
    return disk if disk.f_blocks else None


def _fill(fd: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
    else:
        files.write_all(fd, bytes(size))
