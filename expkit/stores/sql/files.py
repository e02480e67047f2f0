"""Bytes: kept once, known by their hash, in pieces that fit into memory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy import delete, insert, select, update

from expkit.errors import BlobNotFoundError, StoreError
from expkit.stores import rules
from expkit.stores.pieces import BlobsInPieces, PieceReader, opened
from expkit.stores.shown import naive
from expkit.stores.sql import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from expkit.stores.base import Blob
    from expkit.stores.sql.server import Server


class Blobs(BlobsInPieces[int]):
    """Keeps and finds bytes.

    Args:
        server: the database.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    def begin(self) -> int:
        """Insert a row without a name; its number."""
        row = {"size": 0, "time": naive(self._server.now())}

        def work(connection: Connection) -> int:
            key = connection.execute(insert(tables.blobs).values(row)).inserted_primary_key
            assert key is not None
            return int(key[0])

        return self._server.write(work)

    def add(self, upload: int, number: int, data: bytes) -> None:
        """Insert a piece."""
        row = {"blob": upload, "position": number}
        same = tables.pieces.c.blob == upload, tables.pieces.c.position == number

        def work(connection: Connection) -> None:
            if connection.scalar(select(tables.pieces.c.blob).where(*same)) is None:  # else sent before
                connection.execute(insert(tables.pieces), {**row, "data": data})

        self._server.write(work)

    def finish(self, upload: int, blob: Blob) -> None:
        """Give the row its name; who is second drops his own."""
        here = tables.blobs.c.number == upload

        def work(connection: Connection) -> bool:
            first = connection.scalar(select(tables.blobs.c.number).where(tables.blobs.c.sha256 == blob.sha256))
            if first is None:
                connection.execute(update(tables.blobs).where(here).values(sha256=blob.sha256, size=blob.size))
            return first in (None, upload)

        if not self._server.write(work):
            self.drop(upload)

    def drop(self, upload: int) -> None:
        """Remove what was sent, as far as the database lets us; sweeping finds the rest."""
        try:
            self._server.write(_removal(upload))
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
            raise rules.no_bytes(name, self._server.place.url)
        return opened(_Pieces(self._server, *found))

    def _find(self, name: str) -> tuple[int, int] | None:
        """Number and size of kept bytes."""
        if not rules.is_hash(name):
            return None
        wanted = select(tables.blobs.c.number, tables.blobs.c.size).where(tables.blobs.c.sha256 == name)

        def work(connection: Connection) -> tuple[int, int] | None:
            row = connection.execute(wanted).one_or_none()
            return None if row is None else (row.number, row.size)

        return self._server.read(work, lambda: None)

    def sweep(self, grace: float, named: Callable[[], set[str]], *, dry_run: bool = False) -> int:
        """Remove bytes that nobody names and that are old enough, and uploads that were broken off as long ago.

        Args:
            grace: seconds that they must be old.
            named: the hashes that records name; asked for once the old bytes are known.
            dry_run: remove nothing, and only say how many would go.

        Returns:
            How many files went.
        """
        before = naive(self._server.now() - timedelta(seconds=grace))
        old = select(tables.blobs.c.number, tables.blobs.c.sha256).where(tables.blobs.c.time <= before)

        def work(connection: Connection) -> list[Any]:
            return list(connection.execute(old))

        found = self._server.read(work, list)
        used = named() if found else set()
        unused = [row for row in found if row.sha256 not in used]
        for row in () if dry_run else unused:
            self._server.write(_removal(row.number))
        return sum(row.sha256 is not None for row in unused)


def _removal(number: int) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        connection.execute(delete(tables.blobs).where(tables.blobs.c.number == number))
        connection.execute(delete(tables.pieces).where(tables.pieces.c.blob == number))

    return work


class _Pieces(PieceReader):
    """The bytes of one number."""

    def __init__(self, server: Server, number: int, size: int) -> None:
        super().__init__(size)
        self._server = server
        self._number = number

    def fetch(self, number: int) -> bytes:
        columns = tables.pieces.c
        wanted = select(columns.data).where(columns.blob == self._number, columns.position == number)
        found = self._server.read(lambda connection: connection.scalar(wanted), lambda: None)
        if found is None:
            raise BlobNotFoundError(f"{self._server.place.url} has lost bytes of blob {self._number}")
        return bytes(found)
