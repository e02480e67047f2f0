"""Background threads of a run: one gives signs of life, one beats. A slow beat must not look like death."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger("expkit")


class Pulse:
    """Calls ``job`` at its interval until stopped, in a thread of its own.

    Args:
        job: what is done.
        interval: seconds between two calls; 0 or less for none.
        name: of the thread.
    """

    def __init__(self, job: Callable[[], None], interval: float, name: str) -> None:
        self._job = job
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        if interval > 0:
            self._thread.start()

    def ask(self) -> None:
        """Let there be no more calls."""
        self._stop.set()

    def stopped(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for a call in progress; whether the thread has ended.

        A disk that does not answer may hold it for ever.
        """
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                self._job()
            except Exception:
                log.warning("a beat failed; the run goes on", exc_info=True)


def stop(pulses: Sequence[Pulse], patience: float) -> bool:
    """End them all, waiting up to ``patience`` seconds altogether; whether all have ended."""
    for pulse in pulses:
        pulse.ask()
    deadline = monotonic() + patience
    return all(pulse.stopped(max(0.0, deadline - monotonic())) for pulse in pulses)
