"""Who is told of a run that goes on: those of the start, and those that hooks or main add to it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from expkit._support.odd import safe_repr, said
from expkit.observers.opening import open_observer

if TYPE_CHECKING:
    from expkit.observers.base import RunObserver
    from expkit.run.handle import Run


class Audience:
    """The observers of one run, from its start on.

    Args:
        run: whose ``observers`` these are; sorted by priority here, and empty where it is unobserved.

    Attributes:
        opened: who is told of the start.

    Raises:
        NoObserverError: something that is no observer.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        run.observers = [] if run.unobserved else sorted(run.observers, key=_rank)
        self._known: list[Any] = [*run.observers]
        self._lock = threading.Lock()
        self.opened = [self._open(observer) for observer in run.observers]

    def admit(self) -> None:
        """Tell observers that were added since of the run; they hear of everything that comes."""
        new = [one for one in self._run.observers or () if not any(one is known for known in self._known)]
        if not new or self._run.unobserved or self._run.recorder.over or not self._lock.acquire(blocking=False):
            return
        try:
            self._known += new
            for observer in new:
                self._let_in(observer)
        finally:
            self._lock.release()

    def _let_in(self, observer: Any) -> None:
        from expkit.run.used.watch import disown_store_of

        run = self._run
        was_alone = run.recorder.log.folder is None
        try:
            opened = self._open(observer)
            disown_store_of(opened)
            answer = run.recorder.join(opened, run._id)
        except Exception as error:
            run.recorder.gap(f"observer {safe_repr(observer)} came late and could not take in the run: {said(error)}")
            return
        run._id = run._id or answer
        if was_alone:
            run.opened()

    def _open(self, observer: Any) -> RunObserver:
        return open_observer(observer, self._run.plan.config, self._run.plan.inputs.options)


def _rank(observer: Any) -> float:
    return -float(getattr(observer, "priority", 0))
