"""Which run a call belongs to: the innermost active one of the calling thread or task.

A context variable holds it, so nested runs restore, and tasks and threads do not see each other's.
"""

from __future__ import annotations

import functools
import threading
from contextlib import contextmanager
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from expkit.capture.function import Capture
    from expkit.capture.injection import Injection
    from expkit.capture.types import Owner, RunContext

    F = TypeVar("F", bound=Callable[..., Any])


class Binding(dict["Capture", "Injection"]):
    """An active run as captured functions find it: what each of them gets, prepared when first asked for.

    Args:
        context: the run; None outside all runs.
        outer: the binding in which the run is nested.
    """

    __slots__ = ("context", "outer")

    def __init__(self, context: RunContext | None, outer: Binding | None) -> None:
        super().__init__()
        self.context = context
        self.outer = outer

    def __missing__(self, capture: Capture) -> Injection:
        if self.context is None:
            return _elsewhere(capture)
        home = self._covering(capture)
        if home is None:
            return self.setdefault(capture, capture.outside)
        self[capture] = home.setdefault(capture, capture.inside(home.context))
        return self[capture]

    def _covering(self, capture: Capture) -> Binding | None:
        binding: Binding | None = self
        while binding is not None and binding.context is not None:
            if binding.context.covers(capture.owner):
                return binding
            binding = binding.outer
        return None


current: ContextVar[RunContext | None] = ContextVar("expkit_run", default=None)
"""The innermost active run of this thread or task."""

_binding: ContextVar[Binding] = ContextVar("expkit_binding", default=Binding(None, None))  # noqa: B039 - it stays empty
here = _binding.get  # the hot path of every captured call

_active: tuple[Binding, ...] = ()
_ended: Binding | None = None
_lock = threading.Lock()


@contextmanager
def activate(context: RunContext) -> Iterator[None]:
    """While the body runs, captured functions that the run covers get their arguments from it."""
    binding = Binding(context, here())
    _announce(binding)
    try:
        with _bound(binding):
            yield
    finally:
        _withdraw(binding)


def run_of(owner: Owner) -> object | None:
    """The handle of the active run that calling code means when it speaks of ``owner``; None outside all runs.

    Raises:
        AmbiguousRunError: this thread belongs to no run, and several might be meant.
    """
    binding: Binding | None = here()
    while binding is not None and binding.context is not None:
        if binding.context.covers(owner):
            return binding.context.run
        binding = binding.outer
    found = [other.context for other in _active if other.context is not None and other.context.covers(owner)]
    if len(found) > 1:
        from expkit.errors import AmbiguousRunError

        raise AmbiguousRunError(
            f"{len(found)} runs of {owner.path!r} are active, and this thread belongs to none of them; "
            "let it call what run.bind(fn) returns"
        )
    return found[0].run if found else None


def bind(context: RunContext, function: F) -> F:
    """``function`` for use in another thread: what it calls belongs to the run of ``context``.

    Coroutine and generator functions stay what they are.
    """
    from expkit.capture.within import within  # needed by few runs

    binding = next((found for found in _active if found.context is context), None) or Binding(context, None)
    return within(functools.partial(_bound, binding), function)  # type: ignore[return-value]


@contextmanager
def _bound(binding: Binding) -> Iterator[None]:
    token, outer_token = _binding.set(binding), current.set(binding.context)
    try:
        yield
    finally:
        _binding.reset(token)
        current.reset(outer_token)


def _announce(binding: Binding) -> None:
    global _active  # noqa: PLW0603 - replaced as a whole, so that readers need no lock
    with _lock:
        _active = (*_active, binding)


def _withdraw(binding: Binding) -> None:
    global _active, _ended  # noqa: PLW0603
    with _lock:
        _active = tuple(other for other in _active if other is not binding)
        _ended = binding


def _elsewhere(capture: Capture) -> Injection:
    """Outside the body of a run: what the only fitting run of the process gives, or the last one that has ended."""
    candidates = _active or (() if _ended is None else (_ended,))
    found = [binding for binding in candidates if binding.context and binding.context.covers(capture.owner)]
    if len(found) == 1:
        return found[0][capture]
    return capture.torn(len(found)) if found else capture.outside
