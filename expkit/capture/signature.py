"""The parameters of a function, read from its code object (``inspect`` costs milliseconds to import)."""

from __future__ import annotations

import sys
from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

SPECIALS = frozenset(("_config", "_run", "_log", "_seed", "_rnd"))
"""Parameters that get what belongs to the run; entries of the same name never reach them."""

_RECEIVERS = frozenset(("self", "cls", "mcs", "metacls"))
_CO_VARARGS, _CO_VARKEYWORDS = 0x04, 0x08


class Parameters:
    """What a function takes.

    Attributes:
        positional: names that may be given by position, in order.
        only_positional: how many of them may only be given by position.
        only_keyword: names that may only be given by name.
        defaults: name to default value; ``from_config`` is none.
        receiver: whether the first one is the ``self`` or ``cls`` that a method gets from Python.
        direct: whether calling the function binds exactly these (a decorated function binds them further inside).
    """

    __slots__ = ("defaults", "direct", "only_keyword", "only_positional", "positional", "receiver")

    def __init__(
        self,
        positional: tuple[str, ...],
        only_positional: int,
        only_keyword: tuple[str, ...],
        defaults: dict[str, Any],
        *,
        receiver: bool = False,
        direct: bool = False,
    ) -> None:
        self.positional = positional
        self.only_positional = only_positional
        self.only_keyword = only_keyword
        self.defaults = _real(defaults)
        self.receiver = receiver
        self.direct = direct

    def entries(self) -> dict[str, bool]:
        """The names that config can fill, and whether each has a default."""
        names = (*self.positional[self.receiver :], *self.only_keyword)
        return {name: name in self.defaults for name in names if name not in SPECIALS}


def _real(defaults: dict[str, Any]) -> dict[str, Any]:
    marker = sys.modules.get("expkit.capture.marker")  # not loaded: nobody has one
    if marker is None:
        return defaults
    return {name: value for name, value in defaults.items() if value is not marker.from_config}


def read_parameters(function: Callable[..., Any], *, receiver: bool | None = None) -> Parameters:
    """The parameters of any callable.

    Args:
        function: a function, or something decorated that knows what it wraps, or a callable object.
        receiver: whether the first one comes from Python; None means to judge by qualname and name.

    Raises:
        TypeError: nobody can know them.
    """
    inner = _innermost(function)
    if not isinstance(inner, FunctionType):
        return _inspected(function)
    read = _from_code(inner)
    read.direct = inner is function
    read.receiver = _has_receiver(inner, read) if receiver is None else receiver
    return read


def _innermost(function: Any) -> Any:
    while hasattr(function, "__wrapped__") and not hasattr(function, "__signature__"):
        function = function.__wrapped__
    return None if hasattr(function, "__signature__") else function


def _from_code(function: FunctionType) -> Parameters:
    code = function.__code__
    count, names = code.co_argcount, code.co_varnames
    positional = names[:count]
    defaults = function.__defaults__ or ()
    return Parameters(
        positional,
        code.co_posonlyargcount,
        names[count : count + code.co_kwonlyargcount],
        {**dict(zip(positional[count - len(defaults) :], defaults, strict=True)), **(function.__kwdefaults__ or {})},
    )


def _has_receiver(function: FunctionType, parameters: Parameters) -> bool:
    in_class = "." in function.__qualname__.rpartition("<locals>.")[2]
    return in_class and bool(parameters.positional) and parameters.positional[0] in _RECEIVERS


def _inspected(function: Callable[..., Any]) -> Parameters:
    import inspect

    try:
        found = inspect.signature(function).parameters.values()
    except ValueError as error:
        raise TypeError(f"cannot capture {function!r}: its parameters are not known to Python ({error})") from None
    by_position = [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return Parameters(
        tuple(by_position),
        sum(p.kind is p.POSITIONAL_ONLY for p in found),
        tuple(p.name for p in found if p.kind is p.KEYWORD_ONLY),
        {p.name: p.default for p in found if p.default is not p.empty},
    )


def refuse_wrong(function: FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise what Python raises if arguments do not fit the function, unless there are just too few of them.

    Raises:
        TypeError: in the interpreter's own words.
    """
    code = function.__code__
    empty = _empty(code)
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    lenient = _twin(function, empty, (None,) * code.co_argcount, dict.fromkeys(names))
    try:
        lenient(*args, **kwargs)
    except TypeError:
        # the message counts the defaults, so it has to come from a twin that has just as many
        _twin(function, empty, function.__defaults__, function.__kwdefaults__)(*args, **kwargs)


def _twin(function: FunctionType, code: CodeType, defaults: Any, kwdefaults: Any) -> FunctionType:
    twin = FunctionType(code, {}, function.__name__, defaults)
    twin.__kwdefaults__ = kwdefaults
    twin.__qualname__ = function.__qualname__
    return twin


def _empty(code: CodeType) -> CodeType:
    """Code that takes the same arguments and does nothing."""
    stars = code.co_flags & (_CO_VARARGS | _CO_VARKEYWORDS)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + stars.bit_count()]
    return _nothing.__code__.replace(
        co_argcount=code.co_argcount,
        co_posonlyargcount=code.co_posonlyargcount,
        co_kwonlyargcount=code.co_kwonlyargcount,
        co_nlocals=len(names),
        co_varnames=names,
        co_flags=_nothing.__code__.co_flags | stars,
    )


def _nothing() -> None: ...
