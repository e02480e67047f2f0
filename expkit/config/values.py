"""Values of entries: made plain, and compared."""

from __future__ import annotations

import sys
from typing import Any

from expkit._support.odd import RAISED, is_a, tolerate
from expkit._support.secrets import Secret
from expkit.config.keys import active_rules, check_key
from expkit.config.paths import below
from expkit.errors import InvalidConfigError

MAX_DEPTH = 100
"""Config entries are not nested deeper than this."""

_LEAVES = frozenset((bool, int, float, str, bytes, type(None), complex))


def plain(value: Any, above: tuple[Any, ...] = ()) -> Any:
    """A copy of dicts, lists and tuples (and of their subclasses as plain ones), all the way down.

    NumPy scalars become Python's where those can say the same. Everything else is kept as it is,
    named tuples too, and is not asked anything: it may raise.

    Args:
        value: what somebody gave as config.
        above: the path of the entry, for messages.

    Raises:
        ConfigKeyError: a key that the settings forbid.
        InvalidConfigError: a container that contains itself, or containers in more than :data:`MAX_DEPTH` others.
    """
    if type(value) in _LEAVES:
        return value
    try:
        return _plain(value, above, active_rules())
    except RecursionError as error:
        path = error.args[0] if error.args and type(error.args[0]) is tuple else above
        raise bottomless(value, below("", path[0]) if path and type(path[0]) is str else "a config") from None


def bottomless(value: Any, name: str) -> InvalidConfigError:
    """The error for containers that go too deep to follow.

    Args:
        value: the outermost one.
        name: what to call it.
    """
    if _holds_itself(value):
        return InvalidConfigError(f"{name} contains itself; a config entry must end somewhere")
    return InvalidConfigError(
        f"{name} is nested too deeply; a config holds at most {MAX_DEPTH} containers in each other"
    )


def simple_type(value: Any) -> type:
    """The type of a value as far as config cares: a tuple counts as list, a NumPy scalar as Python's, a secret as text."""
    for kind in (dict, list, tuple):
        if is_a(value, kind):
            return list if kind is tuple else kind
    return str if type(value) is Secret else type(_scalar(value))


def differs(one: Any, other: Any) -> bool:
    """Whether two values are not the same; NaN is NaN, True is not 1, and arrays are compared as a whole."""
    if one is other:
        return False
    if simple_type(one) is not simple_type(other):
        return True
    if is_a(one, dict):
        return one.keys() != other.keys() or any(differs(one[key], other[key]) for key in one)
    if is_a(one, (list, tuple)):
        return len(one) != len(other) or any(map(differs, one, other))
    return not _same(_scalar(one), _scalar(other))


def _plain(value: Any, above: tuple[Any, ...], rules: list[str]) -> Any:
    kind = type(value)
    if kind in _LEAVES:
        return value
    if not issubclass(kind, (dict, list)) and kind is not tuple:
        return _scalar(value)
    if len(above) >= MAX_DEPTH:
        raise RecursionError(above)
    if issubclass(kind, dict):
        entries = _content(dict, value)
        if rules:
            for key in entries:
                check_key(key, above, rules)
        return {key: _plain(item, (*above, key), rules) for key, item in entries.items()}
    items = [_plain(item, (*above, index), rules) for index, item in enumerate(_content(list, value))]
    return tuple(items) if kind is tuple else items


def _content(kind: Any, value: Any) -> Any:
    """A dict or a list, or what lies in one of a subclass that refuses to tell."""
    if type(value) in {dict, list, tuple}:
        return value
    try:
        return kind(value.items() if kind is dict else value)
    except RAISED as error:
        tolerate(error)
        return kind.copy(value)


def _holds_itself(value: Any) -> bool:
    """Whether a container is somewhere inside itself; asks no stack, however deep it is."""
    inside: set[int] = set()
    done: set[int] = set()
    left = [(value, False)]
    while left:
        item, leaving = left.pop()
        if leaving:
            inside.discard(id(item))
            done.add(id(item))
        elif id(item) in inside:
            return True
        elif id(item) not in done and is_a(item, (dict, list, tuple)):
            inside.add(id(item))
            left.append((item, True))
            left.extend((inner, False) for inner in _inner(item))
    return False


def _inner(container: Any) -> list[Any]:
    if is_a(container, dict):
        return list(dict.values(container))
    return list((list if is_a(container, list) else tuple).__iter__(container))


def _scalar(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is None or not is_a(value, numpy.generic) or value.dtype.kind not in "biufcSU":
        return value
    item = value.item()
    return item if type(item) in _LEAVES else value


def _same(one: Any, other: Any) -> bool:
    try:
        equal = one == other
        if hasattr(equal, "all"):
            return _same_array(one, other, equal)
        return bool(equal) or bool(one != one and other != other)  # noqa: PLR0124 - NaN
    except RAISED as error:
        tolerate(error)
        return False


def _same_array(one: Any, other: Any, equal: Any) -> bool:
    if getattr(one, "shape", None) != getattr(other, "shape", None):
        return False
    both_nan = (one != one) & (other != other)  # noqa: PLR0124
    return bool((equal | both_nan).all())
