"""Bytes: kept once, known by their hash, in pieces that fit into memory."""

from __future__ import annotations

import io
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from sqlalchemy import delete, insert, select, update

from expkit.errors import BlobNotFoundError, StoreError
from expkit.stores.base import Blob
from expkit.stores.sql import readable, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from expkit.stores.sql.server import Server

CHUNK = 1 << 20
"""Bytes in one piece."""

_HASH = 64


class Blobs:
    """Keeps and finds bytes.

    Args:
        server: the database.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    def put(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes; those that are here already are not sent, where that can be known beforehand."""
        if isinstance(source, Path):
            with source.open("rb") as file:
                known = self._here(_hashed(file))
                file.seek(0)
                return known or self._send(cast("BinaryIO", file))
        if isinstance(source, bytes):
            return self._here(Blob(sha256(source).hexdigest(), len(source))) or self._send(io.BytesIO(source))
        return self._send(source)

    def _here(self, blob: Blob) -> Blob | None:
        return blob if self.has(blob.sha256) else None

    def _send(self, source: BinaryIO) -> Blob:
        """Send bytes while they are hashed. Nobody finds them before the last of them is there."""
        number = self._begin()
        try:
            digest, size = sha256(), 0
            for position, data in enumerate(_chunks(source)):
                digest.update(data)
                size += len(data)
                self._add(number, position, data)
            blob = Blob(digest.hexdigest(), size)
            self._finish(number, blob)
        except BaseException:
            self._drop(number)
            raise
        return blob

    def _begin(self) -> int:
        row = {"size": 0, "time": readable.time(self._server.now())}

        def work(connection: Connection) -> int:
            key = connection.execute(insert(tables.blobs).values(row)).inserted_primary_key
            assert key is not None
            return int(key[0])

        return self._server.write(work)

    def _add(self, number: int, position: int, data: bytes) -> None:
        row = {"blob": number, "position": position}
        same = tables.pieces.c.blob == number, tables.pieces.c.position == position

        def work(connection: Connection) -> None:
            if connection.scalar(select(tables.pieces.c.blob).where(*same)) is None:  # else sent before
                connection.execute(insert(tables.pieces), {**row, "data": data})

        self._server.write(work)

    def _finish(self, number: int, blob: Blob) -> None:
        """Give the bytes their name; who is second drops his own."""
        here = tables.blobs.c.number == number

        def work(connection: Connection) -> bool:
            first = connection.scalar(select(tables.blobs.c.number).where(tables.blobs.c.sha256 == blob.sha256))
            if first is None:
                connection.execute(update(tables.blobs).where(here).values(sha256=blob.sha256, size=blob.size))
            return first in (None, number)

        if not self._server.write(work):
            self._drop(number)

    def _drop(self, number: int) -> None:
        """Remove what was sent, as far as the database lets us; sweeping finds the rest."""
        try:
            self._server.write(_removal(number))
        except StoreError:
            pass

    def has(self, name: str) -> bool:
        """Whether the bytes are here."""
        return self._find(name) is not None

    def open(self, name: str) -> BinaryIO:
        """The bytes, for reading.

        Raises:
            BlobNotFoundError: they are not here.
        """
        found = self._find(name)
        if found is None:
            raise BlobNotFoundError(f"{self._server.place.url} has no bytes with the sha256 {name}")
        return cast("BinaryIO", io.BufferedReader(_Pieces(self._server, *found), CHUNK))

    def _find(self, name: str) -> tuple[int, int] | None:
        """Number and size of kept bytes."""
        if len(name) != _HASH or not set(name) <= set("0123456789abcdef"):
            return None
        wanted = select(tables.blobs.c.number, tables.blobs.c.size).where(tables.blobs.c.sha256 == name)

        def work(connection: Connection) -> tuple[int, int] | None:
            row = connection.execute(wanted).one_or_none()
            return None if row is None else (row.number, row.size)

        return self._server.read(work, lambda: None)

    def sweep(self, grace: float, named: Callable[[], set[str]]) -> int:
        """Remove bytes that nobody names and that are old enough, and uploads that were broken off as long ago.

        Args:
            grace: seconds that they must be old.
            named: the hashes that records name; asked for once the old bytes are known.

        Returns:
            How many files went.
        """
        before = readable.time(self._server.now() - timedelta(seconds=grace))
        old = select(tables.blobs.c.number, tables.blobs.c.sha256).where(tables.blobs.c.time <= before)

        def work(connection: Connection) -> list[Any]:
            return list(connection.execute(old))

        found = self._server.read(work, list)
        used = named() if found else set()
        unused = [row for row in found if row.sha256 not in used]
        for row in unused:
            self._server.write(_removal(row.number))
        return sum(row.sha256 is not None for row in unused)


def _removal(number: int) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        connection.execute(delete(tables.blobs).where(tables.blobs.c.number == number))
        connection.execute(delete(tables.pieces).where(tables.pieces.c.blob == number))

    return work


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    """All bytes of a source, in chunks of one size; the last one may be shorter."""
    rest = b""
    while data := source.read(CHUNK - len(rest)):
        rest += data
        if len(rest) == CHUNK:
            yield rest
            rest = b""
    if rest:
        yield rest


def _hashed(file: BinaryIO) -> Blob:
    """Hash and size of the rest of an open file."""
    digest, size = sha256(), 0
    while data := file.read(CHUNK):
        digest.update(data)
        size += len(data)
    return Blob(digest.hexdigest(), size)


class _Pieces(io.RawIOBase):
    """Kept bytes, fetched piece by piece: each is a transaction of its own, so a lost connection loses nothing."""

    def __init__(self, server: Server, number: int, size: int) -> None:
        self._server = server
        self._number = number
        self._size = size
        self._place = 0
        self._piece = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = max(0, (0, self._place, self._size)[whence] + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        if self._place >= self._size:
            return b""
        position, start = divmod(self._place, CHUNK)
        data = self._piece_at(position)[start : start + size]
        self._place += len(data)
        return data

    def _piece_at(self, position: int) -> bytes:
        if self._piece[0] != position:
            columns = tables.pieces.c
            wanted = select(columns.data).where(columns.blob == self._number, columns.position == position)
            found = self._server.read(lambda connection: connection.scalar(wanted), lambda: None)
            if found is None:
                raise BlobNotFoundError(f"{self._server.place.url} has lost bytes of blob {self._number}")
            self._piece = (position, bytes(found))
        return self._piece[1]
