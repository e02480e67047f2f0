"""Questions about runs, as a tree of frozen nodes that stores may translate into their own language."""

from __future__ import annotations

import operator
import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Union

from expkit._support.frozen import Frozen
from expkit.record.encoding import encode
from expkit.record.tagged import kind_of
from expkit.record.times import moment
from expkit.record.wire import time_to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.types import Json

OPS = ("==", "!=", "<", "<=", ">", ">=", "in", "contains", "like", "glob", "not in", "not contains", "not glob")

_IDS = ("id", "_id")
_SEVERAL = (list, tuple, set, frozenset)


class _Missing:
    """The type of :data:`MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()
"""What a row has where it has nothing; None is a value."""


class Compare(Frozen, kw_only=False):
    """``field op value``; false for every op, also ``!=``, where the field is missing.

    Attributes:
        field: dotted path, see :class:`expkit.record.paths.Path`.
        op: ``== != < <= > >=``; ``in``: the field is one of the values; ``contains``: the field has the value as
            element, key or part of its text; ``like``: the whole text fits a pattern with ``%`` (any text) and ``_``
            (any character), upper and lower case being the same; ``glob``: the same with ``*`` and ``?``, of a list
            one of its texts; ``not in``, ``not contains``, ``not glob``: the field is there, and it is not so.
        value: anything; naive times mean local time. Of ids, texts that are numbers are these numbers. A text that is
            compared with a time is one, see :func:`expkit.record.times.moment`.
    """

    field: str
    op: str
    value: Any

    def __init__(self, field: str, op: str, value: Any) -> None:
        if op not in OPS:
            raise ValueError(f"there is no comparison {op!r}; there are {' '.join(OPS)}")
        if op in ("in", "not in") and not isinstance(value, _SEVERAL):
            raise ValueError(f"{field} {op} {value!r}: behind {op!r} stands a list of values")
        super().__init__(field=field, op=op, value=value)


class Exists(Frozen, kw_only=False):
    """The field is there and not None."""

    field: str


class And(Frozen):
    """All of the parts are true: ``And(a, b, c)``."""

    parts: tuple[Query, ...]

    def __init__(self, *parts: Query) -> None:
        super().__init__(parts=parts)


class Or(Frozen):
    """At least one of the parts is true: ``Or(a, b, c)``."""

    parts: tuple[Query, ...]

    def __init__(self, *parts: Query) -> None:
        super().__init__(parts=parts)


class Not(Frozen, kw_only=False):
    """The part is not true."""

    part: Query


Query = Union[Compare, Exists, And, Or, Not]
"""Any question."""


def matches(query: Query | None, row: Callable[[str], Any]) -> bool:
    """Whether a run answers the question with yes; None asks nothing.

    Args:
        query: the question.
        row: the tree at a dotted path, :data:`MISSING` where there is none.
    """
    return answering(query)(row)


def answering(query: Query | None) -> Callable[[Callable[[str], Any]], bool]:
    """What tells of many runs, one after the other, whether they answer the question with yes; see :func:`matches`.

    Args:
        query: the question; what it asks for is looked at once, and not again for each run.
    """
    if isinstance(query, (And, Or)):
        parts, enough = [answering(part) for part in query.parts], all if isinstance(query, And) else any
        return lambda row: enough(part(row) for part in parts)
    if isinstance(query, Not):
        part = answering(query.part)
        return lambda row: not part(row)
    if query is None:
        return lambda _: True
    field, holds = query.field, _is_there if isinstance(query, Exists) else _Comparison(query)
    return lambda row: holds(row(field))


def fields_of(query: Query | None) -> set[str]:
    """The fields that a question looks at."""
    if isinstance(query, (And, Or)):
        return set().union(*(fields_of(part) for part in query.parts))
    if isinstance(query, Not):
        return fields_of(query.part)
    return set() if query is None else {query.field}


def _is_there(found: Any) -> bool:
    return found is not MISSING and found is not None


class _Comparison:
    """A comparison whose right side is ready."""

    def __init__(self, query: Compare) -> None:
        self._op, self._negated = query.op.removeprefix("not "), query.op.startswith("not ")
        self._names = query.field in _IDS
        wanted = _wanted(query.value)
        self._wanted = _by_number(self._op, wanted) if self._names else wanted
        self._right = _ready(self._op, self._wanted)
        self._times: Any = MISSING

    def __call__(self, found: Any) -> bool:
        if found is MISSING:
            return False
        left = comparable(found)
        left, right = (_by_number(self._op, left), self._right) if self._names else (left, self._beside(found))
        try:
            return bool(_COMPARISONS[self._op](left, right)) != self._negated
        except TypeError:  # things of different kinds have no order
            return self._negated

    def _beside(self, found: Any) -> Any:
        """The right side; beside a time, texts are times."""
        if kind_of(found) != "datetime":
            return self._right
        if self._times is MISSING:
            self._times = _ready(self._op, _as_times(self._wanted))
        return self._times


def _ready(op: str, value: Any) -> Any:
    """Many plain values are looked up in a set."""
    return frozenset(value) if op == "in" and all(type(item) in _PLAIN for item in value) else value


def _by_number(op: str, name: Any) -> Any:
    """Ids are numbers in some stores, and their digits in others."""
    if isinstance(name, list):
        return [_by_number(op, item) for item in name]
    if op.endswith(("like", "glob", "contains")):
        return str(name) if isinstance(name, int) else name
    return int(name) if isinstance(name, str) and name.isdecimal() and len(name) <= _DIGITS else name


def _as_times(value: Any) -> Any:
    """Texts that are compared with a time; those that are none stay as they are."""
    if isinstance(value, list):
        return [_as_times(item) for item in value]
    named = moment(value) if isinstance(value, str) else None
    return value if named is None else time_to_json(named[0])


def _wanted(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, datetime):
        return time_to_json(value)
    if isinstance(value, _SEVERAL):
        return [_wanted(item) for item in value]
    return comparable(encode(value, unwrap=True))


def _contains(found: Any, value: Any) -> bool:
    return value in found


def _like(found: Any, pattern: str) -> bool:
    return _fits(found, pattern, "%", "_")


def _glob(found: Any, pattern: str) -> bool:
    if isinstance(found, list):
        return any(isinstance(item, str) and _fits(item, pattern, "*", "?") for item in found)
    return _fits(found, pattern, "*", "?")


def _fits(found: Any, pattern: str, some: str, one: str) -> bool:
    return _pattern(pattern, some, one).fullmatch(found) is not None


@lru_cache(maxsize=64)
def _pattern(text: str, some: str, one: str) -> re.Pattern[str]:
    # Many times "any text" in a row would be tried in every way to split a long text.
    parts = (".*" if char == some else "." if char == one else re.escape(char) for char in _squeezed(text, some))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _squeezed(text: str, some: str) -> str:
    while some * 2 in text:
        text = text.replace(some * 2, some)
    return text


_PLAIN = {int, float, str, bool, type(None)}
_DIGITS = 18

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda found, values: found in values,
    "contains": _contains,
    "like": _like,
    "glob": _glob,
}


def comparable(tree: Json) -> Any:
    """What a tree is compared by: numbers as numbers, sequences as lists, enums by name, the rest as it is written."""
    if isinstance(tree, list):
        return [comparable(item) for item in tree]
    kind = kind_of(tree)
    if kind is None:
        return tree
    if kind == "datetime":
        return _utc(tree.get("value"))
    if kind in {"float", "decimal"} or (kind == "scalar" and isinstance(tree.get("value"), str)):
        return _number(tree.get("value"))
    shown = tree.get("name", tree.get("repr")) if kind in {"enum", "ref", "object"} else tree.get("value", tree)
    return tree if shown is tree or kind == "dict" else comparable(shown)


def _utc(text: Json) -> Json:
    try:
        return time_to_json(datetime.fromisoformat(text))
    except (TypeError, ValueError):
        return text


def _number(text: Json) -> Any:
    try:
        return float(text)
    except (TypeError, ValueError):
        return text
