"""Bytes under their sha256: hashed first, sent only if they are not there yet, in constant memory."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from expkit.errors import StoreError
from expkit.stores import rules
from expkit.stores.answers import Blob
from expkit.stores.remote import layout
from expkit.stores.remote.drivers import PART

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.remote.media import Media

_TRIES = 3


class Blobs:
    """The bytes of one store.

    Args:
        media: where.
    """

    def __init__(self, media: Media) -> None:
        self._media = media

    def put(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes under their hash.

        Raises:
            StoreError: the file changes faster than it can be read.
        """
        if isinstance(source, bytes):
            return self._put_file(io.BytesIO(source))
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self._put_file(file)
        if _can_go_back(source):
            return self._put_file(source)
        return self._put_spooled(source)

    def _put_spooled(self, source: BinaryIO) -> Blob:
        from tempfile import TemporaryFile

        with TemporaryFile() as aside:
            while data := source.read(PART):
                aside.write(data)
            aside.seek(0)
            return self._put_file(cast("BinaryIO", aside))

    def _put_file(self, file: BinaryIO) -> Blob:
        begin = file.tell()
        for _ in range(_TRIES):
            file.seek(begin)
            sha256, size = _hashed(file)
            name = layout.blob(sha256)
            if self._media.renew(name) == size:
                return Blob(sha256, size)
            file.seek(begin)
            try:
                self._send(file, name, sha256, size)
            except _ChangedError:  # between our two looks
                continue
            return Blob(sha256, size)
        raise StoreError("a file changes faster than it can be read, and is not kept")

    def _send(self, file: BinaryIO, name: str, sha256: str, size: int) -> None:
        if size > PART:
            self._media.upload(name, _checked(file, sha256, self._media.step))
        else:
            self._media.put(name, b"".join(_checked(file, sha256, PART)))

    def has(self, sha256: str) -> bool:
        """Whether the bytes are here; they count as new then."""
        return rules.is_hash(sha256) and self._media.renew(layout.blob(sha256)) is not None

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, for reading, fetched as they are read."""
        size = self._media.size(layout.blob(sha256)) if rules.is_hash(sha256) else None
        if size is None:
            raise rules.no_bytes(sha256, self._media.place.url)
        return io.BufferedReader(_Fetched(self._media, layout.blob(sha256), size), PART)


class _Fetched(io.RawIOBase):
    """An object, part by part."""

    def __init__(self, media: Media, name: str, size: int) -> None:
        super().__init__()
        self._media = media
        self._name = name
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = max(0, offset + (0, self._place, self._size)[whence])
        return self._place

    def readinto(self, buffer: Any) -> int:
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        """What is left; that of the base class asks for 8 KiB at a time."""
        return b"".join(iter(lambda: self._next(PART), b""))

    def _next(self, size: int) -> bytes:
        end = min(self._size, self._place + size)
        if end <= self._place:
            return b""
        data = self._media.get(self._name, self._place, end)
        self._place += len(data)
        return data


class _ChangedError(Exception):
    """The bytes are others than a moment ago."""


def _can_go_back(source: Any) -> bool:
    """Whether a stream can be read twice."""
    try:
        source.seek(source.tell())
    except Exception:  # pipes, sockets, whatever people give
        return False
    return True


def _hashed(file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while data := file.read(PART):
        digest.update(data)
        size += len(data)
    return digest.hexdigest(), size


def _checked(file: BinaryIO, sha256: str, step: int) -> Iterator[bytes]:
    """The bytes of a file, which must be those that were hashed."""
    digest = hashlib.sha256()
    while data := file.read(step):
        digest.update(data)
        yield data
    if digest.hexdigest() != sha256:
        raise _ChangedError
