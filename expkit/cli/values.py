"""How a user's values look on a terminal."""

from __future__ import annotations

from reprlib import Repr
from typing import Any

from expkit._support.odd import RAISED, is_a, safe_repr, tolerate

_LONGEST = 60


def name_of(thing: Any) -> str:
    """``module:qualname`` of a class or function."""
    return f"{thing.__module__}:{thing.__qualname__}"


def short(value: Any) -> str:
    """A value on one line, cut where it is long; cheap for values of any size."""
    try:
        text = " ".join(_SHORT.repr(value).split())
    except RAISED as error:
        tolerate(error)
        return safe_repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def pretty(value: Any, width: int) -> str:
    """A value as Python would write it, on as many lines as it needs; classes and functions as ``module:qualname``."""
    import pprint
    from types import BuiltinFunctionType, FunctionType

    class Printer(pprint.PrettyPrinter):
        def format(self, object: Any, context: dict[int, int], maxlevels: int, level: int) -> tuple[str, bool, bool]:
            if is_a(object, (type, FunctionType, BuiltinFunctionType)):
                return name_of(object), True, False
            return super().format(object, context, maxlevels, level)

    try:
        return Printer(width=width, sort_dicts=False).pformat(value)
    except RAISED as error:
        tolerate(error)
        return safe_repr(value)


def as_typed(value: Any) -> Any:
    """A value of a declared type as people type it: a path as its text, a member of an enumeration as its name."""
    from enum import Enum
    from pathlib import PurePath

    if is_a(value, Enum):
        return _Bare(value.name)
    if is_a(value, PurePath):
        return str(value)
    if type(value) is dict:
        return {key: as_typed(item) for key, item in value.items()}
    return type(value)(map(as_typed, value)) if type(value) in (list, tuple) else value


class _Bare(str):
    """A text that is shown without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


class _Short(Repr):
    """reprlib finds these methods by the name of the value's type."""

    def repr_type(self, value: Any, level: int) -> str:  # noqa: ARG002
        return name_of(value)

    repr_function = repr_builtin_function_or_method = repr_ABCMeta = repr_type  # noqa: N815


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = _LONGEST
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = 10
