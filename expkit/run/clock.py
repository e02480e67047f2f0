"""Threads that begin late, so that a run that is over by then never has them: :class:`LateThread`.

One thread of the process, the clock, waits for what is due next and starts it. It does no work itself, so that nothing
is ever late because something else is slow; and it ends when nothing waits.
"""

from __future__ import annotations

import os
import threading
from time import monotonic
from typing import TYPE_CHECKING

from expkit._support.threads import OwnThread

if TYPE_CHECKING:
    from collections.abc import Callable

_RETRY = 1.0  # seconds until a thread is tried again that the system would not start


class LateThread:
    """A daemon thread that begins in a while, unless it is called off before.

    Args:
        target: what is done.
        name: of the thread, after ``expkit``.
        delay: seconds until it begins.

    Attributes:
        due: when it begins, on the monotonic clock.

    Raises:
        RuntimeError: the system has no more threads, so that nobody would start it.
    """

    def __init__(self, target: Callable[[], object], name: str, delay: float) -> None:
        self.due = monotonic() + delay
        self._target = target
        self._name = name
        self._is_off = False
        self._thread: threading.Thread | None = None
        _enter(self)

    @property
    def is_waiting(self) -> bool:
        """Whether it has still to begin."""
        return self._thread is None and not self._is_off

    def begin(self) -> None:
        """Begin now, unless it has begun or is called off."""
        with _lock:
            if self.is_waiting:
                self._thread = _started(self._target, self._name)
                self._forget()

    def call_off(self) -> bool:
        """Let it begin no more; False if it has begun."""
        with _lock:
            self._is_off = True
            self._forget()
            return self._thread is None

    def _forget(self) -> None:
        """Let go of what would be done: it may hold a whole run, and the clock may sleep for long."""
        self._target = _nothing
        if self in _waiting:
            _waiting.remove(self)

    def ended(self, seconds: float | None) -> bool:
        """Wait up to ``seconds``, or as long as it takes, for the end; whether there is nothing to wait for any more."""
        with _lock:  # the clock may be just about to begin it
            thread = self._thread
        if thread is None:
            return self._is_off
        thread.join(seconds)
        return not thread.is_alive()


def _nothing() -> None:
    pass


def _started(target: Callable[[], object], name: str) -> OwnThread:
    thread = OwnThread(target, name)
    thread.start()
    return thread


_lock = threading.RLock()
_changed = threading.Condition(_lock)
_waiting: list[LateThread] = []
_clock: threading.Thread | None = None
_wakes = 0.0


def _enter(late: LateThread) -> None:
    global _clock  # noqa: PLW0603
    with _lock:
        if _clock is None:
            _clock = _started(_tick, "clock")
        elif late.due < _wakes:
            _changed.notify()
        _waiting.append(late)


def _tick() -> None:
    global _clock, _wakes  # noqa: PLW0603
    with _lock:
        while True:
            now = monotonic()
            for late in sorted((late for late in _waiting if late.due <= now), key=_due):
                _begin(late, now)
            _waiting[:] = [late for late in _waiting if late.is_waiting]
            if not _waiting:
                _clock = None
                return
            _wakes = min(map(_due, _waiting))
            _changed.wait(_wakes - now)


def _due(late: LateThread) -> float:
    return late.due


def _begin(late: LateThread, now: float) -> None:
    try:
        late.begin()
    except RuntimeError:  # no more threads for now
        late.due = now + _RETRY


def _after_fork() -> None:
    """A forked child has neither the clock nor what it would start."""
    global _clock, _lock, _changed  # noqa: PLW0603 - another thread may have held it
    _lock = threading.RLock()
    _changed = threading.Condition(_lock)
    _waiting.clear()
    _clock = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
