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


class Words(Protocol[_T]):
    """How a database says it."""

    def compared(self, query: Compare) -> _T | None:
        """What holds for all runs for which a comparison holds; None: all may be."""
        ...

    def every(self, parts: Sequence[_T]) -> _T:
        """All of these hold."""
        ...

    def some(self, parts: Sequence[_T]) -> _T:
        """One of these holds."""
        ...


def narrowed(query: Query | None, words: Words[_T]) -> _T | None:
    """What holds for all runs that answer a question, and for few others; None where nothing can be said."""
    if isinstance(query, And):
        parts = [part for part in (narrowed(each, words) for each in query.parts) if part is not None]
        return words.every(parts) if parts else None
    if isinstance(query, Or):
        each = [narrowed(part, words) for part in query.parts]
        some = [part for part in each if part is not None]
        return words.some(some) if some and len(some) == len(each) else None
    if isinstance(query, Not):
        return narrowed(_turned(query.part), words)
    if query is None or isinstance(query, Exists):
        return None
    if query.op == "in":
        return narrowed(Or(*(Compare(query.field, "==", item) for item in query.value)), words)
    return words.compared(query)


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


def word(value: Any) -> str | None:
    """A text that databases compare as we do, if it is one."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else None


def time(value: Any) -> datetime | None:
    """A time that databases compare as we do, if it is one."""
    return value if isinstance(value, datetime) else None
