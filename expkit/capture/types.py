"""Types of the capture room: what it needs of a run and of an owner, and what type checkers are told.

Imported for type checking only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping

    from expkit.errors import ConfigError

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")
T = TypeVar("T")
F = TypeVar("F", bound="Callable[[], Any]")
"""A function all of whose parameters have defaults, ``from_config`` say: it keeps its type, so its calls are checked."""


class Owner(Protocol):
    """Whose config a captured function sees: an ingredient or experiment."""

    path: str


class RunContext(Protocol):
    """What captured functions see of one active run.

    ``owner`` is an ingredient of the run, ``prefix`` a dotted path inside its namespace or None.
    """

    @property
    def run(self) -> object:
        """The handle that functions get as ``_run``."""
        ...

    def covers(self, owner: Any) -> bool:
        """Whether the ingredient takes part in this run."""
        ...

    def values(self, owner: Any, prefix: str | None) -> Mapping[str, Any]:
        """The entries visible to a function; shared, not to be changed."""
        ...

    def objects(self, owner: Any, prefix: str | None, name: str, value: Any) -> Any:
        """The value of an entry with new objects in the place of what is of a class type; itself where nothing is."""
        ...

    def copy(self, value: Any) -> Any:
        """One function's copy of a value: containers copied, everything else as it is."""
        ...

    def config(self, owner: Any, prefix: str | None) -> dict[str, Any]:
        """One function's copy of the whole namespace, its ``_config``."""
        ...

    def logger(self, owner: Any, name: str) -> logging.Logger:
        """The logger of a function of that name."""
        ...

    def next_seed(self, owner: Any, qualname: str) -> int:
        """The next seed of a function's own stream."""
        ...

    def rng(self, seed: int) -> Any:
        """A new random generator."""
        ...

    def read(self, owner: Any, prefix: str | None, names: Iterable[str]) -> None:
        """Notes that entries were read; the name ``""`` stands for the whole namespace."""
        ...

    def blame(self, owner: Any, prefix: str | None, error: ConfigError) -> None:
        """Names the entries that an error blames, as the function sees them, from the root of the config."""
        ...

    def handed_out(self, owner: Any, prefix: str | None, name: str, original: Any, copy: Any) -> None:
        """Notes which copy of a container a function got; the name ``""`` is the whole namespace."""
        ...


class Captured(Protocol[P, R_co]):
    """A captured function: callers may leave out any argument, what it returns is known.

    The first overload lets editors show the parameters, the second one lets arguments be left out.
    """

    __name__: str
    __qualname__: str
    prefix: str | None
    place: str

    @property
    def __wrapped__(self) -> Callable[P, R_co]: ...

    @property
    def owner(self) -> Any:
        """The ingredient whose config it sees."""
        ...

    @property
    def parameters(self) -> Mapping[str, bool]:
        """The entries that it can take, and whether each has a default."""
        ...

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> R_co: ...

    @overload
    def __get__(self, instance: None, owner: type, /) -> Captured[P, R_co]: ...
    @overload
    def __get__(
        self: Captured[Concatenate[S, Q], T], instance: object, owner: type | None = None, /
    ) -> Captured[Q, T]: ...


# Classes, static- and classmethods are callables, too: the first overload that fits is meant to win.


class CaptureDecorator(Protocol):
    """What ``capture(prefix=...)`` returns."""

    @overload
    def __call__(self, function: type[T], /) -> type[T]: ...  # type: ignore[overload-overlap] # pyright: ignore[reportOverlappingOverload]
    @overload
    def __call__(self, function: staticmethod[P, R], /) -> staticmethod[..., R]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, function: classmethod[T, P, R], /) -> classmethod[T, ..., R]: ...
    @overload
    def __call__(self, function: F, /) -> F: ...
    @overload
    def __call__(self, function: Callable[P, None], /) -> Callable[..., None]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, function: Callable[P, R], /) -> Captured[P, R]: ...


class CaptureMethod(Protocol):
    """The method ``capture`` of ingredients: used bare or with a prefix.

    What returns None becomes a plain callable: mypy takes nothing else for an ``__init__``.
    """

    @overload
    def __call__(self, *, prefix: str | None = None) -> CaptureDecorator: ...
    @overload
    def __call__(self, function: type[T], /, prefix: str | None = None) -> type[T]: ...  # type: ignore[overload-overlap] # pyright: ignore[reportOverlappingOverload]
    @overload
    def __call__(self, function: staticmethod[P, R], /, prefix: str | None = None) -> staticmethod[..., R]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, function: classmethod[T, P, R], /, prefix: str | None = None) -> classmethod[T, ..., R]: ...
    @overload
    def __call__(self, function: F, /, prefix: str | None = None) -> F: ...
    @overload
    def __call__(self, function: Callable[P, None], /, prefix: str | None = None) -> Callable[..., None]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, function: Callable[P, R], /, prefix: str | None = None) -> Captured[P, R]: ...


class CommandMethod(Protocol):
    """The method ``command`` of ingredients: like ``capture``, and may say that nothing is recorded."""

    @overload
    def __call__(self, *, prefix: str | None = None, unobserved: bool = False) -> CaptureDecorator: ...
    @overload
    def __call__(self, function: F, /, prefix: str | None = None, unobserved: bool = False) -> F: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[P, None], /, prefix: str | None = None, unobserved: bool = False
    ) -> Callable[..., None]: ...
    @overload
    def __call__(
        self, function: Callable[P, R], /, prefix: str | None = None, unobserved: bool = False
    ) -> Captured[P, R]: ...
