"""Values that are no containers, made to fit."""

from __future__ import annotations

import math
from enum import Enum, Flag
from functools import reduce
from operator import or_
from pathlib import PurePath
from typing import Any, get_origin

from expkit._support.odd import is_a, safe_repr
from expkit._support.secrets import Secret
from expkit.config.typed.library import validated
from expkit.config.typed.problems import choose_one, unfit

At = tuple[Any, ...]

BUILTIN = frozenset((bool, int, float, str, bytes, complex, type(None)))
"""Types whose values need no look where they have just this type."""


def fit_leaf(kind: Any, value: Any, at: At) -> Any:
    """A value as one of a type that is neither a container nor a union.

    Args:
        kind: the type.
        value: what was given.
        at: its keys, for messages.

    Raises:
        UnfitError: it does not fit.
    """
    if kind in (int, float, complex):
        return _number(kind, value, at)
    if not isinstance(kind, type) or get_origin(kind) is not None or kind in BUILTIN:
        return validated(kind, (), value, at)
    if is_one(value, kind) or is_unaskable(kind):
        return value
    return _converted(kind, value, at)


def _converted(kind: type, value: Any, at: At) -> Any:
    """A value as an instance of a class."""
    if kind is Secret:
        return _secret(value, at)
    if issubclass(kind, Enum):
        return _member(kind, value, at)
    if issubclass(kind, PurePath) and type(value) is str:
        return kind(value)
    return _scalar(kind, value, at) if is_of_numpy(kind) else validated(kind, (), value, at)


def is_one(value: Any, kind: type) -> bool:
    """Whether a value is an instance of a class; False for a class that cannot be asked."""
    try:
        return is_a(value, kind)
    except TypeError:
        return False


def is_unaskable(kind: type) -> bool:
    """Whether a class is a protocol that nobody made checkable: any value may be one."""
    return bool(getattr(kind, "_is_protocol", False)) and not getattr(kind, "_is_runtime_protocol", False)


def is_of_numpy(kind: type) -> bool:
    """Whether a class is that of a number of numpy's, without loading it."""
    return any(base.__module__ == "numpy" and base.__name__ == "generic" for base in kind.__mro__)


def _scalar(kind: Any, value: Any, at: At) -> Any:
    """A number of numpy's, made of one of Python's that loses nothing by it."""
    plain = next((one for one in (bool, int, float, complex, str, bytes) if isinstance(kind(0).item(), one)), None)
    if plain is None:
        return validated(kind, (), value, at)
    wanted = fit_leaf(plain, value.item() if is_of_numpy(type(value)) else value, at) if plain is not bool else value
    try:
        made = kind(wanted)
    except (OverflowError, ValueError, TypeError):
        raise unfit(at, value, f"it does not fit {kind.__name__}") from None
    if plain in (int, bool) and not same(made.item(), wanted):
        raise unfit(at, value, f"it does not fit {kind.__name__}")
    return made


def _number(kind: Any, value: Any, at: At) -> Any:
    """The commonest conversions, for which no library is loaded."""
    if type(value) is bool:
        raise unfit(at, value, f"it should be a {_words(kind)}, not a bool")
    if kind is float and type(value) is int:
        return _as_float(value, at)
    if kind is int and type(value) is float and math.isfinite(value) and value == int(value):
        return int(value)
    return validated(kind, (), value, at)


def _as_float(value: int, at: At) -> float:
    try:
        return float(value)
    except OverflowError:
        raise unfit(at, value, "it is too large for a float") from None


def _secret(value: Any, at: At) -> Secret:
    if type(value) in (str, int, Secret):
        return Secret(value if type(value) is Secret else str(value))
    raise unfit(at, value, "it should be a text")


def _member(kind: type[Enum], value: Any, at: At) -> Enum:
    if is_a(value, kind):
        return value  # type: ignore[no-any-return]
    try:
        if type(value) is not bool:
            return kind(tuple(value) if type(value) is list else value)
    except (ValueError, TypeError):
        pass
    if type(value) is str:
        if value in kind.__members__:
            return kind[value]
        if issubclass(kind, Flag) and all(name in kind.__members__ for name in _flags(value)):
            return reduce(or_, [kind[name] for name in _flags(value)])
    raise unfit(at, value, choose_one(value, list(kind)))


def _flags(text: str) -> list[str]:
    return [name.strip() for name in text.split("|")]


def one_of(choices: tuple[Any, ...], value: Any, at: At) -> Any:
    """The choice that a value means; an Enum's member also by its name or value.

    Args:
        choices: of a ``Literal``.
        value: what was given.
        at: its keys, for messages.

    Raises:
        UnfitError: it is none of them.
    """
    for choice in choices:
        if same(choice, value):
            return choice
    for choice in choices:
        if is_a(choice, Enum) and (same(choice.value, value) or choice.name == value):
            return choice
        if type(value) is float and type(choice) is int and value == choice:
            return choice
    raise unfit(at, value, choose_one(value, list(choices)))


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of one type: True is not 1."""
    return type(one) is type(other) and bool(one == other)


def _words(kind: type) -> str:
    return {int: "whole number", float: "number"}.get(kind, safe_repr(kind.__name__))
