"""Points as rows: columns that queries can use, and what these cannot say as JSON beside them."""

from __future__ import annotations

import json
import math
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import insert, select

from expkit.record.model import Point
from expkit.stores.sql import readable, tables
from expkit.stores.sql.place import DRIVERS, POSTGRESQL, SQLITE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    Series = tuple[str, tuple[tuple[str, str], ...], str]

_INT64 = 1 << 63
_AT_ONCE = 100
"""Rows that one statement of SQLite inserts, in half the time of as many statements; it takes 999 values at least."""

_MANY = 500
"""Metrics in one question."""

_FIELDS = ("metric", "position", "step", "value", "time", "exact")


class Metric(NamedTuple):
    """A metric of a stream as its row has it.

    Attributes:
        number: of the row.
        figures: what is known of its points, as JSON; None: somebody has to look at them.
    """

    number: int
    figures: str | None


def metrics_in(connection: Connection, run: int, stream: int, wanted: set[Series]) -> dict[Series, Metric]:
    """These metrics of a stream, whose row is held; new ones get their rows here.

    Whoever remembered their numbers would write into a stranger's metrics where another database has taken the place.
    """
    known = _known(connection, stream, wanted)
    new = sorted(wanted - known.keys())
    if new:
        connection.execute(insert(tables.metrics), [_row(run, stream, series) for series in new])
        known |= _known(connection, stream, new)
    return known


def _known(connection: Connection, stream: int, wanted: Collection[Series]) -> dict[Series, Metric]:
    columns, known = tables.metrics.c, {}
    of_stream = select(columns.exact, columns.number, columns.figures).where(columns.stream == stream)
    by_text = {json.dumps(series): series for series in wanted}
    for place in range(0, len(by_text), _MANY):
        some = list(islice(by_text, place, place + _MANY))
        for exact, *row in connection.execute(of_stream.where(columns.exact.in_(some))):
            known[by_text[exact]] = Metric(*row)
    return known


def series_of(connection: Connection, stream: int) -> dict[Series, int]:
    """The numbers of all metrics of a stream."""
    wanted = select(tables.metrics.c.exact, tables.metrics.c.number).where(tables.metrics.c.stream == stream)
    return {_series(exact): number for exact, number in connection.execute(wanted)}


def _row(run: int, stream: int, series: Series) -> dict[str, Any]:
    name, tags, kind = series
    shown = {"name": readable.text(name), "tags": readable.tree(dict(tags)) or None, "kind": readable.text(kind)}
    return {"run": run, "stream": stream, **shown, "exact": json.dumps(series)}


def _series(exact: str) -> Series:
    name, tags, kind = json.loads(exact)
    return name, tuple((key, value) for key, value in tags), kind


def series_in(points: Iterable[Any]) -> set[Series]:
    """The metrics that points belong to."""
    return {(name, tuple(map(tuple, tags)) if tags else (), kind) for name, _, _, _, tags, kind in points}


class Added(NamedTuple):
    """What was added to each metric.

    Attributes:
        values: in their order.
        last: the position of the last one.
    """

    values: dict[int, list[Any]]
    last: dict[int, int]


def add(connection: Connection, metrics: dict[Series, Metric], start: int, points: Sequence[Any]) -> Added:
    """Write points, the first of which is number ``start`` of its stream, all at once.

    The rows go to the driver as they are: on their way through SQLAlchemy they would take three times as long. They are not
    kept either: Python would look for garbage among them again and again.
    """
    added = Added({}, {})
    rows = _rows({series: metric.number for series, metric in metrics.items()}, start, points, added)
    if connection.dialect.driver == DRIVERS[POSTGRESQL]:
        _copy(connection, rows)
    else:
        _insert(connection, rows)
    return added


def _insert(connection: Connection, rows: Iterator[tuple[Any, ...]]) -> None:
    statement = insert(tables.points).compile(dialect=connection.dialect)
    if connection.dialect.name == SQLITE:
        _insert_many(connection, str(statement), rows)
    elif statement.positional:
        connection.exec_driver_sql(str(statement), list(rows))
    else:
        connection.exec_driver_sql(str(statement), [dict(zip(_FIELDS, row, strict=True)) for row in rows])


def _insert_many(connection: Connection, statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Write rows by the hundred, and at last those that are left."""
    values = statement.rpartition("VALUES ")[2]
    groups = iter(lambda: tuple(chain.from_iterable(islice(rows, _AT_ONCE))), ())
    for size, some in groupby(groups, len):
        connection.exec_driver_sql(statement + f", {values}" * (size // len(_FIELDS) - 1), list(some))


def _copy(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows in an eighth of the time that PostgreSQL and its driver need for inserting them."""
    statement = f"COPY {tables.points.name} ({', '.join(_FIELDS)}) FROM STDIN"
    raw: Any = connection.connection
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _rows(numbers: dict[Series, int], start: int, points: Sequence[Any], added: Added) -> Iterator[tuple[Any, ...]]:
    """The rows of points. What many points pass through: nothing is called, or looked up again, for those that are plain."""
    last: tuple[Any, Any, Any] = (None, None, None)
    metric, sign, places = 0, math.copysign, added.last
    for position, (name, step, value, time, tags, kind) in enumerate(points, start):
        if name is not last[0] or tags is not last[1] or kind is not last[2]:
            last = name, tags, kind
            metric = numbers[name, tuple(map(tuple, tags)) if tags else (), kind]
            count = added.values.setdefault(metric, []).append
        count(value)
        places[metric] = position
        is_plain = type(step) is int and type(value) is float and -_INT64 <= step < _INT64 and value - value == 0
        if is_plain and (value or sign(1, value) > 0):  # what the columns say exactly in every database
            yield metric, position, step, value, time, None
        else:
            yield metric, position, readable.integer(step), finite(value), time, json.dumps((step, value, time))


def read(connection: Connection, stream: int, start: int, end: int) -> list[Point]:
    """The points of a stream from number ``start`` up to ``end``."""
    series = {number: name for name, number in series_of(connection, stream).items()}
    columns, metrics = tables.points.c, tables.metrics
    of_stream = columns.metric.in_(select(metrics.c.number).where(metrics.c.stream == stream))
    wanted = select(columns.metric, columns.step, columns.value, columns.time, columns.exact)
    wanted = wanted.where(of_stream, columns.position >= start, columns.position < end).order_by(columns.position)
    return [_point(series[metric], *rest) for metric, *rest in connection.execute(wanted)]


def _point(series: Series, step: Any, value: Any, time: float, exact: str | None) -> Point:
    if exact is not None:
        step, value, time = json.loads(exact)
    name, tags, kind = series
    return Point(name, step, value, time, tags, kind)


def finite(value: Any) -> float | None:
    """A value as a column of floats has it; None for what is none, or NaN, or infinite."""
    try:
        found = float(value) if isinstance(value, (int, float)) else math.nan
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
