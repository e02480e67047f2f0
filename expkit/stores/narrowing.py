"""Questions in a database's own words, loosely: what answers the question is found, maybe more.

Nothing that a database says decides: :func:`expkit.record.query.matches` does, on the rows that it left.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from expkit.record.query import And, Compare, Exists, Not, Or

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.record.query import Query

_T = TypeVar("_T")
_FLIPPED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_EXACT = 1 << 53
_PARTS = 100
"""So many comparisons are told to a database; SQLite cannot nest a thousand."""
_VALUES, _AT_ONCE = 5000, 500
"""Values of one ``in``: all of them, and those in one test; each may take three parameters of 32766."""


class Words(Protocol[_T]):
    """How a database says it."""

    def compared(self, query: Compare) -> _T | None:
        """What holds for all runs for which a comparison holds; None: all may be."""
        ...

    def one_of(self, field: str, values: Sequence[Any]) -> _T | None:
        """What holds for all runs in which a field has one of these values, as one test; None: there is none for it."""
        ...

    def every(self, parts: Sequence[_T]) -> _T:
        """All of these hold."""
        ...

    def some(self, parts: Sequence[_T]) -> _T:
        """One of these holds."""
        ...


def narrowed(query: Query | None, words: Words[_T]) -> _T | None:
    """What holds for all runs that answer a question, and for few others; None where nothing can be said."""
    if query is None or isinstance(query, Exists) or (isinstance(query, (And, Or)) and len(query.parts) > _PARTS):
        return None
    if isinstance(query, And):
        parts = [part for part in (narrowed(each, words) for each in query.parts) if part is not None]
        return words.every(parts) if parts else None
    if isinstance(query, Or):
        each = [narrowed(part, words) for part in query.parts]
        some = [part for part in each if part is not None]
        return words.some(some) if some and len(some) == len(each) else None
    if isinstance(query, Not):
        return narrowed(_turned(query.part), words)
    return _one_of(query, words) if query.op == "in" else words.compared(query)


def _one_of(query: Compare, words: Words[_T]) -> _T | None:
    """In parts: databases have a limit to what one statement may hold."""
    values = list(query.value)
    if len(values) > _VALUES:
        return None
    parts = [values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE)]
    said = [found for found in (words.one_of(query.field, part) for part in parts) if found is not None]
    if parts and len(said) == len(parts):
        return words.some(said)
    return narrowed(Or(*(Compare(query.field, "==", item) for item in values)), words)


def _turned(query: Query) -> Query | None:
    """What holds where a question does not, as far as that can be told; what is missing answers no comparison."""
    if isinstance(query, Not):
        return query.part
    if isinstance(query, (And, Or)):
        parts = [Not(part) for part in query.parts]
        return Or(*parts) if isinstance(query, And) else And(*parts)
    if isinstance(query, Compare) and query.field in ("state", "status") and query.op in ("==", "!="):
        return Compare(query.field, _FLIPPED[query.op], query.value)
    return None


def number(value: Any) -> float | None:
    """A number that databases compare as we do, if it is one."""
    found = value if isinstance(value, (int, float)) else float(value) if isinstance(value, Decimal) else math.nan
    return float(found) if abs(found) < _EXACT else None


def bounds(op: str, value: float) -> tuple[float | None, float | None]:
    """The least and the greatest number for which ``number op value`` may hold, a little wider than it is."""
    low, high = math.nextafter(value, -math.inf), math.nextafter(value, math.inf)
    return (None if op in ("<", "<=") else low), (None if op in (">", ">=") else high)


def near(value: float) -> list[float]:
    """A number, and those beside it."""
    return [value, *(limit for limit in bounds("==", value) if limit is not None)]


def word(value: Any) -> str | None:
    """A text that databases compare as we do, if it is one."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else None


def time(value: Any) -> datetime | None:
    """A time that databases compare as we do, if it is one."""
    return value if isinstance(value, datetime) else None
