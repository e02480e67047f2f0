"""Facts that take a while: found out in the background, added to the record when they are known."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from expkit.provenance.host import has_slow_facts, slow_facts
from expkit.record.events import Learned
from expkit.run.log import NoLog
from expkit.run.recorder import now

if TYPE_CHECKING:
    from expkit.run.recorder import Recorder

PATIENCE = 0.5
"""Seconds that the end of a run waits for facts."""


class LaterFacts:
    """Gathers slow facts about the host while the run is under way."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._lock = threading.Lock()
        self._over = False
        self._thread: threading.Thread | None = None
        if not isinstance(recorder.log, NoLog) and has_slow_facts():
            self._thread = threading.Thread(target=self._gather, name="expkit facts", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait a moment for what is under way; what comes later is not told."""
        if self._thread is not None:
            self._thread.join(PATIENCE)
        with self._lock:
            self._over = True

    def _gather(self) -> None:
        facts = slow_facts()
        with self._lock:
            if not self._over and facts:
                self._recorder.tell(Learned(time=now(), host=facts))
