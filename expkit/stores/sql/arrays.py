"""All points of a stream as columns of NumPy: what a database can pack comes packed, else straight from rows into arrays."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, literal_column, select

from expkit.stores.sql import tables
from expkit.stores.sql.place import MYSQL, POSTGRESQL
from expkit.stores.sql.points import series_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Select

    from expkit.stores.sql.points import Series

    Plain = Iterator[tuple[int, Sequence[Any]]]

_MANY = 500
"""Metrics in one question."""

_points = tables.points.c
_COLUMNS = {_points.position: "i8", _points.step: "i8", _points.value: "f8", _points.time: "f8"}


def columns(connection: Connection, stream: int, end: int) -> dict[Series, tuple[Any, Any, Any]]:
    """Steps, values and times of each metric of a stream, up to number ``end``, in the order of their first points."""
    numbers = series_of(connection, stream)
    of_number = {number: name for name, number in numbers.items()}
    found = {}
    for place in range(0, len(numbers), _MANY):
        some = sorted(of_number)[place : place + _MANY]
        plain, odd = _plain(connection, some, end), _odd(connection, some, end)
        for number in plain.keys() | odd.keys():
            found[number] = _together(plain.get(number, []), odd.get(number, []))
    ordered = sorted(found.items(), key=lambda item: item[1].first)
    return {of_number[number]: (series.steps, series.values, series.times) for number, series in ordered}


def _plain(connection: Connection, metrics: list[int], end: int) -> dict[int, list[Sequence[Any]]]:
    """Of each metric its points that columns can say: arrays of positions, steps, values and times, part by part."""
    how = _HOW.get(connection.dialect.name, _one_by_one)
    found: dict[int, list[Sequence[Any]]] = {}
    for number, part in how(connection, metrics, end):
        if len(part[0]):
            found.setdefault(number, []).append(part)
    return found


def _odd(connection: Connection, metrics: list[int], end: int) -> dict[int, list[tuple[Any, ...]]]:
    """Of each metric the other points, as JSON has them."""
    wanted = select(_points.metric, _points.position, _points.exact).where(
        _points.metric.in_(metrics), _points.position < end, _points.exact.is_not(None)
    )
    rows = connection.execute(wanted).cursor.fetchall()
    found: dict[int, list[tuple[Any, ...]]] = {}
    texts = ",".join(map(itemgetter(2), rows))
    for (metric, position, _), exact in zip(rows, json.loads(f"[{texts}]"), strict=True):
        found.setdefault(metric, []).append((position, *exact))
    return found


class _Columns(NamedTuple):
    """The points of a metric in order: arrays if all are plain, else lists; ``first`` is the position of the first one."""

    first: int
    steps: Any
    values: Any
    times: Any


def _together(plain: list[Sequence[Any]], odd: list[tuple[Any, ...]]) -> _Columns:
    import numpy as np

    whole = [np.concatenate(column) for column in zip(*plain, strict=True)]
    if odd:
        rows = sorted([*zip(*(column.tolist() for column in whole), strict=True), *odd], key=itemgetter(0))
        positions, *mixed = map(list, zip(*rows, strict=True))
        return _Columns(positions[0], *mixed)
    order = np.argsort(whole[0], kind="stable")
    return _Columns(whole[0].min(), *(column[order] for column in whole[1:]))


# -- how databases give plain points ---------------------------------------------------------------------


def _one_by_one(connection: Connection, metrics: list[int], end: int) -> Plain:
    """Row by row, but no row is kept, and no object for what it holds."""
    import numpy as np

    fields = [(column.name, kind) for column, kind in _COLUMNS.items()]
    for metric in metrics:
        wanted = _of_plain(select(*_COLUMNS), [metric], 0, end).order_by(_points.position)
        rows: Any = connection.execute(wanted).cursor
        part = np.fromiter(rows, dtype=np.dtype(fields))
        yield metric, [part[name] for name, _ in fields]


def _as_bytes(connection: Connection, metrics: list[int], end: int) -> Plain:
    """Column by column as the server keeps them; it never has many points in its hands."""
    import numpy as np

    for metric, *packed in _packed(connection, metrics, end, _BYTES, 50_000):
        pairs = zip(packed, _COLUMNS.values(), strict=True)
        yield metric, [np.frombuffer(data, dtype=f">{kind}").astype(kind) for data, kind in pairs]


def _as_texts(connection: Connection, metrics: list[int], end: int) -> Plain:
    """Column by column as numbers with commas."""
    import numpy as np

    longest = f"GREATEST(@@group_concat_max_len, {_LONGEST})"  # else the server may cut off what is longer
    connection.exec_driver_sql(f"SET SESSION group_concat_max_len = {longest}")
    for metric, *packed in _packed(connection, metrics, end, _TEXTS, 10_000):
        pairs = zip(packed, _COLUMNS.values(), strict=True)
        yield metric, [np.array(json.loads(f"[{text}]"), dtype=kind) for text, kind in pairs]


def _packed(connection: Connection, metrics: list[int], end: int, packed: Sequence[Any], length: int) -> Iterator[Any]:
    """Rows for so many points of the stream at once."""
    for start in range(0, end, length):
        wanted = _of_plain(select(_points.metric, *packed), metrics, start, min(end, start + length))
        yield from connection.execute(wanted.group_by(_points.metric))


def _of_plain(wanted: Select[Any], metrics: Iterable[int], start: int, end: int) -> Select[Any]:
    there = _points.position >= start, _points.position < end
    return wanted.where(_points.metric.in_(metrics), *there, _points.exact.is_(None))


_LONGEST = 1 << 20
"""Characters that a column of packed points may have."""

_NOTHING: Any = literal_column("''::bytea")
_SENT = {"i8": func.int8send, "f8": func.float8send}
_BYTES = [func.string_agg(_SENT[kind](column), _NOTHING) for column, kind in _COLUMNS.items()]
_TEXTS = [func.group_concat(column) for column in _COLUMNS]
_HOW: dict[str, Callable[[Connection, list[int], int], Plain]] = {
    POSTGRESQL: _as_bytes,
    MYSQL: _as_texts,
    "mariadb": _as_texts,
}
