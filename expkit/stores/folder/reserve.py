"""Room on the disk: what is held back for the end of records, and what files may not take."""

from __future__ import annotations

import errno
import os

from expkit.stores.folder import files

SIZE = 1 << 20
"""Bytes that a store holds back."""

MARGIN = 1 << 25
"""Bytes that kept files leave free for output and metrics; on small disks it is a tenth of them."""

_FULL = frozenset(
    number for name in ("ENOSPC", "EDQUOT", "EFBIG") if (number := getattr(errno, name, None)) is not None
)


class Reserve:
    """A file of which nobody needs the content: when the disk is full it goes, and what ends a run gets its place.

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
            check_room(os.path.dirname(self._path), SIZE)
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | files.BINARY, 0o666)
        except OSError:  # full already, or another process makes it
            return
        try:
            _fill(fd)
        except OSError:
            self.release()
        finally:
            os.close(fd)

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
    try:
        disk = os.statvfs(folder)
    except (OSError, AttributeError):  # nobody can say: writing will show
        return
    least = min(MARGIN, disk.f_blocks * disk.f_frsize // 10)
    if disk.f_blocks and disk.f_bavail * disk.f_frsize - size < least:
        raise OSError(errno.ENOSPC, f"the disk is almost full, and its last {least >> 10:,} KB are for records")


def _fill(fd: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, SIZE)
    else:
        files.write_all(fd, bytes(SIZE))
