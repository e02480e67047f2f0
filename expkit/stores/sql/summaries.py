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

    from expkit.stores.sql.points import Added
    from expkit.stores.sql.server import Server

_MANY = 500
_CHANGE = update(tables.metrics).where(tables.metrics.c.number == bindparam("of"))


def keep_up(connection: Connection, start: int, added: Added) -> None:
    """Count points that were just added, the first of which is number ``start`` of its stream."""
    known = _known(connection, list(added.values), start)
    changes = []
    for metric, values in added.values.items():
        figures.add_all(known[metric], values)
        changes.append(_row(metric, added.last[metric], known[metric]))
    connection.execute(_CHANGE.values(_VALUES), changes)


def of_runs(server: Server, numbers: Sequence[int], names: Iterable[str] | None) -> dict[int, dict[str, Any]]:
    """The figures of the metrics of some runs, by the runs' numbers.

    Args:
        server: the database.
        numbers: of the runs.
        names: of the metrics as the tables have them; None: all.
    """
    metrics, streams = tables.metrics.c, tables.streams.c
    columns = metrics.run, metrics.number, metrics.exact, metrics.figures, metrics.last_position
    joined = select(*columns, streams.segment, streams.process).join(tables.streams, streams.number == metrics.stream)
    wanted = joined.where(metrics.run.in_(numbers), streams.content == POINTS)
    if names is not None:
        wanted = wanted.where(metrics.name.in_(names))

    def look(connection: Connection) -> list[Any]:
        return list(connection.execute(wanted))

    rows = server.read(look, list)
    lacking = [row.number for row in rows if row.figures is None]
    late = _caught_up(server, lacking) if lacking else {}
    parts: dict[int, list[figures.Part]] = {}
    for run, number, exact, text, position, segment, rank in rows:
        place, known = (position, json.loads(text)) if text is not None else late[number]
        parts.setdefault(run, []).append(figures.Part(json.loads(exact)[0], segment, rank, place, known))
    return {run: figures.together(of_run) for run, of_run in parts.items()}


def _known(connection: Connection, metrics: list[int], start: int) -> dict[int, dict[str, Any]]:
    """The figures of what lies before ``start``."""
    columns = tables.metrics.c
    found: dict[int, dict[str, Any]] = {}
    for place in range(0, len(metrics), _MANY):
        wanted = select(columns.number, columns.figures).where(columns.number.in_(metrics[place : place + _MANY]))
        for number, text in connection.execute(wanted):
            found[number] = _counted(connection, number, start)[1] if text is None else json.loads(text)
    return found


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


def _caught_up(server: Server, metrics: list[int]) -> dict[int, tuple[int, dict[str, Any]]]:
    """The figures of metrics that have none, as older versions left them; written down for the next time."""

    def count(connection: Connection) -> dict[int, tuple[int, dict[str, Any]]]:
        return {number: _counted(connection, number) for number in metrics}

    late = server.read(count, dict[int, tuple[int, dict[str, Any]]])
    changes = [_row(number, place, known) for number, (place, known) in late.items()]
    unchanged = tables.metrics.c.figures.is_(None)
    try:
        server.write(lambda connection: connection.execute(_CHANGE.where(unchanged).values(_VALUES), changes))
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
