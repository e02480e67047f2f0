"""Comparisons in SQL: what leaves out runs that cannot be the answer to a question, in each database's words."""

from __future__ import annotations

import json
from datetime import timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, cast, false, func, literal, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import JSONPATH

from expkit.record.fields import TIMES, metric_of
from expkit.record.leaves import ODD, path_of
from expkit.record.model import RUNNING
from expkit.record.paths import Path
from expkit.record.state import DIED
from expkit.stores.narrowing import bounds, near, number, time, word
from expkit.stores.sql import readable, tables
from expkit.stores.sql.place import MYSQL, POSTGRESQL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from expkit.record.query import Compare

    Condition = Any  # what SQLAlchemy makes of columns has no narrower type

_LEAVES = {"config": "config_leaves", "result": "result_leaves"}
_COLUMNS = {"min": "lowest", "max": "highest", "last": "latest"}
_ORDERED = ("==", "<", "<=", ">", ">=")
_run = tables.runs.c


class SqlWords:
    """How a database says it.

    Args:
        kind: of database.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def every(self, parts: Sequence[Condition]) -> Condition:
        """All of these hold."""
        return and_(true(), *parts)

    def some(self, parts: Sequence[Condition]) -> Condition:
        """One of these holds."""
        return or_(*parts)

    def compared(self, query: Compare) -> Condition | None:
        """What holds for all runs for which a comparison holds; None: all may be."""
        first = Path.parse(query.field).first
        if first in _LEAVES and query.op in _ORDERED:
            return self._leaf(_LEAVES[first], query)
        if query.field in TIMES and query.op in _ORDERED:
            return _at_time(query)
        if first == "metrics" and query.op in _ORDERED:
            return _figure(query)
        return _SAID[query.field](query) if query.field in _SAID else None

    def one_of(self, field: str, values: Sequence[Any]) -> Condition | None:
        """What holds for all runs in which a field has one of these values, as one test; None: there is none for it."""
        first = Path.parse(field).first
        if field == "uid":
            return _run.uid.in_(values) if all(word(value) is not None for value in values) else None
        path = field if field == "result" else path_of(field)
        if first not in _LEAVES or path is None:
            return None
        numbers, words = [number(value) for value in values], [word(value) for value in values]
        if any(one is None and other is None for one, other in zip(numbers, words, strict=True)):
            return None
        leaves = _run[_LEAVES[first]]
        held = self._some_of(leaves, path, [found for found in numbers if found is not None])
        said = leaves[path].as_string().in_([found for found in words if found is not None])
        return or_(leaves.is_(None), self._is_odd(leaves), said, held)

    def _some_of(self, leaves: Any, path: str, values: Sequence[float]) -> Condition:
        """One of these numbers."""
        if self._kind != POSTGRESQL:
            return self._plain(leaves, path).in_([close for value in values for close in near(value)])
        said = [f"({self._limits(path, '==', value)})" for value in values]
        return self._fits(leaves, " || ".join(said)) if said else false()

    def _leaf(self, column: str, query: Compare) -> Condition | None:
        """Of a plain value; runs of older versions have none, and some have values that only we can compare."""
        path = query.field if query.field == "result" else path_of(query.field)
        numeric, said = number(query.value), word(query.value)
        if path is None or (numeric is None and (said is None or query.op != "==")):
            return None
        leaves = _run[column]
        held = (
            self._numeric(leaves, path, query.op, numeric) if numeric is not None else leaves[path].as_string() == said
        )
        return or_(leaves.is_(None), self._is_odd(leaves), held)

    def _is_odd(self, leaves: Any) -> Condition:
        if self._kind == POSTGRESQL:
            return func.jsonb_exists(leaves, ODD)
        return func.json_extract(leaves, _dollar(ODD)).is_not(None)

    def _numeric(self, leaves: Any, path: str, op: str, value: float) -> Condition:
        if self._kind == POSTGRESQL:
            return self._fits(leaves, self._limits(path, op, value))
        low, high = bounds(op, value)
        found = self._plain(leaves, path)
        return and_(
            true(), *(found.op(sign)(limit) for sign, limit in ((">=", low), ("<=", high)) if limit is not None)
        )

    def _plain(self, leaves: Any, path: str) -> Any:
        """A leaf as a number."""
        found: Any = func.json_extract(leaves, _dollar(path))
        return func.json_unquote(found) + literal_column("0e0") if self._kind == MYSQL else found

    def _limits(self, path: str, op: str, value: float) -> str:
        """The same in the language of paths."""
        limits = [(sign, limit) for sign, limit in zip((">=", "<="), bounds(op, value), strict=True)]
        return " && ".join(f"{_dollar(path)} {sign} {limit!r}" for sign, limit in limits if limit is not None)

    def _fits(self, leaves: Any, said: str) -> Condition:
        return func.coalesce(func.jsonb_path_match(leaves, _path(said), literal_column("'{}'"), true()), False)


def _dollar(path: str) -> str:
    return f'$."{path}"'


def _path(text: str) -> Any:
    return cast(literal(text), JSONPATH)


def _at_time(query: Compare) -> Condition | None:
    if query.value is None and query.op == "==":
        return _run[query.field].is_(None)
    when = time(query.value)
    if when is None:
        return None
    moment = when.astimezone(timezone.utc).replace(tzinfo=None)
    return _ORDERS[query.op](_run[query.field], moment)


_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda column, value: column == value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}


def _figure(query: Compare) -> Condition | None:
    """Some series of the metric has such a figure, or one that only we can compare."""
    metric, value = metric_of(query.field), number(query.value)
    if metric is None or value is None:
        return None
    rows, (name, figure) = tables.metrics.c, metric
    held = [rows.run == _run.number, rows.name == readable.text(name)]
    if figure in _COLUMNS:
        column = rows[_COLUMNS[figure]]
        low, high = bounds(query.op, value)
        limits = [column >= low if low is not None else true(), column <= high if high is not None else true()]
        held.append(or_(column.is_(None), and_(*limits)))
    return select(rows.number).where(*held).exists()


def _state(query: Compare) -> Condition | None:
    """Who is RUNNING may have died."""
    if not isinstance(query.value, str) or query.op not in ("==", "!="):
        return None
    if query.op == "!=":
        return or_(_run.status != readable.text(query.value), _run.status == RUNNING)
    return _run.status.in_({RUNNING} if query.value == DIED else {RUNNING, readable.text(query.value)})


def _status(query: Compare) -> Condition | None:
    if not isinstance(query.value, str) or query.op not in ("==", "!="):
        return None
    said = readable.text(query.value)
    return _run.status == said if query.op == "==" else None


def _id(query: Compare) -> Condition | None:
    """By an id, or a number that is one; zeros may stand before it."""
    said = str(int(query.value)) if isinstance(query.value, float) and query.value.is_integer() else str(query.value)
    if query.op != "==" or type(query.value) not in (int, float, str) or word(said) is None:
        return None
    digits = said.lstrip("0") or "0"
    return or_(_run.id == said, _run.id == digits, _run.id.like("0%")) if said.isdecimal() else _run.id == said


def _uid(query: Compare) -> Condition | None:
    return _run.uid == query.value if query.op == "==" and word(query.value) is not None else None


def _seed(query: Compare) -> Condition | None:
    value = number(query.value)
    if query.op not in _ORDERED or value is None:
        return None
    low, high = bounds(query.op, value)
    limits = [_run.seed >= low if low is not None else true(), _run.seed <= high if high is not None else true()]
    return or_(_run.seed.is_(None), and_(*limits))


def _name(query: Compare) -> Condition | None:
    """The run's own name, or one that people gave it."""
    if query.op != "==" or word(query.value) is None:
        return None
    return or_(_run.name == query.value, _run.number.in_(_said("name")))


def _tags(query: Compare) -> Condition | None:
    """A tag of the run's own, or one that people gave it; looked for in the text of JSON."""
    said = word(query.value)
    if query.op != "contains" or said is None:
        return None
    pattern = json.dumps(said).replace("!", "!!").replace("%", "!%").replace("_", "!_")
    meta = cast(_run.meta, Text).like(f"%{pattern}%", escape="!")
    return or_(meta, cast(_run.meta, Text).like('%"expkit"%'), _run.number.in_(_said("tag")))


def _said(action: str) -> Any:
    return select(tables.remarks.c.run).where(tables.remarks.c.action == action)


_SAID: dict[str, Callable[[Compare], Condition | None]] = {
    "state": _state,
    "status": _status,
    "id": _id,
    "_id": _id,
    "uid": _uid,
    "seed": _seed,
    "name": _name,
    "tags": _tags,
}
