"""What stands on the two sides of a comparison, and the question that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.record.fields import FIGURES, FRIENDLY, SECONDS, TIMES, friendly, is_list, known, metric_of
from expkit.record.misspelt import meant_state, no_field, trouble, without_figure
from expkit.record.query import And, Compare, Not, Or
from expkit.record.times import duration, moment
from expkit.record.tokens import error

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.record.query import Query

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=", "in": "contains"}
_MIRRORED["not in"] = "not contains"
_ORDERS = ("<", "<=", ">", ">=")


class Path(NamedTuple):
    """A name, maybe with keys: a field, or in a shell a text without quotes.

    Attributes:
        name: the first word.
        steps: it, and what clings to it.
        start: its place.
    """

    name: str
    steps: list[str]
    start: int

    @property
    def first(self) -> str:
        """Where the path begins."""
        return self.name.partition(".")[0]

    @property
    def is_field(self) -> bool:
        """Whether runs have such a field."""
        return self.first in known() or self.first in FRIENDLY

    def word(self, text: str) -> str:
        """The text that it stands for.

        Raises:
            QueryError: it is a field.
        """
        if len(self.steps) > 1 or (self.first in known() and self.first != self.name):
            raise error(text, self.start, "a value is expected here, and this is a field; put texts in quotes")
        return self.name


class Value(NamedTuple):
    """A value, and its place."""

    value: Any
    start: int


def named(text: str, path: Path) -> str:
    """A field as stores know it.

    Raises:
        QueryError: no run has such a field.
    """
    first = path.first
    if not path.is_field:
        raise error(text, path.start, no_field(first, path.name))
    found = friendly("".join(path.steps))
    metric = metric_of(found)
    if first == "metrics" and (metric is None or not metric[0] or metric[1] not in FIGURES):
        raise error(text, path.start, without_figure(found))
    if problem := trouble(found):
        raise error(text, path.start, problem)
    return found


def between(text: str, left: Path | Value, op: str, right: Path | Value, now: datetime | None) -> Query:
    """The question that two sides make.

    Raises:
        QueryError: none of them is a field, or both are, or the value does not fit.
    """
    if isinstance(left, Value) and isinstance(right, Value):
        raise error(text, left.start, "one side of a comparison is a field, such as config.lr")
    if op in ("in", "not in") and isinstance(right, Path):
        word = left.value if isinstance(left, Value) else _bare(text, left)
        return _question(text, named(text, right), _MIRRORED[op], Value(word, left.start), now)
    if isinstance(left, Path):
        value = right if isinstance(right, Value) else Value(_bare(text, right), right.start)
        return _question(text, named(text, left), op, value, now)
    if op not in _MIRRORED:
        raise error(text, left.start, "the field stands on the left of ~, and the pattern on the right")
    assert isinstance(right, Path)
    return _question(text, named(text, right), _MIRRORED[op], left, now)


def _bare(text: str, side: Path) -> str:
    if side.is_field:
        raise error(text, side.start, f"two fields cannot be compared; if {side.name!r} is a text, put it in quotes")
    return side.word(text)


def _question(text: str, field: str, op: str, value: Value, now: datetime | None) -> Query:
    if op in ("in", "not in") and not isinstance(value.value, list):
        raise error(text, value.start, "a list or a field is expected here, such as (1, 2) or tags")
    if op.endswith("glob") and not isinstance(value.value, str):
        raise error(text, value.start, 'a pattern is expected here, such as "digit*"')
    if field in ("state", "status") and op in ("==", "!=", "in", "not in"):
        _check_states(text, value)
    if field in TIMES and op in (*_ORDERS, "==", "!=", "in", "not in"):
        return _of_time(text, field, op, value, now)
    if field in SECONDS:
        return Compare(field, op, _seconds(text, value))
    return _of_list(field, op, value.value) if is_list(field) else Compare(field, op, value.value)


def _check_states(text: str, value: Value) -> None:
    for typed in value.value if isinstance(value.value, list) else [value.value]:
        if near := meant_state(typed):
            own = f"a program's own state is asked for as state ~ {typed!r}"
            raise error(text, value.start, f"there is no state {typed!r}; did you mean {near}? ({own})")


def _of_list(field: str, op: str, value: Any) -> Query:
    """``tags = best`` asks whether it is one of them."""
    if op == "in":
        return Or(*(Compare(field, "contains", item) for item in value))
    if op == "not in":
        return And(*(Compare(field, "not contains", item) for item in value))
    if op in ("==", "!=") and not isinstance(value, list):
        return Compare(field, "contains" if op == "==" else "not contains", value)
    return Compare(field, op, value)


def _seconds(text: str, value: Value) -> Any:
    if isinstance(value.value, list):
        return [_seconds(text, Value(item, value.start)) for item in value.value]
    if not isinstance(value.value, str):
        return value.value
    found = duration(value.value)
    if found is None:
        raise error(text, value.start, "this is no duration; write seconds, or such as 1h30m")
    return found


# -- times ---------------------------------------------------------------------------------------------


def _of_time(text: str, field: str, op: str, value: Value, now: datetime | None) -> Query:
    """A day is its first moment where times are ordered, and all of it where they are to be equal."""
    if op in _ORDERS:
        return Compare(field, op, None if value.value is None else _span(text, value, now)[0])
    items = value.value if op in ("in", "not in") else [value.value]
    parts = [_is_within(text, field, Value(item, value.start), now) for item in items]
    some: Query = parts[0] if len(parts) == 1 else Or(*parts)
    return some if op in ("==", "in") else And(Compare(field, "!=", None), Not(some))


def _is_within(text: str, field: str, value: Value, now: datetime | None) -> Query:
    if value.value is None:
        return Compare(field, "==", None)
    first, after = _span(text, value, now)
    return (
        Compare(field, "==", first) if first == after else And(Compare(field, ">=", first), Compare(field, "<", after))
    )


def _span(text: str, value: Value, now: datetime | None) -> tuple[datetime, datetime]:
    typed = value.value
    found = moment(str(typed), now) if isinstance(typed, (str, int)) and not isinstance(typed, bool) else None
    if found is None:
        said = 'this is no time; write such as "2026-10-01", "2026-10-01 12:00", today or "2 days ago"'
        raise error(text, value.start, said)
    return found
