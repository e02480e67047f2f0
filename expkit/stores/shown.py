"""Trees as people and their tools read them in databases: nothing reads them back.

Tagged values become what people write, and what a database cannot say becomes text.
"""

from __future__ import annotations

import math
from datetime import timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.record.tagged import TAG

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from expkit.types import Json

INT64 = 1 << 63

_DIGITS = 10_000
"""Bits up to which Python writes an integer in decimal digits without complaint."""

_PLAIN = ("path", "date", "datetime", "time", "decimal", "enum", "int")
_ARRAYS = ("array", "scalar")
_LISTS = ("tuple", "set", "frozenset")


class Dialect(NamedTuple):
    """What a database can say.

    Attributes:
        key: how it writes the key of an entry.
        text: how it writes a text.
        number: how it writes a float, which may be infinite or no number.
        deepest: how deep its trees may be.
    """

    key: Callable[[str], str]
    text: Callable[[str], str]
    number: Callable[[float], Any]
    deepest: int


def shown(tree: Json, dialect: Dialect, depth: int = 0) -> Any:
    """A JSON tree as a database takes it; integers that have no 64 bits are text.

    Args:
        tree: the tree.
        dialect: what the database can say.
        depth: how deep the tree lies in another one.
    """
    kind = type(tree)
    if kind in (dict, list) and depth >= dialect.deepest:
        return "..."
    if kind is dict:
        return _table(tree, dialect, depth)
    if kind is list:
        return [shown(item, dialect, depth + 1) for item in tree]
    if kind is str:
        return dialect.text(tree)
    if kind is int and not -INT64 <= tree < INT64:
        return str(tree) if tree.bit_length() < _DIGITS else hex(tree)
    return dialect.number(tree) if kind is float else tree


def _table(tree: dict[str, Json], dialect: Dialect, depth: int) -> Any:
    name = tree.get(TAG)
    if name in _ARRAYS and "value" not in tree:
        return dialect.text(f"{name} of {tree.get('dtype')}, shape {tree.get('shape', [])}")
    if isinstance(name, str) and "value" in tree:
        value = tree["value"]
        if name == "float":
            return dialect.number(_float(value))
        if name in (*_PLAIN, *_ARRAYS) or (name in _LISTS and isinstance(value, list)):
            return shown(value, dialect, depth + 1)
    return {dialect.key(key): shown(item, dialect, depth + 1) for key, item in tree.items()}


def _float(value: Json) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def unicode(text: str) -> str:
    """A text without lone surrogates, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def naive(time: datetime | None) -> datetime | None:
    """A time in UTC that does not say so, as databases have it."""
    return None if time is None else time.astimezone(timezone.utc).replace(tzinfo=None)
