"""Bytes: kept once, known by their hash, in pieces that fit into memory."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy import delete, func, insert, select, update

from expkit.errors import BlobNotFoundError, StoreError
from expkit.stores import rules
from expkit.stores.pieces import FRESH, PIECE, BlobsInPieces, PieceReader, opened
from expkit.stores.shown import naive
from expkit.stores.sql import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Connection

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
        """Insert a row without a name; its number, which is no other upload's in any database.

        A file may be replaced by another one during an upload: numbers that were counted would go on in a stranger's row.
        """
        number = secrets.randbits(62)
        row = {"number": number, "size": 0, "time": naive(self._server.now())}

        def work(connection: Connection) -> None:
            if connection.scalar(select(tables.blobs.c.number).where(tables.blobs.c.number == number)) is None:
                connection.execute(insert(tables.blobs).values(row))

        self._server.write(work)
        return number

    def add(self, upload: int, number: int, data: bytes) -> None:
        """Insert a piece."""
        row = {"blob": upload, "position": number}
        same = tables.pieces.c.blob == upload, tables.pieces.c.position == number

        def work(connection: Connection) -> None:
            if connection.scalar(select(tables.pieces.c.blob).where(*same)) is None:  # else sent before
                connection.execute(insert(tables.pieces), {**row, "data": data})

        self._server.write(work)

    def finish(self, upload: int, blob: Blob) -> None:
        """Give the row its name; who is second drops his own.

        Raises:
            StoreError: what was sent is not here, or not all of it.
        """
        here = tables.blobs.c.number == upload
        sent = select(func.count()).select_from(tables.pieces).where(tables.pieces.c.blob == upload)

        def work(connection: Connection) -> bool:
            first = connection.scalar(select(tables.blobs.c.number).where(tables.blobs.c.sha256 == blob.sha256))
            if first is None:
                named = update(tables.blobs).where(here).values(sha256=blob.sha256, size=blob.size)
                if connection.execute(named).rowcount == 0 or connection.scalar(sent) != -(-blob.size // PIECE):
                    raise StoreError(f"{self._server.place.url} was replaced while bytes were sent to it")
            elif first != upload:
                self._renew(connection, blob.sha256)
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
        """Whether the bytes are here; they count as new then."""
        found = self._find(name)
        if found is None or found.time > naive(self._server.now() - FRESH):
            return found is not None
        try:
            return self._server.write(lambda connection: self._renew(connection, name))
        except StoreError:  # it may only be read, say
            return True

    def _renew(self, connection: Connection, name: str) -> bool:
        renewal = update(tables.blobs).where(tables.blobs.c.sha256 == name)
        return connection.execute(renewal.values(time=naive(self._server.now()))).rowcount > 0

    def open(self, name: str) -> BinaryIO:
        """The bytes, for reading.

        Raises:
            BlobNotFoundError: they are not here.
        """
        found = self._find(name)
        if found is None:
            raise rules.no_bytes(name, self._server.place.url)
        return opened(_Pieces(self._server, found.number, found.size))

    def _find(self, name: str) -> Any:
        """The row of kept bytes: number, size and time; None where they are not here."""
        if not rules.is_hash(name):
            return None
        columns = tables.blobs.c
        wanted = select(columns.number, columns.size, columns.time).where(columns.sha256 == name)

        def work(connection: Connection) -> Any:
            return connection.execute(wanted).one_or_none()

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
        if not dry_run:  # those that somebody has just put once more stay
            unused = [row for row in unused if self._server.write(_removal(row.number, tables.blobs.c.time <= before))]
        return sum(row.sha256 is not None for row in unused)


def _removal(number: int, *conditions: ColumnElement[bool]) -> Callable[[Connection], bool]:
    """Removes a row on these conditions, and its pieces with it; says whether it did."""

    def work(connection: Connection) -> bool:
        row = delete(tables.blobs).where(tables.blobs.c.number == number, *conditions)
        if is_gone := connection.execute(row).rowcount > 0:
            connection.execute(delete(tables.pieces).where(tables.pieces.c.blob == number))
        return is_gone

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
