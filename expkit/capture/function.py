"""``capture``: functions whose callers may leave out what the run's config has.

A wrapper holds nothing but its :class:`Capture`, and that pickles by reference. So what copies functions
by value (cloudpickle does, for those of a script) still ends up at the function of the imported script.
"""

from __future__ import annotations

import functools
from types import MethodType

from expkit.capture import binding
from expkit.capture.injection import Injection
from expkit.capture.reference import address, load
from expkit.capture.signature import read_parameters
from expkit.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from typing import Any

    from expkit.capture.types import Owner, RunContext

_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


def capture(target: Any, owner: Owner, prefix: str | None = None) -> Any:
    """Let callers of ``target`` leave out what the config of ``owner`` has.

    Explicit arguments win over config and special values, these over defaults.

    Args:
        target: a function, method, coroutine or generator function, static- or classmethod, class, or any callable
            whose parameters Python knows.
        owner: the ingredient whose config is seen.
        prefix: dotted path inside that config; the function sees only what is below.

    Returns:
        The same kind of thing. Of a class that is just being defined, the class itself.

    Raises:
        TypeError: it cannot be captured.
    """
    if isinstance(target, (staticmethod, classmethod)):
        receiver = isinstance(target, classmethod)
        return type(target)(_wrapped(Capture(target.__func__, owner, prefix, receiver=receiver)))
    if isinstance(target, type):
        from expkit.capture.classes import capture_class

        return capture_class(target, functools.partial(capture, owner=owner, prefix=prefix))
    if not callable(target):
        raise TypeError(_NOT_CALLABLE.format(target))
    known = capture_of(target)
    if known is not None and known.owner is owner and known.prefix == prefix:
        return target
    return _wrapped(Capture(target, owner, prefix))


def wrappers_in(captured: Any) -> tuple[Any, ...]:
    """The wrappers in what :func:`capture` returned: itself, the one inside a descriptor, those of a class."""
    if isinstance(captured, type):
        from expkit.capture.classes import constructors

        found = constructors(captured)
    else:
        found = [getattr(captured, "__func__", captured)]
    return tuple(function for function in found if capture_of(function))


def capture_of(function: object) -> Capture | None:
    """The definition behind a wrapper, also behind one that is bound to an object; None for anything else."""
    known = getattr(getattr(function, "__func__", function), "__dict__", {}).get("__wrapped__")
    return known if isinstance(known, Capture) else None


class Capture:
    """The definition behind a wrapper: a function, whose config it sees, and where in it.

    Attributes:
        function: the user's function, unchanged.
        owner: the ingredient whose config it sees.
        prefix: dotted path inside that config, or None.
        parameters: what the function takes.
        names: all parameters that can be filled.
        strict: whether missing arguments are an error here; else a captured function further inside finds them.
        place: file and line of the function.
        outside: what it gets outside all runs.
    """

    __slots__ = (
        "__weakref__", "function", "name", "names", "outside", "owner",
        "parameters", "place", "prefix", "qualname", "strict",
    )  # fmt: skip

    def __init__(
        self, function: Callable[..., Any], owner: Owner, prefix: str | None, *, receiver: bool | None = None
    ) -> None:
        self.function = function
        self.owner = owner
        self.prefix = prefix
        self.parameters = read_parameters(function, receiver=receiver)
        self.names = (*self.parameters.positional, *self.parameters.only_keyword)
        self.strict = capture_of(function) is None
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self.qualname: str = getattr(function, "__qualname__", self.name)
        self.place = _place(function)
        self.outside = Injection(self, None)

    def inside(self, context: RunContext | None) -> Injection:
        """What it gets in a run."""
        return Injection(self, context)

    def torn(self, rivals: int) -> Injection:
        """What it gets where ``rivals`` runs might be meant."""
        return Injection(self, None, rivals)

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The user's function, found here by ``inspect.unwrap`` and all that reads signatures."""
        return self.function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the user's function as it is."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<capture of {self.qualname} at {self.place}>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str | None, str]]:
        where = address(self.function.__module__, self.qualname, lambda found: capture_of(found) is self, repr(self))
        return _load_capture, where

    def logged(self, log: logging.Logger, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function with debug lines around; of a coroutine, around its whole life."""
        from expkit.capture.timing import timed

        return timed(log, self.function, args, kwargs)


class Routine:
    """Wrapper of a coroutine or generator function: ``inspect`` still takes it for one.

    A plain function would not do: its own code object says that it is neither.
    """

    def __init__(self, capture: Capture, call: Callable[..., Any]) -> None:
        self._capture = capture
        self._call = call

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call it; what is missing is filled now, not when it is awaited or iterated."""
        return self._call(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __getattr__(self, name: str) -> Any:
        if name == "_capture":  # half-made, by copy or pickle
            raise AttributeError(name)
        return getattr(self._capture.function, name)

    def __repr__(self) -> str:
        return f"<captured {self._capture.function!r}>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _load_wrapper, self._capture.__reduce__()[1]


def _wrapped(capture: Capture) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        injection = binding.here()[capture]
        if kwargs or len(args) < injection.least:
            return injection.call(args, kwargs)
        ready = args + injection.ready[len(args) :] if args else injection.ready
        try:
            if injection.named:
                return injection.function(*ready, **injection.named)
            return injection.function(*ready)
        except (TypeError, ConfigError) as error:
            injection.judge(error)
            raise

    wrapper: Any = Routine(capture, call) if _is_routine(capture.function) else call
    functools.update_wrapper(wrapper, capture.function)
    wrapper.__wrapped__ = capture
    wrapper.owner = capture.owner
    wrapper.prefix = capture.prefix
    wrapper.qualname = capture.qualname
    wrapper.parameters = capture.parameters.entries()
    wrapper.place = capture.place
    return wrapper  # type: ignore[no-any-return]


def _is_routine(function: Callable[..., Any]) -> bool:
    flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
    return bool(flags & (_GENERATOR | _COROUTINE | _ASYNC_GENERATOR))


def _place(function: Any) -> str:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else getattr(function, "__module__", "") or "?"


def _load_wrapper(*where: Any) -> Any:
    found = load(*where)
    return getattr(found, "__func__", found)


def _load_capture(*where: Any) -> Capture | None:
    return capture_of(load(*where))


_NOT_CALLABLE = "cannot capture {!r}: it is no function (of a property, capture the function below @property)"
