"""Signals that end a program end its run: as interrupted, with the cause in the record."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

CAUSES = {
    "SIGTERM": "terminated (SIGTERM)",
    "SIGHUP": "its terminal was closed (SIGHUP)",
    "SIGXCPU": "its limit of processor time was reached (SIGXCPU)",
    "SIGUSR1": "told to end by the scheduler (SIGUSR1)",
    "SIGUSR2": "told to end by the scheduler (SIGUSR2)",
}
"""Signals that end a run, and what is said about them. The last two do so only under a scheduler."""

SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "SGE_TASK_ID", "OAR_JOB_ID", "FLUX_JOB_ID", "_CONDOR_JOB_AD")
"""Environment variables by which schedulers name their jobs; they warn by a signal before the time is up."""

_INSISTING = 3


class Terminated(SystemExit):
    """A signal came while a run was going on; exits with 128 and its number, as shells have it.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number

    @property
    def cause(self) -> str:
        """One sentence for the record."""
        return CAUSES.get(signal.Signals(self.number).name, f"ended by signal {self.number}")


class SignalGuard:
    """Turns signals that would end the program into :class:`Terminated` while a run lasts.

    Only in the main thread, and only where a signal is at its default: one that somebody handles or ignores (``nohup``)
    is left alone. A handler that is installed later may call ours.
    """

    def __init__(self) -> None:
        self._taken: list[int] = []

    def __enter__(self) -> None:
        if not _in_main_thread():
            return
        for number in _wanted():
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _on_signal)
                self._taken.append(number)
        _guards.append(self)

    def __exit__(self, *exc: object) -> None:
        if self in _guards:
            _guards.remove(self)
        for number in self._taken if _in_main_thread() else ():
            if signal.getsignal(number) is _on_signal:
                signal.signal(number, signal.SIG_DFL)


class Deferred:
    """While the body runs, what the guard takes, and Ctrl-C, waits: so that a second signal cannot spoil the end.

    Whoever insists, with three signals, comes through.
    """

    def __init__(self) -> None:
        self._has_keyboard = False
        self.numbers: list[int] = []

    def __enter__(self) -> Deferred:  # noqa: PYI034 - `Self` needs Python 3.11
        if _in_main_thread():
            _deferring.append(self)
            self._has_keyboard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
            if self._has_keyboard:
                signal.signal(signal.SIGINT, _on_signal)
        return self

    def __exit__(self, *exc: object) -> None:
        self.give_keyboard_back()
        if self in _deferring:
            _deferring.remove(self)

    def give_keyboard_back(self) -> None:
        """Let Ctrl-C interrupt again."""
        if self._has_keyboard and signal.getsignal(signal.SIGINT) is _on_signal:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._has_keyboard = False

    def raise_again(self) -> None:
        """Let the first of the signals that came have its way now.

        Raises:
            KeyboardInterrupt, Terminated: according to the signal.
        """
        if self.numbers:
            _raise(self.numbers[0])


_guards: list[SignalGuard] = []
_deferring: list[Deferred] = []


def _on_signal(number: int, frame: FrameType | None) -> Any:  # noqa: ARG001
    if _deferring:
        _deferring[-1].numbers.append(number)
        if len(_deferring[-1].numbers) < _INSISTING:
            return
    elif not _guards:  # a handler that somebody installed during a run has outlived it, and calls ours
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    _raise(number)


def _raise(number: int) -> None:
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _wanted() -> Iterator[int]:
    scheduled = any(name in os.environ for name in SCHEDULERS)
    for name in CAUSES:
        if hasattr(signal, name) and (scheduled or not name.startswith("SIGUSR")):
            yield getattr(signal, name)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _leave_to_the_system() -> None:
    """In a forked child no run is going on: whoever terminates it wants it to end, not to clean up."""
    for guard in [*_guards]:
        guard.__exit__()
    for deferred in [*_deferring]:
        deferred.__exit__()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_system)
