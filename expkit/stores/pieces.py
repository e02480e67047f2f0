"""Bytes in databases: kept once, known by their hash, sent and fetched in pieces that fit into memory."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, TypeVar, cast

from expkit.stores.base import Blob

if TYPE_CHECKING:
    from collections.abc import Iterator

FRESH = timedelta(hours=1)
"""Bytes that were used so lately count as new; what is used again and again need not be noted each time."""

PIECE = 1 << 20
"""Bytes in one piece; the last one of a file may be shorter."""

_U = TypeVar("_U")


class BlobsInPieces(ABC, Generic[_U]):
    """Keeps bytes by their hash; a backend says how an upload begins, grows, ends and is given up."""

    def put(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes; those that are here already are not sent, where that can be known beforehand."""
        if isinstance(source, Path):
            with source.open("rb") as file:
                known = self._here(_hashed(file))
                file.seek(0)
                return known or self._send(file)
        if isinstance(source, bytes):
            return self._here(Blob(sha256(source).hexdigest(), len(source))) or self._send(io.BytesIO(source))
        return self._send(source)

    def _here(self, blob: Blob) -> Blob | None:
        return blob if self.has(blob.sha256) else None

    def _send(self, source: BinaryIO) -> Blob:
        """Send bytes while they are hashed. Nobody finds them before the last of them is there."""
        upload = self.begin()
        try:
            digest, size = sha256(), 0
            for number, data in enumerate(_pieces(source)):
                digest.update(data)
                size += len(data)
                self.add(upload, number, data)
        except BaseException:
            self.drop(upload)
            raise
        blob = Blob(digest.hexdigest(), size)
        # Outside: where no answer comes the name may be given all the same, later, and must not be one without bytes.
        self.finish(upload, blob)
        return blob

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether the bytes are here; they count as new then, so that no sweep takes them before a record names them."""

    @abstractmethod
    def begin(self) -> _U:
        """Begin an upload."""

    @abstractmethod
    def add(self, upload: _U, number: int, data: bytes) -> None:
        """Send a piece; nothing happens where it was sent before."""

    @abstractmethod
    def finish(self, upload: _U, blob: Blob) -> None:
        """Give the bytes their name; who is second with the same drops his own."""

    @abstractmethod
    def drop(self, upload: _U) -> None:
        """Remove what was sent, as far as the server lets us; sweeping finds the rest."""


class PieceReader(io.RawIOBase):
    """Kept bytes, fetched piece by piece: each is a question of its own, so a lost connection loses nothing.

    Args:
        size: of all bytes.
        piece: bytes in one piece.
    """

    def __init__(self, size: int, piece: int = PIECE) -> None:
        self._size = size
        self._piece = piece
        self._place = 0
        self._fetched = (-1, b"")

    def fetch(self, number: int) -> bytes:
        """One piece.

        Raises:
            BlobNotFoundError: it is not here.
        """
        raise NotImplementedError

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another place; see :class:`io.RawIOBase`."""
        self._place = max(0, (0, self._place, self._size)[whence] + offset)
        return self._place

    def tell(self) -> int:
        """Where the next read begins."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; see :class:`io.RawIOBase`."""
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        if self._place >= self._size:
            return b""
        number, start = divmod(self._place, self._piece)
        if self._fetched[0] != number:
            self._fetched = (number, self.fetch(number))
        data = self._fetched[1][start : start + size]
        self._place += len(data)
        return data


def opened(reader: PieceReader) -> BinaryIO:
    """Kept bytes as a file."""
    return cast("BinaryIO", io.BufferedReader(reader, PIECE))


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    """All bytes of a source, which may give fewer than it is asked for."""
    rest = b""
    while data := source.read(PIECE - len(rest)):
        rest += data
        if len(rest) == PIECE:
            yield rest
            rest = b""
    if rest:
        yield rest


def _hashed(file: BinaryIO) -> Blob:
    """Hash and size of the rest of an open file."""
    digest, size = sha256(), 0
    while data := file.read(PIECE):
        digest.update(data)
        size += len(data)
    return Blob(digest.hexdigest(), size)
