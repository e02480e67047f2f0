"""Streams: their rows say how far they go, and change in one transaction with what is added."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn, cast

from sqlalchemy import delete, func, insert, select, update

from expkit.record.model import OUTPUT, POINTS, StreamKey
from expkit.stores import rules
from expkit.stores.sql import arrays, ids, points, summaries, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from expkit.stores.base import Batch
    from expkit.stores.sql.server import Server
    from expkit.types import RunId

_MOST = {POINTS: 50_000, OUTPUT: 4 << 20}
"""Items in one transaction."""

_CHUNK = 1 << 20


_LOST = select(tables.streams.c.number).where(tables.streams.c.run.not_in(select(tables.runs.c.number)))
"""The streams of runs that were deleted."""


class Streams:
    """Appends to streams and reads them.

    Args:
        server: the database.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._url = server.place.url

    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add what is not there yet; return the new end."""
        rules.check_stream(stream)
        size = self._append(run, stream, offset, batch)
        while size < offset + len(batch):
            size = self._append(run, stream, size, batch[size - offset :])
        return size

    def _append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add as much as fits into one transaction."""

        def work(connection: Connection) -> int:
            number = ids.found(connection, run, self._url).number
            row = _held(connection, number, stream)
            rules.check_offset(run, stream, offset, row.size)
            new = batch[row.size - offset :][: _MOST[stream.content]]
            if not new:
                return int(row.size)
            if stream.content == OUTPUT:
                _add_output(connection, row.number, row.size, cast("bytes", new))
            else:
                metrics = points.metrics_in(connection, number, row.number, points.series_in(new))
                added = points.add(connection, metrics, row.size, cast("Any", new))
                summaries.keep_up(connection, row.size, metrics.values(), added)
            size = int(row.size) + len(new)
            connection.execute(update(tables.streams).where(tables.streams.c.number == row.number).values(size=size))
            return size

        if not self._server.is_there():
            raise rules.not_found(run, self._url)
        return self._server.write(work)

    def read(self, run: RunId, stream: StreamKey, offset: int, limit: int | None) -> Batch:
        """At most ``limit`` items from ``offset`` on."""
        rules.check_stream(stream)
        start, end = max(0, offset), sys.maxsize if limit is None else offset + limit
        first, size = self._part(run, stream, start, end)
        rest = range(start + _MOST[stream.content], end := min(end, size), _MOST[stream.content])
        parts = [first, *(self._part(run, stream, place, end)[0] for place in rest)]
        return b"".join(parts) if stream.content == OUTPUT else [point for part in parts for point in part]

    def columns(self, run: RunId, stream: StreamKey) -> Mapping[Any, Any]:
        """All points of a stream, metric by metric; see :class:`expkit.stores.base.KeepsColumns`."""

        def look(connection: Connection) -> Mapping[Any, Any]:
            row = _row(connection, ids.found(connection, run, self._url).number, stream)
            return {} if row is None else arrays.columns(connection, row.number, row.size)

        return self._server.read(look, lambda: self._missing(run))

    def _part(self, run: RunId, stream: StreamKey, start: int, end: int) -> tuple[Any, int]:
        """What fits into one transaction, which finds the stream by itself, and the size of the stream."""
        how = _output if stream.content == OUTPUT else points.read

        def work(connection: Connection) -> tuple[Any, int]:
            row = _row(connection, ids.found(connection, run, self._url).number, stream)
            if row is None:
                return rules.empty(stream), 0
            last = min(end, row.size, start + _MOST[stream.content])
            return how(connection, row.number, start, max(start, last)), row.size

        return self._server.read(work, lambda: self._missing(run))

    def sizes(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""

        def work(connection: Connection) -> dict[StreamKey, int]:
            number = ids.found(connection, run, self._url).number
            columns = tables.streams.c
            rows = connection.execute(select(tables.streams).where(columns.run == number, columns.size > 0))
            return {StreamKey(row.content, row.segment, row.process): row.size for row in rows}

        return self._server.read(work, lambda: self._missing(run))

    def sweep(self) -> None:
        """Remove the streams of runs that were deleted, stream by stream."""
        for number in self._server.read(lambda connection: list(connection.scalars(_LOST)), list):
            self._server.write(_removal(number))

    def _missing(self, run: RunId) -> NoReturn:
        raise rules.not_found(run, self._url)


def _where(run: int, stream: StreamKey) -> tuple[Any, ...]:
    columns = tables.streams.c
    same = columns.content == stream.content, columns.segment == stream.segment, columns.process == stream.rank
    return columns.run == run, *same


def _row(connection: Connection, run: int, stream: StreamKey, *, hold: bool = False) -> Any:
    wanted = select(tables.streams.c.number, tables.streams.c.size).where(*_where(run, stream))
    return connection.execute(wanted.with_for_update() if hold else wanted).one_or_none()


def _held(connection: Connection, run: int, stream: StreamKey) -> Any:
    """The row of a stream, ours until the transaction ends; a new one is made."""
    row = _row(connection, run, stream, hold=True)
    if row is not None:
        return row
    new = {"run": run, "content": stream.content, "segment": stream.segment, "process": stream.rank, "size": 0}
    connection.execute(insert(tables.streams), new)
    return _row(connection, run, stream, hold=True)


def _add_output(connection: Connection, stream: int, start: int, data: bytes) -> None:
    rows = []
    for place in range(0, len(data), _CHUNK):
        chunk = data[place : place + _CHUNK]
        rows.append({"stream": stream, "position": start + place, **_chunk(chunk)})
    connection.execute(insert(tables.output), rows)


def _chunk(data: bytes) -> dict[str, Any]:
    """Text if it is some that every database takes."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"text": None, "data": data}
    return {"text": None, "data": data} if "\0" in text else {"text": text, "data": None}


def _output(connection: Connection, stream: int, start: int, end: int) -> bytes:
    columns = tables.output.c
    first = select(func.max(columns.position)).where(columns.stream == stream, columns.position <= start)
    begin = connection.scalar(first) or 0
    wanted = select(columns.text, columns.data).where(columns.stream == stream, columns.position >= begin)
    rows = connection.execute(wanted.where(columns.position < end).order_by(columns.position))
    data = b"".join(bytes(data) if text is None else text.encode() for text, data in rows)
    return data[start - begin : end - begin]


def _removal(stream: int) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        if connection.scalar(_LOST.where(tables.streams.c.number == stream)) is None:
            return  # it is a stream of another database by now
        of_stream = select(tables.metrics.c.number).where(tables.metrics.c.stream == stream)
        for metric in list(connection.scalars(of_stream)):
            connection.execute(delete(tables.points).where(tables.points.c.metric == metric))
        connection.execute(delete(tables.metrics).where(tables.metrics.c.stream == stream))
        connection.execute(delete(tables.output).where(tables.output.c.stream == stream))
        connection.execute(delete(tables.streams).where(tables.streams.c.number == stream))

    return work
