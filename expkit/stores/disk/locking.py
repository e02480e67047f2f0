"""One writer at a time, among threads and processes: :func:`locked`, and :func:`alone` where nothing can be locked."""

from __future__ import annotations

import errno
import os
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.record.wire import lease_from_json, lease_to_json
from expkit.stores.disk import files, text
from expkit.stores.holder import alive, this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 60.0
"""Seconds to wait for others. One write takes milliseconds, so this is much longer than a queue of honest writers."""

_BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_SHORTEST, _LONGEST = 0.001, 0.02


class NoLocksError(StoreError):
    """The file system knows no locks."""


@contextmanager
def locked(path: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock that the file at ``path`` stands for; the system frees it when a process dies.

    Args:
        path: the file, made if missing; its folder exists.
        patience: seconds to wait for whoever holds it.

    Raises:
        StoreError: somebody holds it all that time.
        NoLocksError: this file system knows no locks.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | files.BINARY, 0o666)
    try:
        _wait(lambda: _take(fd, path), path, patience)
        try:
            yield
        finally:
            _free(fd)  # by name: a forked child may hold a copy of the descriptor
    finally:
        os.close(fd)


@contextmanager
def alone(path: str, patience: float = PATIENCE) -> Iterator[None]:
    """The same on any file system: without locks, a file that only one process can make stands for the right to write.

    One that a killed process has left is removed by those who can know that it is dead: the others of its machine.

    Raises:
        StoreError: somebody holds it all that time.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, patience))
        except NoLocksError:
            stack.enter_context(_claimed(f"{path}.held", patience))
        yield


@contextmanager
def _claimed(path: str, patience: float) -> Iterator[None]:
    _wait(lambda: _claim(path), path, patience)
    try:
        yield
    finally:
        files.remove(path)


def _claim(path: str) -> bool:
    try:
        files.write_new(path, text.line(lease_to_json(this_process(0))))
    except FileExistsError:
        if _is_left(path):
            with suppress(FileNotFoundError):  # somebody else was faster
                files.remove(path)
        return False
    return True


def _is_left(path: str) -> bool:
    try:
        return alive(lease_from_json(text.parsed(files.created(path)))) is False
    except (OSError, ValueError):  # it has just been removed
        return False


def _wait(take: Callable[[], bool], path: str, patience: float) -> None:
    end, pause = time.monotonic() + patience, _SHORTEST
    while not take():
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
        raise NoLocksError(
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
