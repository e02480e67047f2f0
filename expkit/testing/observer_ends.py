"""The contract of observers: every kind of end, and runs that do not simply start and end."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Any

import pytest

from expkit.errors import RunInterrupt, TimeoutInterrupt
from expkit.observers.delivery import Live
from expkit.observers.store import StoreObserver
from expkit.record.events import Completed, Started
from expkit.record.model import COMPLETED, RUNNING
from expkit.run.recording.recorder import Recorder
from expkit.stores.memory import MemoryStore
from expkit.testing.observer_tests import ObserverTests, assert_taken


class _EnoughInterrupt(RunInterrupt):
    STATUS = "ENOUGH"


ENDS: dict[str, tuple[Any, str, str]] = {
    "exception": (ZeroDivisionError("no"), "FAILED", "failed_event"),
    "exit code": (SystemExit(3), "FAILED", "failed_event"),
    "exit": (SystemExit(), "COMPLETED", "completed_event"),
    "Ctrl-C": (KeyboardInterrupt(), "INTERRUPTED", "interrupted_event"),
    "time is over": (TimeoutInterrupt("an hour is over"), "TIMEOUT", "interrupted_event"),
    "status of one's own": (_EnoughInterrupt("good enough"), "ENOUGH", "interrupted_event"),
}
"""What main raises, the status that comes of it, and the event method that tells of it."""


class EndContract(ObserverTests):
    """Ends: completed, failed, interrupted in any way."""

    @pytest.mark.parametrize("how", ENDS)
    def test_ends(self, how: str) -> None:
        """However main ends, the end is taken, with all that came before it."""
        error, status, method = ENDS[how]

        def main(_run: Any) -> None:
            sys.stdout.write("before the end\n")
            _run.log_scalar("loss", 0.5)
            _run.info["far"] = True
            raise error

        run = self.run(main)
        assert run.status == status
        assert self.witness.names()[-2:] == [method, "join"]
        assert self.logged() == {"loss": [(0, 0.5)]}


class LateContract(ObserverTests):
    """Queued runs, runs that go on in a further segment, and observers that come late."""

    def test_a_queued_run(self) -> None:
        """A run that is only queued is taken."""
        assert self.run(lambda: None, None, {"--queue": True}).status == "QUEUED"
        assert self.witness.names()[:1] == ["queued_event"]

    def test_a_queued_run_that_starts(self) -> None:
        """A run that was queued and starts later is one run, whose start and end are taken."""
        keeper = StoreObserver(MemoryStore(), priority=self.prepare().priority + 10)
        experiment = self.experiment(lambda a: a + 1, None, [keeper, self.observer, self.witness, *self.beside()])
        queued = self.ended(experiment, {"--queue": True})
        started = self.ended(experiment, {"--id": queued._id})
        assert (queued.uid, started.result, started.status) == (started.uid, 2, "COMPLETED")
        names = self.witness.names()
        assert [name for name in names if name.endswith("_event") and name != "heartbeat_event"] == [
            "queued_event",
            "started_event",
            "completed_event",
        ]
        self.look(started)

    def test_a_further_segment(self) -> None:
        """A run that has ended may go on: its second segment is taken, and what the first one left stays."""

        def main(_run: Any) -> int:
            _run.log_scalar("loss", 0.5)
            return 1

        run, observer = self.run(main), self.observer
        record = run.record.but(status=RUNNING, segment=1, stop_time=None, result=None)
        told = [observer, *self.beside()]
        for each in told:
            if isinstance(each, StoreObserver):  # who goes on with a run writes that down first
                each.store.save(record)
        recorder = Recorder(record, told, Live())
        recorder.begin(Started(time=_now(), record=record), run._id)
        recorder.report({"more": 1}, None)
        recorder.end(Completed(time=_now(), result=2))
        assert_taken(recorder, observer)
        if isinstance(observer, StoreObserver):
            found = observer.store.load(run.uid)
            assert (found.status, found.segment, found.info, found.result) == (COMPLETED, 1, {"more": 1}, 2)
            assert [len(observer.store.ids()), sum(observer.store.streams(run.uid).values())] == [1, 1]

    def test_one_that_comes_late(self) -> None:
        """An observer that main adds hears of the start, and of all that comes; a store gets what was before as well."""
        self.prepare()

        def main(_run: Any) -> int:
            sys.stdout.write("before\n")
            _run.log_scalar("loss", 0.5)
            _run.flush()
            _run.observers.append(self.observer)
            _run.flush()
            sys.stdout.write("after\n")
            _run.log_scalar("loss", 0.25)
            return 1

        run = self.ended(self.experiment(main, None, [self.witness, *self.beside()]))
        assert (run.status, run.record.gaps) == ("COMPLETED", ()), f"it could not join: {run.record.gaps}"
        assert any(lane.observer is self.observer for lane in run.recorder.lanes)
        self.look(run)


def _now() -> datetime:
    return datetime.now(timezone.utc)
