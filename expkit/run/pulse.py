"""The background thread of a run: beats and signs of life."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("expkit")


class Pulse:
    """Calls ``beat`` and ``renew`` at their intervals until stopped.

    Args:
        beat: reports what the program has told so far.
        beat_interval: seconds between two beats; 0 or less for none.
        renew: gives a sign of life.
        renew_interval: seconds between two signs of life; they do not depend on beats.
    """

    def __init__(
        self, beat: Callable[[], None], beat_interval: float, renew: Callable[[], None], renew_interval: float
    ) -> None:
        self._jobs = [(renew, renew_interval), (beat, beat_interval)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="expkit pulse", daemon=True)
        self._thread.start()

    def stop(self, patience: float | None = None) -> bool:
        """End the thread; a beat in progress is finished first.

        Args:
            patience: seconds to wait for that; None for as long as it takes.

        Returns:
            Whether it has ended: a disk that does not answer may hold it for ever.
        """
        self._stop.set()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _run(self) -> None:
        start = monotonic()
        due = [[start + interval, interval, job] for job, interval in self._jobs if interval > 0]
        while due:
            due.sort(key=lambda entry: entry[0])  # type: ignore[arg-type,return-value]
            when, interval, job = due[0]
            if self._stop.wait(max(0.0, when - monotonic())):  # type: ignore[operator]
                return
            _safely(job)  # type: ignore[arg-type]
            due[0][0] = monotonic() + interval  # type: ignore[operator]


def _safely(job: Callable[[], None]) -> None:
    """A beat that fails must not end the beats after it."""
    try:
        job()
    except Exception:
        log.warning("a beat failed; the run goes on", exc_info=True)
