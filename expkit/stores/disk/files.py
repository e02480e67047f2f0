"""Writing so that readers never meet half a file: aside and renamed, exclusively created, or appended."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import time

_TOKEN = os.urandom(6).hex()
_COUNT = itertools.count()
_PATIENCE = 0.2


def fresh_name() -> str:
    """A file name that no other process on any machine uses."""
    return f"{_TOKEN}-{os.getpid()}-{next(_COUNT)}"


def replace(path: str, data: bytes, scratch: str) -> None:
    """Give ``path`` new content, whole or not at all.

    Args:
        path: the file; its folder exists.
        data: the content.
        scratch: folder on the same file system where the content is written first; made if missing.
    """
    aside = f"{scratch}/{fresh_name()}"
    try:
        write_new(aside, data)
    except FileNotFoundError:
        os.makedirs(scratch, exist_ok=True)
        write_new(aside, data)
    try:
        move(aside, path)
    except BaseException:
        os.unlink(aside)
        raise


def move(source: str, target: str) -> None:
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


def write_new(path: str, data: bytes) -> None:
    """Make a new file; of several processes at once exactly one succeeds, and readers may meet it empty.

    Raises:
        FileExistsError: it is there already.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    try:
        write_all(fd, data)
    except BaseException:
        os.close(fd)
        os.unlink(path)
        raise
    os.close(fd)


def created(path: str) -> bytes:
    """The content of a file that :func:`write_new` made; ``b""`` if there is none, or if its maker died at it."""
    end = 0.0
    while not (data := read(path)) and os.path.exists(path):
        end = end or time.monotonic() + _PATIENCE
        if time.monotonic() > end:
            break
        time.sleep(0.001)
    return data


def append(path: str, data: bytes) -> None:
    """Add ``data`` to the end of the file, made if missing; after a torn line a new one is begun."""
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | BINARY, 0o666)
    try:
        if is_torn(fd):
            data = b"\n" + data
        write_all(fd, data)
    finally:
        os.close(fd)


def write_at(path: str, offset: int, data: bytes) -> None:
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


def read(path: str, offset: int = 0, size: int | None = None) -> bytes:
    """Bytes of a file from ``offset`` on; ``b""`` where there is no such file.

    Raises:
        OSError: it cannot be read, or is no file: a pipe, say, in which nobody may ever write.
    """
    return find(path, offset, size) or b""


def find(path: str, offset: int = 0, size: int | None = None) -> bytes | None:
    """The same, but None where there is no such file: an empty one is another thing.

    Raises:
        OSError: see :func:`read`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | _AT_ONCE | BINARY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "this is no file", path)
        if offset:
            os.lseek(fd, offset, os.SEEK_SET)
        return _read_all(fd, max(0, os.fstat(fd).st_size - offset) if size is None else size)
    finally:
        os.close(fd)


def size_of(path: str) -> int:
    """Size in bytes, 0 where there is no such file."""
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def entries(folder: str) -> list[str]:
    """Paths of what lies in a folder; nothing where there is no such folder."""
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def remove(path: str) -> None:
    """Unlink a file, also a read-only one where that forbids it."""
    try:
        os.unlink(path)
    except PermissionError:
        os.chmod(path, 0o600)
        os.unlink(path)


def throw_away(folder: str, trash: str) -> None:
    """Move a folder into another one, where ``sweep`` finds it; one that is not there is no error."""
    if not os.path.isdir(folder):
        return
    os.makedirs(trash, exist_ok=True)
    os.utime(folder)  # the grace period counts from now
    os.rename(folder, f"{trash}/{os.path.basename(folder)}.{fresh_name()}")


def _read_all(fd: int, size: int) -> bytes:
    """Up to ``size`` bytes; one call of the system gives at most two gigabytes."""
    data = os.read(fd, size)
    if len(data) == size or not data:
        return data
    parts = [data]
    while data and (size := size - len(data)):
        data = os.read(fd, size)
        parts.append(data)
    return b"".join(parts)


BINARY: int = getattr(os, "O_BINARY", 0)
_AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)
