"""Capturing whole classes: their constructors get what is left out."""

from __future__ import annotations

import sys
from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_CONSTRUCTORS = ("__new__", "__init__")


def capture_class(cls: type, capture: Callable[[Any], Any]) -> type:
    """A class whose ``__new__`` and ``__init__`` are captured.

    A class that is just being defined is changed in place, so that ``super()``, pickling and identity stay as
    they are. One that already has its name somewhere is left alone: the result is then a subclass.

    Args:
        cls: the class.
        capture: captures one function.

    Raises:
        TypeError: its constructors are not written in Python.
    """
    found = {name: function for name in _CONSTRUCTORS if (function := _own_or_inherited(cls, name))}
    if not found:
        raise TypeError(
            f"cannot capture class {cls.__qualname__}: neither its __init__ nor its __new__ is a Python function"
        )
    target = _subclass(cls) if _has_its_name(cls) else cls
    for name, function in found.items():
        wrapper = capture(function)
        setattr(target, name, staticmethod(wrapper) if name == "__new__" else wrapper)
    return target


def constructors(cls: type) -> list[Any]:
    """Those of ``__new__`` and ``__init__`` that are written in Python."""
    return [function for name in _CONSTRUCTORS if (function := _own_or_inherited(cls, name))]


def _own_or_inherited(cls: type, name: str) -> Any:
    found = next(vars(base)[name] for base in cls.__mro__ if name in vars(base))
    found = found.__func__ if isinstance(found, staticmethod) else found
    return found if isinstance(found, FunctionType) else None


def _has_its_name(cls: type) -> bool:
    """Whether the class statement is over: its module, or the function that captures it, knows the class."""
    found: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("expkit."):
        frame = frame.f_back
    return found is cls or frame.f_locals.get(cls.__name__) is cls


def _subclass(cls: type) -> type:
    def reduce_ex(self: Any, protocol: Any) -> Any:
        """Pickled as an object of the original class, which is the one that its name leads to."""
        reduced = super(subclass, self).__reduce_ex__(protocol)
        if isinstance(reduced, str):
            return reduced
        make, args, *rest = reduced
        return (_make, (make, *(cls if part is subclass else part for part in args)), *rest)

    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    subclass: Any = type(cls)(cls.__name__, (cls,), {**names, "__reduce_ex__": reduce_ex})
    return subclass  # type: ignore[no-any-return]


def _make(make: Callable[..., Any], *args: Any) -> Any:
    # pickle knows the usual makers by sight and insists that they are given the object's own class
    return make(*args)
