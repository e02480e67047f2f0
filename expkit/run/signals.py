"""SIGTERM ends a run as interrupted, with its cause in the record."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType


class Terminated(SystemExit):
    """SIGTERM came while a run was going on; exits with 143, as shells have it."""


class TerminationGuard:
    """Turns SIGTERM into :class:`Terminated` while a run lasts.

    Only in the main thread, and only where nobody else handles the signal.
    """

    def __init__(self) -> None:
        self._mine = False

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGTERM"):
            self._mine = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        if self._mine:
            signal.signal(signal.SIGTERM, _terminate)

    def __exit__(self, *exc: object) -> None:
        if self._mine and signal.getsignal(signal.SIGTERM) is _terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave_to_the_system() -> None:
    """In a forked child no run is going on: whoever terminates it wants it to end, not to clean up."""
    if signal.getsignal(signal.SIGTERM) is _terminate:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_system)


def _terminate(number: int, frame: FrameType | None) -> Any:  # noqa: ARG001
    raise Terminated(128 + number)
