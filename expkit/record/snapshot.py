"""Values as they are now, while their owner goes on changing them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

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
