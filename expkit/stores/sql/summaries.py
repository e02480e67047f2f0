"""The figures of metrics, in their rows: they change in one transaction with the points."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from expkit.errors import StoreError
from expkit.record.model import POINTS
from expkit.stores import figures
from expkit.stores.sql import tables
from expkit.stores.sql.points import finite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from expkit.stores.sql.points import Added, Metric
    from expkit.stores.sql.server import Server

_CHANGE = update(tables.metrics).where(tables.metrics.c.number == bindparam("of"))


def keep_up(connection: Connection, start: int, metrics: Iterable[Metric], added: Added) -> None:
    """Count points that were just added to these metrics, the first of which is number ``start`` of its stream."""
    changes = []
    for number, text in metrics:
        known = _counted(connection, number, start)[1] if text is None else json.loads(text)
        figures.add_all(known, added.values[number])
        changes.append(_row(number, added.last[number], known))
    connection.execute(_CHANGE.values(_VALUES), changes)


def of_runs(server: Server, uids: Sequence[str], names: Iterable[str] | None) -> dict[str, dict[str, Any]]:
    """The figures of the metrics of some runs, by the runs' uids.

    Args:
        server: the database.
        uids: of the runs.
        names: of the metrics as the tables have them; None: all.
    """
    runs, metrics, streams = tables.runs.c, tables.metrics.c, tables.streams.c
    columns = runs.uid, metrics.number, metrics.exact, metrics.figures, metrics.last_position
    joined = select(*columns, streams.segment, streams.process).join(tables.streams, streams.number == metrics.stream)
    joined = joined.join(tables.runs, runs.number == metrics.run)
    wanted = joined.where(runs.uid.in_(uids), streams.content == POINTS)
    if names is not None:
        wanted = wanted.where(metrics.name.in_(names))

    def look(connection: Connection) -> list[Any]:
        return list(connection.execute(wanted))

    rows = server.read(look, list)
    lacking = {row.number: row.uid for row in rows if row.figures is None}
    late = _caught_up(server, lacking) if lacking else {}
    parts: dict[str, list[figures.Part]] = {}
    for uid, number, exact, text, position, segment, rank in rows:
        place, known = (position, json.loads(text)) if text is not None else late[number]
        parts.setdefault(uid, []).append(figures.Part(json.loads(exact)[0], segment, rank, place, known))
    return {uid: figures.together(of_run) for uid, of_run in parts.items()}


def _counted(connection: Connection, metric: int, end: int | None = None) -> tuple[int, dict[str, Any]]:
    """The figures of points that were added without them, and the place of the last."""
    columns = tables.points.c
    wanted = select(columns.position, columns.value, columns.exact).where(columns.metric == metric)
    wanted = wanted if end is None else wanted.where(columns.position < end)
    found: dict[str, Any] = {}
    place = -1
    for place, value, exact in connection.execute(wanted.order_by(columns.position)):  # noqa: B007
        figures.add(found, value if exact is None else json.loads(exact)[1])
    return place, found


def _caught_up(server: Server, metrics: dict[int, str]) -> dict[int, tuple[int, dict[str, Any]]]:
    """The figures of metrics that have none, as older versions left them; written down for the next time.

    Args:
        server: the database.
        metrics: their numbers, and the uid of the run of each: what has such a number in another database is left alone.
    """

    def count(connection: Connection) -> dict[int, tuple[int, dict[str, Any]]]:
        return {number: _counted(connection, number) for number in metrics}

    late = server.read(count, dict[int, tuple[int, dict[str, Any]]])
    changes = [{"uid": metrics[number], **_row(number, *found)} for number, found in late.items()]
    same = select(tables.runs.c.number).where(tables.runs.c.uid == bindparam("uid")).scalar_subquery()
    unchanged = _CHANGE.where(tables.metrics.c.figures.is_(None), tables.metrics.c.run == same)
    try:
        server.write(lambda connection: connection.execute(unchanged.values(_VALUES), changes))
    except StoreError:  # who may only read counts again the next time
        pass
    return late


_VALUES: dict[str, Any] = {
    name: bindparam(f"new_{name}") for name in ("figures", "last_position", "lowest", "highest", "latest")
}


def _row(metric: int, place: int, known: dict[str, Any]) -> dict[str, Any]:
    shown = {"figures": json.dumps(known), "last_position": place}
    numbers = {"lowest": "min", "highest": "max", "latest": "last"}
    shown |= {column: finite(known.get(figure)) for column, figure in numbers.items()}
    return {"of": metric, **{f"new_{column}": value for column, value in shown.items()}}
