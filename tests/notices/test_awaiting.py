"""Observers that the start of a run does not wait for."""

from __future__ import annotations

import threading

from expkit.observers import RunObserver, TinyDbObserver
from expkit.testing.observers import RecordingObserver


class Unawaited(RecordingObserver):
    awaited = False


def test_its_failure_at_the_start_stops_nothing(experiment, tmp_path, caplog):
    """What it raises at the start is reported, and tried again like any event."""

    class Failing(Unawaited):
        def notify(self, event, record):
            super().notify(event, record)
            if len(self.heard) == 1:
                raise RuntimeError("not yet")

    observer = Failing(tries=3)
    experiment.observers = [f"folder:{tmp_path / 'runs'}", observer]
    assert experiment.run().status == "COMPLETED"
    assert [type(event).__name__ for event, _ in observer.heard][:2] == ["Started", "Started"]
    assert observer.names()[-1] == "join"
    assert "failed at Started: RuntimeError: not yet; the run goes on" in caplog.text


def test_it_is_told_after_all_others(experiment, tmp_path):
    """It knows the id that a store gives, whatever their priorities."""
    observer = Unawaited(priority=100, run_id="mine")
    experiment.observers = [observer, TinyDbObserver(tmp_path / "db", priority=-5)]
    run = experiment.run()
    assert run._id == 1
    assert observer.arguments("started_event")[0]["_id"] == 1


def test_main_runs_while_it_hears_of_the_start(experiment):
    """The start does not wait for it; the end does."""
    main_runs, heard = threading.Event(), []

    class Slow(RunObserver):
        awaited = False

        def started_event(self):
            heard.append(main_runs.wait(60))

        def completed_event(self):
            heard.append("completed")

    experiment.main(main_runs.set)
    experiment.observers = [Slow()]
    experiment.run()
    assert heard == [True, "completed"]


def test_a_gap_that_an_observer_tells(experiment, tmp_path):
    """What an observer misses can be written into the record while the run goes on."""
    from expkit.observers.delivery import current

    told = threading.Event()

    class Honest(RunObserver):
        def heartbeat_event(self):
            if not told.is_set():
                current.get().gap("I did not look")
                told.set()

        def completed_event(self):
            current.get().gap("too late")

    experiment.observers = [f"folder:{tmp_path / 'runs'}", Honest()]
    experiment.main(lambda: told.wait(60))
    run = experiment.run(options={"--beat-interval": "0.05"})
    assert run.record.gaps[-1] == "I did not look"
