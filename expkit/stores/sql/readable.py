"""What people and their queries read, cut to what every database can say; nothing reads it back."""

from __future__ import annotations

import json
import math
from datetime import timezone
from typing import TYPE_CHECKING, Any

from expkit.record.tagged import TAG

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.types import Json

MOST = 1 << 20
"""Characters that one column takes for reading."""

_DEEPEST = 25
_INT64 = 1 << 63
_PLAIN = ("path", "date", "datetime", "time", "decimal", "enum", "int", "float")
_LISTS = ("tuple", "set", "frozenset")
_DIGITS = 10_000


def tree(value: Json) -> Any:
    """A JSON tree for a JSON column: tagged values as people write them, other integers as text."""
    found = _safe(value, 0)
    size = len(json.dumps(found))
    return found if size <= MOST else {"expkit": f"{size:,} bytes: too large to be shown here; the record has it"}


def text(value: str) -> str:
    """A text for a text column: one that is Unicode, without null characters."""
    if "\0" in value:
        value = value.replace("\0", "\\0")
    return (value if value.isascii() else value.encode("utf-8", "replace").decode())[:MOST]


def time(value: datetime | None) -> datetime | None:
    """A time for a column: in UTC, without saying so."""
    return None if value is None else value.astimezone(timezone.utc).replace(tzinfo=None)


def integer(value: Json) -> int | None:
    """A whole number for a column of 64 bits; None where it is none, or greater."""
    return int(value) if isinstance(value, int) and -_INT64 <= value < _INT64 else None


def _safe(value: Json, depth: int) -> Any:
    kind = type(value)
    if depth >= _DEEPEST and kind in (dict, list):
        return "..."
    if kind is dict:
        return _table(value, depth)
    if kind is list:
        return [_safe(item, depth + 1) for item in value]
    if kind is str:
        return text(value)
    if kind is int and not -_INT64 <= value < _INT64:
        return str(value) if value.bit_length() < _DIGITS else hex(value)
    return value if kind is not float or math.isfinite(value) else repr(value)


def _table(value: dict[str, Json], depth: int) -> Any:
    kind = value.get(TAG)
    if isinstance(kind, str) and "value" in value:
        inner = value["value"]
        if kind in _PLAIN or (kind in _LISTS and isinstance(inner, list)):
            return _safe(inner, depth)
    return {text(key): _safe(item, depth + 1) for key, item in value.items()}
