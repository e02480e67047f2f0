"""One writer at a time, among threads and processes: :func:`locked`."""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.stores.disk.files import BINARY

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0
"""Seconds to wait for others. One write takes milliseconds, so this is much longer than a queue of honest writers."""

_BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_SHORTEST, _LONGEST = 0.001, 0.02


@contextmanager
def locked(path: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock that the file at ``path`` stands for; the system frees it when a process dies.

    Args:
        path: the file, made if missing; its folder exists.
        patience: seconds to wait for whoever holds it.

    Raises:
        StoreError: somebody holds it all that time, or this file system knows no locks.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | BINARY, 0o666)
    try:
        _wait(fd, path, patience)
        try:
            yield
        finally:
            _free(fd)  # by name: a forked child may hold a copy of the descriptor
    finally:
        os.close(fd)


def _wait(fd: int, path: str, patience: float) -> None:
    end, pause = time.monotonic() + patience, _SHORTEST
    while not _take(fd, path):
        if time.monotonic() > end:
            raise StoreError(f"another process has held the lock {path} for {patience:g} s; is it stopped?")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)


def _take(fd: int, path: str) -> bool:
    try:
        _try(fd)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise StoreError(
            f"{path} cannot be locked ({error.strerror}); this file system cannot hold a database"
        ) from error
    return True


if os.name == "nt":
    import msvcrt

    def _try(fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]

    def _free(fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _try(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _free(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)
