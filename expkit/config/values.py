"""Values of entries: made plain, and compared."""

from __future__ import annotations

import sys
from typing import Any

from expkit.config.keys import active_rules, check_key
from expkit.config.paths import below
from expkit.errors import InvalidConfigError

_LEAVES = frozenset((bool, int, float, str, bytes, type(None), complex))


def plain(value: Any, above: tuple[Any, ...] = ()) -> Any:
    """A copy of dicts, lists and tuples (and of their subclasses as plain ones), all the way down.

    NumPy scalars become Python's where those can say the same. Everything else is kept as it is,
    named tuples too.

    Args:
        value: what somebody gave as config.
        above: the path of the entry, for messages.

    Raises:
        ConfigKeyError: a key that the settings forbid.
        InvalidConfigError: a container that contains itself.
    """
    if type(value) in _LEAVES:
        return value
    try:
        return _plain(value, above, active_rules())
    except RecursionError:
        name = below("", above[0]) if above else "a config"
        raise InvalidConfigError(f"{name} contains itself; a config entry must end somewhere") from None


def simple_type(value: Any) -> type:
    """The type of a value as far as config cares: a tuple counts as list, a NumPy scalar as Python's."""
    for kind in (dict, list, tuple):
        if isinstance(value, kind):
            return list if kind is tuple else kind
    return type(_scalar(value))


def differs(one: Any, other: Any) -> bool:
    """Whether two values are not the same; NaN is NaN, True is not 1, and arrays are compared as a whole."""
    if one is other:
        return False
    if simple_type(one) is not simple_type(other):
        return True
    if isinstance(one, dict):
        return one.keys() != other.keys() or any(differs(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) != len(other) or any(map(differs, one, other))
    return not _same(_scalar(one), _scalar(other))


def _plain(value: Any, above: tuple[Any, ...], rules: list[str]) -> Any:
    kind = type(value)
    if kind in _LEAVES:
        return value
    if isinstance(value, dict):
        if rules:
            for key in value:
                check_key(key, above, rules)
        return {key: _plain(item, (*above, key), rules) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, (*above, index), rules) for index, item in enumerate(value)]
    if kind is tuple:
        return tuple([_plain(item, (*above, index), rules) for index, item in enumerate(value)])
    return _scalar(value)


def _scalar(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.generic) or value.dtype.kind not in "biufcSU":
        return value
    item = value.item()
    return item if type(item) in _LEAVES else value


def _same(one: Any, other: Any) -> bool:
    try:
        equal = one == other
        if hasattr(equal, "all"):
            return _same_array(one, other, equal)
        return bool(equal) or bool(one != one and other != other)  # noqa: PLR0124 - NaN
    except Exception:  # a user's object may raise what it likes
        return False


def _same_array(one: Any, other: Any, equal: Any) -> bool:
    if getattr(one, "shape", None) != getattr(other, "shape", None):
        return False
    both_nan = (one != one) & (other != other)  # noqa: PLR0124
    return bool((equal | both_nan).all())
