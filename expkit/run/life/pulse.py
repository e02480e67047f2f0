"""What a run does from time to time: one pulse gives signs of life, one beats. A slow beat must not look like death."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING

from expkit.run.clock import LateThread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger("expkit")


class Pulse:
    """Calls ``job`` at its interval until stopped, in a thread of its own that begins with the first call.

    Args:
        job: what is done.
        interval: seconds between two calls; 0 or less for none.
        name: of the thread, after ``expkit``.
    """

    def __init__(self, job: Callable[[], None], interval: float, name: str) -> None:
        self._job = job
        self._interval = interval
        self._stop = threading.Event()
        self._thread = LateThread(self._run, name, interval) if interval > 0 else None

    def ask(self) -> None:
        """Let there be no more calls."""
        self._stop.set()
        if self._thread is not None:
            self._thread.call_off()

    def stopped(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for a call in progress; whether the thread has ended.

        A disk that does not answer may hold it for ever.
        """
        return self._thread is None or self._thread.ended(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._job()
            except Exception:
                log.warning("a beat failed; the run goes on", exc_info=True)
            self._stop.wait(self._interval)


def stop(pulses: Sequence[Pulse], patience: float) -> bool:
    """End them all, waiting up to ``patience`` seconds altogether; whether all have ended."""
    for pulse in pulses:
        pulse.ask()
    deadline = monotonic() + patience
    return all(pulse.stopped(max(0.0, deadline - monotonic())) for pulse in pulses)
