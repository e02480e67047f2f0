"""Files that stay open while a run lasts: :class:`HeldFile`.

Daemons close every descriptor there is, and from then on our number may be that of a file of the user's. So nothing
is done with a number before it is clear whose it is.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from expkit.stores.disk.files import BINARY

if TYPE_CHECKING:
    import mmap


class Held:
    """A descriptor of ours.

    Args:
        fd: its number, from now on this object's to close.
    """

    def __init__(self, fd: int) -> None:
        self.number = fd
        self._identity = _identity(fd)

    @property
    def is_ours(self) -> bool:
        """Whether the number still stands for what it stood for."""
        try:
            return self.number >= 0 and _identity(self.number) == self._identity
        except OSError:
            return False

    def raise_number(self) -> None:
        """Take a high number, which no file will have that is opened when ours has been closed: for C code, who never asks."""
        try:
            high = next(number for number in range(_HIGH, 2 * _HIGH) if not _is_open(number))
            os.dup2(self.number, high, inheritable=False)
        except (OSError, StopIteration):  # so many numbers are not allowed
            return
        os.close(self.number)
        self.number = high

    def close(self) -> None:
        """Let go of it, if it is ours; once is enough."""
        if self.is_ours:
            os.close(self.number)
        self.number = -1


class HeldFile(Held):
    """A file of ours that stays open.

    Args:
        path: made if missing.
        flags: of ``os.open``, beside those that make it.
    """

    def __init__(self, path: str, flags: int) -> None:
        self._path = os.path.abspath(path)
        self._flags = flags | BINARY
        super().__init__(os.open(self._path, self._flags | os.O_CREAT, 0o666))

    def fd(self) -> int:
        """Its descriptor, opened anew where somebody has closed it.

        Raises:
            OSError: the file is gone.
        """
        if not self.is_ours:
            again = Held(os.open(self._path, self._flags))
            if again._identity != self._identity:
                again.close()
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), self._path)
            self.number = again.number
        return self.number

    def truncate(self, size: int) -> None:
        """Cut the file.

        Raises:
            OSError: the file is gone.
        """
        os.ftruncate(self.fd(), size)

    def close_map(self, window: mmap.mmap) -> None:
        """Close a part of the file in memory; Python keeps a descriptor with it that may be another file's by now."""
        if window.closed:
            return
        try:
            is_ours = window.size() == os.fstat(self.fd()).st_size  # the first asks that descriptor
        except (OSError, ValueError):
            is_ours = False
        if is_ours:
            window.close()
        else:
            _never_close(window)


_HIGH = 600


def _never_close(window: mmap.mmap) -> None:
    """Python closes the number with the object, so the object stays."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(window))


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _identity(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino
