"""What people and their queries read, cut to what every database can say; nothing reads it back."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from expkit.stores.shown import INT64, Dialect, shown, unicode

if TYPE_CHECKING:
    from expkit.types import Json

MOST = 1 << 20
"""Characters that one column takes for reading."""


def tree(value: Json) -> Any:
    """A JSON tree for a JSON column: tagged values as people write them, other integers as text."""
    found = shown(value, _JSON)
    size = len(json.dumps(found))
    return found if size <= MOST else {"expkit": f"{size:,} bytes: too large to be shown here; the record has it"}


def text(value: str) -> str:
    """A text for a text column: one that is Unicode, without null characters."""
    return unicode(value.replace("\0", "\\0"))[:MOST]


def integer(value: Json) -> int | None:
    """A whole number for a column of 64 bits; None where it is none, or greater."""
    return int(value) if isinstance(value, int) and -INT64 <= value < INT64 else None


def _number(value: float) -> Any:
    return value if math.isfinite(value) else repr(value)


_JSON = Dialect(text, text, _number, deepest=25)
