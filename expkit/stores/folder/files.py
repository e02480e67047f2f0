"""Writing so that readers never meet half a file: aside and renamed, exclusively created, or appended."""

from __future__ import annotations

import itertools
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TOKEN = os.urandom(6).hex()
_COUNT = itertools.count()
_PATIENCE = 0.2


def fresh_name() -> str:
    """A file name that no other process on any machine uses."""
    return f"{_TOKEN}-{os.getpid()}-{next(_COUNT)}"


def replace(path: Path, data: bytes, scratch: Path, *, sync: bool = False) -> None:
    """Give ``path`` new content, whole or not at all.

    Args:
        path: the file; its folder exists.
        data: the content.
        scratch: folder on the same file system where the content is written first; made if missing.
        sync: whether to wait until the disk has it.
    """
    aside = os.path.join(scratch, fresh_name())
    try:
        _write(aside, data, sync)
    except FileNotFoundError:
        scratch.mkdir(parents=True, exist_ok=True)
        _write(aside, data, sync)
    try:
        move(aside, path)
    except BaseException:
        os.unlink(aside)
        raise


def move(source: str | Path, target: Path) -> None:
    """``os.replace``; where open files cannot be replaced (Windows), tried again for a moment."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if os.name != "nt" or time.monotonic() > end:
                raise
            time.sleep(0.005)


def create(path: Path, data: bytes) -> None:
    """Make a new file of a few bytes; of several processes at once exactly one succeeds.

    Raises:
        FileExistsError: it is there already.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def created(path: Path) -> bytes:
    """The content of a file that :func:`create` made; ``b""`` if there is none, or if its maker died at it."""
    end = time.monotonic() + _PATIENCE
    while not (data := read(path)) and os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.001)
    return data


def append(path: Path, data: bytes) -> None:
    """Add ``data`` to the end of the file, made if missing; after a torn line a new one is begun."""
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | BINARY, 0o666)
    try:
        if is_torn(fd):
            data = b"\n" + data
        write_all(fd, data)
    finally:
        os.close(fd)


def write_at(path: Path, offset: int, data: bytes) -> None:
    """Put ``data`` at an offset of a file, made if missing; doing it twice changes nothing."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | BINARY, 0o666)
    try:
        os.lseek(fd, offset, os.SEEK_SET)
        write_all(fd, data)
    finally:
        os.close(fd)


def is_torn(fd: int) -> bool:
    """Whether the file's last line has no end, because its writer died at it."""
    if not (size := os.fstat(fd).st_size):
        return False
    os.lseek(fd, size - 1, os.SEEK_SET)
    return os.read(fd, 1) != b"\n"


def write_all(fd: int, data: bytes) -> None:
    """``os.write``, to the last byte or to the error that says why not."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def read(path: str | Path, offset: int = 0, size: int = -1) -> bytes:
    """Bytes of a file from ``offset`` on; ``b""`` where there is no such file."""
    try:
        with open(path, "rb", buffering=0) as file:
            if offset:
                file.seek(offset)
            return file.read(size) or b""
    except (FileNotFoundError, NotADirectoryError):
        return b""


def size_of(path: str | Path) -> int:
    """Size in bytes, 0 where there is no such file."""
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def remove(path: str | Path) -> None:
    """Unlink a file, also a read-only one where that forbids it."""
    try:
        os.unlink(path)
    except PermissionError:
        os.chmod(path, 0o600)
        os.unlink(path)


def _write(path: str, data: bytes, sync: bool) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    try:
        write_all(fd, data)
        if sync:
            os.fsync(fd)
    except BaseException:
        os.close(fd)
        os.unlink(path)
        raise
    os.close(fd)


BINARY: int = getattr(os, "O_BINARY", 0)
