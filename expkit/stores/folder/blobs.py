"""Bytes by their hash, and the places that show them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from expkit.errors import BlobNotFoundError
from expkit.stores.folder import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from expkit.stores.folder.layout import StoreLayout

_CHUNK = 1 << 20
_FICLONE = 0x40049409


class Stored(NamedTuple):
    """What is known about kept bytes: hex digests (``md5`` only if it was asked for) and size in bytes."""

    sha256: str
    md5: str
    size: int


class Blobs:
    """The bytes of a store: each once, read-only, named by sha256."""

    def __init__(self, layout: StoreLayout) -> None:
        self._layout = layout
        self._reflinks = True

    def put(self, source: Path | bytes | BinaryIO, *, md5: bool = False) -> Stored:
        """Keep bytes. Memory use is bounded; bytes that are here already are not written again."""
        if isinstance(source, (bytes, bytearray, memoryview)):
            return self._put_bytes(bytes(source), md5)
        if isinstance(source, os.PathLike):
            return self._put_file(source, md5)
        return self._put_stream(source, md5)

    def has(self, sha256: str) -> bool:
        """Whether the bytes are here; if so they count as used just now, so no sweep takes them."""
        path = self._layout.blob(sha256)
        try:
            os.utime(path)
        except OSError:  # not there, or nothing may be touched
            return os.path.exists(path)
        return True

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, for reading.

        Raises:
            BlobNotFoundError: they are not here.
        """
        try:
            return open(self._layout.blob(sha256), "rb")
        except OSError as error:
            raise BlobNotFoundError(f"no bytes with sha256 {sha256} in {self._layout.root}") from error

    def show(self, sha256: str, target: str) -> None:
        """Let the bytes appear at ``target``, taking no second space where the file system can do that."""
        os.makedirs(os.path.dirname(target), exist_ok=True)
        blob = self._layout.blob(sha256)
        if self._reflinks:
            self._reflinks = _place(_reflink, blob, target)
        if not self._reflinks and not any(_place(way, blob, target) for way in (_hard_link, _symlink)):
            _place(_copy, blob, target)

    def all(self) -> Iterator[str]:
        """The files of all blobs."""
        for folder in files.entries(self._layout.blobs):
            yield from files.entries(folder)

    def _put_bytes(self, data: bytes, md5: bool) -> Stored:
        stored = _digests([data], md5)
        if not self.has(stored.sha256):
            fd, aside = self._aside()
            with open(fd, "wb", buffering=0) as file:
                files.write_all(file.fileno(), data)
            self._adopt(aside, stored)
        return stored

    def _put_file(self, path: os.PathLike[str], md5: bool) -> Stored:
        before = os.stat(path)
        if before.st_size <= _CHUNK:
            with open(path, "rb") as file:
                return self._put_bytes(file.read(), md5) if before.st_size else self._put_stream(file, md5)
        stored = _digests(_chunks_of(path), md5)
        if self.has(stored.sha256):
            return stored
        fd, aside = self._aside()
        os.close(fd)
        _copy_bytes(path, aside)
        if _identity(os.stat(path)) != _identity(before):  # changed meanwhile: what was copied counts
            stored = _digests(_chunks_of(aside), md5)
        self._adopt(aside, stored)
        return stored

    def _put_stream(self, source: BinaryIO, md5: bool) -> Stored:
        fd, aside = self._aside()
        with open(fd, "wb") as file:
            stored = _digests(_tee(source, file), md5)
        if self.has(stored.sha256):
            files.remove(aside)
        else:
            self._adopt(aside, stored)
        return stored

    def _aside(self) -> tuple[int, str]:
        aside = f"{self._layout.scratch}/{files.fresh_name()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | files.BINARY
        try:
            return os.open(aside, flags, 0o644), aside
        except FileNotFoundError:
            os.makedirs(self._layout.scratch, exist_ok=True)
            return os.open(aside, flags, 0o644), aside

    def _adopt(self, aside: str, stored: Stored) -> None:
        os.chmod(aside, 0o444)  # a link to it must not be the way to change it
        path = self._layout.blob(stored.sha256)
        try:
            files.move(aside, path)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            files.move(aside, path)


def _digests(chunks: Iterable[bytes], md5: bool) -> Stored:
    import hashlib

    digests = [hashlib.sha256()] + [hashlib.md5(usedforsecurity=False)] * md5
    size = 0
    for chunk in chunks:
        size += len(chunk)
        for digest in digests:
            digest.update(chunk)
    names = [digest.hexdigest() for digest in digests]
    return Stored(names[0], names[1] if md5 else "", size)


def _chunks_of(path: str | os.PathLike[str]) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _tee(source: BinaryIO, target: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        target.write(chunk)
        yield chunk


def _identity(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _place(way: Callable[[str, str], None], blob: str, target: str) -> bool:
    """Make ``target`` show ``blob`` in one ``way``; false where the file system cannot do it."""
    try:
        way(blob, target)
    except FileExistsError:
        return _is_same(blob, target) or _place_over(way, blob, target)
    except (OSError, AttributeError, ImportError):
        return False
    return True


def _place_over(way: Callable[[str, str], None], blob: str, target: str) -> bool:
    aside = f"{os.path.dirname(target)}/.{files.fresh_name()}"
    if not _place(way, blob, aside):
        return False
    files.move(aside, target)
    return True


def _is_same(blob: str, target: str) -> bool:
    try:
        return os.path.samefile(blob, target)
    except OSError:  # a link whose target is gone
        return False


def _reflink(blob: str, target: str) -> None:
    import fcntl

    with open(blob, "rb") as source, open(target, "xb") as clone:
        try:
            fcntl.ioctl(clone.fileno(), _FICLONE, source.fileno())
        except OSError:
            os.unlink(target)
            raise


def _hard_link(blob: str, target: str) -> None:
    os.link(blob, target)


def _symlink(blob: str, target: str) -> None:
    os.symlink(os.path.relpath(os.path.realpath(blob), os.path.realpath(os.path.dirname(target))), target)


def _copy(blob: str, target: str) -> None:
    if os.path.lexists(target):
        raise FileExistsError(target)
    _copy_bytes(blob, target)


def _copy_bytes(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    import shutil  # knows the fastest way of each system, and is loaded for large files only

    shutil.copyfile(source, target)
