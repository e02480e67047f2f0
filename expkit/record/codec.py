"""Values ↔ JSON trees: a closed set goes there and back, anything else is recorded readably and never rebuilt.

The closed set: JSON, non-finite floats, tuples, sets, bytes, dates and times, paths, enums, decimals, complex numbers,
dataclasses, named tuples, NumPy scalars and arrays. Lists, dicts and strings of any subclass become plain ones.

:func:`encode` turns values into trees, :func:`decode` trees into values; what cannot come back is :class:`Opaque`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from expkit.record.decoding import decode, not_restorable
from expkit.record.encoding import MAX_DEPTH, encode
from expkit.record.tagged import Encoded, Opaque, blobs_of, opaque_paths, record_blobs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MAX_DEPTH",
    "Encoded",
    "Opaque",
    "blobs_of",
    "decode",
    "encode",
    "not_restorable",
    "opaque_paths",
    "record_blobs",
    "snapshot",
]

_TRIES = 1000


def snapshot(value: Any) -> Any:
    """A copy of all containers in ``value`` (dicts, lists, tuples, sets), the leaves shared.

    Another thread may change the containers meanwhile: each one is copied as it was at some moment. Containers
    become plain ones; containers that hold themselves do so in the copy, too. What is nested so deeply that Python
    cannot follow is shared as it is.
    """
    try:
        return _copy(value, {})
    except RecursionError:
        return value


def _copy(value: Any, done: dict[int, Any]) -> Any:
    if isinstance(value, (dict, list)):
        if id(value) not in done:
            _fill(value, done)
        return done[id(value)]
    if isinstance(value, tuple):
        return _copy_tuple(value, done)
    return _steady(set, value) if type(value) is set else value


def _fill(value: dict[Any, Any] | list[Any], done: dict[int, Any]) -> None:
    if isinstance(value, dict):
        table = done[id(value)] = _steady(dict, value)
        for key, item in table.items():
            table[key] = _copy(item, done)
    else:
        items = done[id(value)] = _steady(list, value)
        items[:] = [_copy(item, done) for item in items]


def _copy_tuple(value: tuple[Any, ...], done: dict[int, Any]) -> tuple[Any, ...]:
    items = [_copy(item, done) for item in value]
    if all(new is old for new, old in zip(items, value, strict=True)):
        return value
    make = getattr(type(value), "_make", tuple)
    copy: tuple[Any, ...] = make(items)
    return copy


def _steady(kind: Callable[[Any], Any], value: Any) -> Any:
    """``kind(value)``, again and again while another thread changes the size of ``value``."""
    for _ in range(_TRIES):
        try:
            return kind(value)
        except RuntimeError:
            time.sleep(0)
    return kind(value)
