"""Values as they are now, while their owner goes on changing them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from expkit._support.odd import RAISED, tolerate

if TYPE_CHECKING:
    from collections.abc import Callable

_TRIES = 1000


def snapshot(value: Any) -> Any:
    """A copy of all containers in ``value`` (dicts, lists, tuples, sets), the leaves shared; never raises.

    Another thread may change the containers meanwhile: each one is copied as it was at some moment. Containers
    become plain ones; containers that hold themselves do so in the copy, too. What is nested so deeply that Python
    cannot follow, or cannot be looked at, is shared as it is.
    """
    return _copy(value, {})


def _copy(value: Any, done: dict[int, Any]) -> Any:
    kind = type(value)  # not isinstance, which asks the object
    try:
        if issubclass(kind, (dict, list)):
            if id(value) not in done:
                _fill(value, done)
            return done[id(value)]
        if issubclass(kind, tuple):
            return _copy_tuple(value, done)
        return _steady(set, value) if kind is set else value
    except RAISED as error:
        tolerate(error)
        return value


def _fill(value: dict[Any, Any] | list[Any], done: dict[int, Any]) -> None:
    if issubclass(type(value), dict):
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
