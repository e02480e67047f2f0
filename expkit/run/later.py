"""Facts that take a while: found out in the background, added to the record when they are known."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING

from expkit._support.threads import OwnThread, start
from expkit.record.events import Learned
from expkit.run.recording.log import NoLog
from expkit.run.recording.recorder import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from expkit.provenance.found import Found, Job
    from expkit.record.model import FileRef
    from expkit.run.recording.recorder import Recorder

PATIENCE = 0.5
"""Seconds that the end of a run waits for facts, but for jobs that have a patience of their own."""

NO_THREAD = "a fact could not be found out: the system has no more threads"

STRICT_PATIENCE = 10.0
"""The same for a run to which doubt is an error."""

TOO_LATE = "the run was over before all facts about its code and its machine were known"


class LaterFacts:
    """Gathers slow facts while the run is under way.

    Args:
        recorder: is told what was found out.
        jobs: done side by side, so that none waits for another.
        patience: seconds that the end of the run waits at least, if they take so long.
    """

    def __init__(self, recorder: Recorder, jobs: Sequence[Job], patience: float = 0.0) -> None:
        self._recorder = recorder
        self._patience = patience
        self._lock = threading.Lock()
        self._over = False
        self._threads: list[tuple[Job, threading.Thread]] = []
        if not isinstance(recorder.log, NoLog):
            for job in jobs:
                thread = OwnThread(self._gather, "facts", job)
                if start(thread):
                    self._threads.append((job, thread))
                else:
                    recorder.gap(NO_THREAD)

    def wait(self) -> None:
        """Wait a moment for what is under way; what comes later is not told, and a sentence says so."""
        began = monotonic()
        for job, thread in self._threads:
            patience = max(self._patience, getattr(job, "patience", PATIENCE))
            thread.join(max(0.0, began + patience - monotonic()))
        with self._lock:
            self._over = True
        waiting = [job for job, thread in self._threads if thread.is_alive()]
        missing = [getattr(job, "late", None) for job in waiting]
        for job in waiting:
            getattr(job, "give_up", _nothing)()
        for late in missing:
            if late is not None:
                self._tell(late)
        if None in missing:
            self._recorder.gap(TOO_LATE)

    def _gather(self, job: Job) -> None:
        found = _found(job)
        with self._lock:
            if not self._over:
                self._tell(found)

    def _tell(self, found: Found) -> None:
        files = tuple(self._kept(source, ref) for source, ref in found.files)
        if files or found.host or found.experiment or found.gaps:
            self._recorder.tell(
                Learned(time=now(), host=found.host, experiment=found.experiment, gaps=found.gaps, files=files)
            )

    def _kept(self, source: Path | bytes, ref: FileRef) -> FileRef:
        ref = ref.but(first_seen=now())
        try:
            return self._recorder.keep(source, ref)
        except OSError as error:
            self._recorder.lost(error)
            return ref.but(kept=False)


def _nothing() -> None:
    """There is nothing to give up."""


def _found(job: Job) -> Found:
    """What a job finds out; one that fails leaves a sentence."""
    from expkit.provenance.found import Found

    try:
        return job()
    except Exception as error:
        return Found(gaps=(f"a fact could not be found out: {type(error).__name__}: {error}",))
