"""Facts that take a while: found out side by side in the background, or said to be missing."""

from __future__ import annotations

import threading
import time

from expkit.provenance.found import Found
from expkit.record.events import Learned
from expkit.run.later import TOO_LATE, LaterFacts
from expkit.run.recording.recorder import now


class Recorder:
    """Hears what is told."""

    log = object()

    def __init__(self):
        self.told = []

    def tell(self, event):
        self.told.append(event)

    def gap(self, text):
        self.told.append(Learned(time=now(), gaps=(text,)))


def test_no_job_waits_for_another():
    """What one job finds out is told while another one is still at work."""
    recorder, go = Recorder(), threading.Event()
    facts = LaterFacts(recorder, [lambda: Found(gaps=(str(go.wait(10)),)), lambda: Found(host={"quick": 1})])
    deadline = time.monotonic() + 5
    while not recorder.told and time.monotonic() < deadline:
        time.sleep(0.005)
    assert [dict(event.host) for event in recorder.told] == [{"quick": 1}]
    go.set()
    facts.wait()
    assert recorder.told[-1].gaps == ("True",)


def test_what_comes_too_late_is_not_told(monkeypatch):
    """The end of a run waits a moment; what is not known by then is a gap, and is not told afterwards."""
    monkeypatch.setattr("expkit.run.later.PATIENCE", 0.05)
    recorder, go = Recorder(), threading.Event()

    def slow():
        go.wait(10)
        return Found(host={"slow": 1})

    LaterFacts(recorder, [slow]).wait()
    go.set()
    time.sleep(0.05)
    assert [event.gaps for event in recorder.told] == [(TOO_LATE,)]


class AboutTheMachine:
    """Takes a while; has something to say where it takes too long."""

    late = Found(host={"gpus_unknown": "no answer"})

    def __call__(self):
        time.sleep(0.2)
        return Found(host={"gpus": []})


def test_facts_about_the_machine_that_come_too_late_are_no_gap(monkeypatch):
    """The record says that they are missing; of what the run used nothing is."""
    monkeypatch.setattr("expkit.run.later.PATIENCE", 0.0)
    recorder = Recorder()
    LaterFacts(recorder, [AboutTheMachine()]).wait()
    assert [(dict(event.host), event.gaps) for event in recorder.told] == [({"gpus_unknown": "no answer"}, ())]


def test_a_strict_run_waits_longer(monkeypatch):
    """To it doubt is an error."""
    monkeypatch.setattr("expkit.run.later.PATIENCE", 0.0)
    recorder = Recorder()
    LaterFacts(recorder, [AboutTheMachine()], 10.0).wait()
    assert [dict(event.host) for event in recorder.told] == [{"gpus": []}]


def test_a_job_may_be_worth_waiting_for(monkeypatch):
    """A job's own patience counts instead of the usual one."""
    monkeypatch.setattr("expkit.run.later.PATIENCE", 0.0)
    recorder = Recorder()

    class Slow:
        patience = 5.0

        def __call__(self):
            time.sleep(0.1)
            return Found(host={"slow": 1})

    LaterFacts(recorder, [Slow()]).wait()
    assert [dict(event.host) for event in recorder.told] == [{"slow": 1}]


def test_a_job_that_fails_is_a_sentence():
    """A failing job stops nobody and leaves a gap."""
    recorder = Recorder()
    LaterFacts(recorder, [lambda: Found(host={"x": 1 / 0})]).wait()
    assert recorder.told[0].gaps == ("a fact could not be found out: ZeroDivisionError: division by zero",)
