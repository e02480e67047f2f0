"""Values of declared types as people write them in config files: their types make them again."""

from __future__ import annotations

from enum import Enum
from pathlib import PurePath
from typing import Any

from expkit._support.odd import is_a
from expkit.config.typed.fit import Fitting
from expkit.config.typed.library import dumped
from expkit.config.typed.problems import UnfitError
from expkit.config.values import differs

_PLAIN = frozenset((type(None), bool, int, float, str))


def written(kind: Any, value: Any) -> Any:
    """A value as JSON has it, where its type makes the same of that; else the value itself.

    Args:
        kind: the type.
        value: plain, and fitting.
    """
    fit = Fitting()
    try:
        text = _written(value)
        same = not differs(fit(kind, text), fit(kind, value))
    except (UnfitError, TypeError):  # keys that nobody can write, values that nobody can sort
        return value
    return text if same else value


def _written(value: Any) -> Any:
    if type(value) is dict:
        return {_key(key): _written(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        items = [_written(item) for item in value]
        return items if type(value) in (list, tuple) else sorted(items)
    return _leaf(value)


def _leaf(value: Any) -> Any:
    if type(value) in _PLAIN or hasattr(value, "get_secret_value"):
        return value
    if is_a(value, Enum):
        return value.name
    return str(value) if is_a(value, PurePath) else dumped(type(value), value)


def _key(key: Any) -> str:
    text = _written(key)
    return text if type(text) is str else repr(text)
