"""Facts that take a while: found out in the background, added to the record when they are known."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from expkit.record.events import Learned
from expkit.run.log import NoLog
from expkit.run.recorder import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.provenance.found import Found, Job
    from expkit.run.recorder import Recorder

PATIENCE = 0.5
"""Seconds that the end of a run waits for facts."""


class LaterFacts:
    """Gathers slow facts while the run is under way.

    Args:
        recorder: is told what was found out.
        jobs: done one after another.
    """

    def __init__(self, recorder: Recorder, jobs: Sequence[Job]) -> None:
        self._recorder = recorder
        self._jobs = jobs
        self._lock = threading.Lock()
        self._over = False
        self._thread: threading.Thread | None = None
        if not isinstance(recorder.log, NoLog) and jobs:
            self._thread = threading.Thread(target=self._gather, name="expkit facts", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait a moment for what is under way; what comes later is not told."""
        if self._thread is not None:
            self._thread.join(PATIENCE)
        with self._lock:
            self._over = True

    def _gather(self) -> None:
        for job in self._jobs:
            found = _found(job)
            with self._lock:
                if self._over:
                    return
                self._tell(found)

    def _tell(self, found: Found) -> None:
        for source, ref in found.files:
            self._recorder.add_file(source, ref)
        if found.host or found.experiment or found.gaps:
            self._recorder.tell(
                Learned(time=now(), host=found.host, experiment=found.experiment, gaps=found.gaps),
            )


def _found(job: Job) -> Found:
    """What a job finds out; one that fails leaves a sentence."""
    from expkit.provenance.found import Found

    try:
        return job()
    except Exception as error:
        return Found(gaps=(f"a fact could not be found out: {type(error).__name__}: {error}",))
