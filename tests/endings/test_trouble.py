"""Trouble of our own: it is told in the record, and leaves the user's program as it is."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest

from expkit import StoreObserver
from expkit._support.threads import OwnThread
from expkit.run.life import engine
from expkit.run.life.signals import Terminated
from expkit.settings import SETTINGS
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore

HEAD = """
import os, signal, sys, threading
from expkit import Experiment
from expkit._support.threads import OwnThread
from expkit.run.life import engine
from expkit.run.used import watch as used

ex = Experiment("troubled", interactive=True)

@ex.main
def main():
    print("main was here")

def outputs():
    return [os.fstat(1).st_ino, os.fstat(2).st_ino, "write" in vars(sys.stdout)]

before = outputs()
"""

FAILING = """
def fail(*_):
    {failure}

{what} = fail
try:
    ex.run()
except BaseException as error:
    print(type(error).__name__)
print(outputs() == before)
"""


def _record(folder):
    return json.loads((folder / "runs/1/run.json").read_text())


@pytest.mark.parametrize("mode", ["sys", "fd"])
@pytest.mark.parametrize("failure", ["raise KeyboardInterrupt", "signal.raise_signal(signal.SIGTERM)"])
def test_an_interrupted_start_leaves_output_as_it_was(script, mode, failure):
    """Whoever interrupts while watchers are made gets the program's own stdout and stderr back."""
    set_mode = f"from expkit import SETTINGS\nSETTINGS.CAPTURE_MODE = {mode!r}\n"
    done = script(HEAD + set_mode + FAILING.format(failure=failure, what="engine.UsedFiles"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == ["True"]
    assert _record(script.path)["status"] == "INTERRUPTED"


def test_a_second_signal_during_the_start_does_not_spoil_the_end(script):
    """Whoever insists while what was begun is stopped again has the end on record nevertheless."""
    source = """
from expkit.run import later

def wait(facts, real=later.LaterFacts.wait):
    signal.raise_signal(signal.SIGTERM)
    real(facts)

later.LaterFacts.wait = wait
engine.UsedFiles = lambda run: signal.raise_signal(signal.SIGTERM)
try:
    ex.run()
except SystemExit as error:
    print(error.code == 128 + signal.SIGTERM)
"""
    done = script(HEAD + source)
    assert done.stdout.endswith("True\n"), done.stderr
    assert _record(script.path)["status"] == "INTERRUPTED"


def test_a_signal_while_capture_begins_leaves_output_as_it_was(script):
    """A signal in the very moment in which output is led elsewhere has its way when it can be led back."""
    source = """
def capture(*args, real=engine.capture):
    found = real(*args)
    signal.raise_signal(signal.SIGTERM)
    return found

engine.capture = capture
try:
    ex.run()
except SystemExit as error:
    print(error.code == 128 + signal.SIGTERM, outputs() == before)
"""
    done = script(HEAD + source)
    assert done.stdout == "True True\n", done.stderr
    assert _record(script.path)["status"] == "INTERRUPTED"


def test_a_system_without_threads_for_us_runs_the_program(script):
    """Where no thread of ours can be started, main runs and its output is kept; the record says what is missing."""
    source = """
def start(thread, real=threading.Thread.start):
    if isinstance(thread, OwnThread):
        raise RuntimeError("can't start new thread")
    real(thread)

threading.Thread.start = start
print(ex.run().status)
print(outputs() == before)
"""
    done = script(HEAD + source)
    assert done.stdout == "main was here\nCOMPLETED\nTrue\n", done.stderr
    assert "main was here\n" in (script.path / "runs/1/cout.txt").read_text()
    assert "can't start new thread" in json.dumps(_record(script.path)["gaps"])


@pytest.mark.parametrize(
    "what", ["engine.Life._expect_death", "engine.RunSources", "engine.UsedFiles", "used._our_paths"]
)
def test_a_watcher_that_cannot_be_made_is_a_gap(script, what):
    """The run goes on without it, and the record says so."""
    done = script(HEAD + FAILING.format(failure="raise OSError('the folder is gone')", what=what))
    assert done.stdout == "main was here\nTrue\n", done.stderr
    assert _record(script.path)["status"] == "COMPLETED"
    assert "OSError: the folder is gone" in json.dumps(_record(script.path)["gaps"])


def test_watching_files_that_failed_half_way_is_undone(script):
    """What was begun before a watcher failed does not go on after it."""
    source = """
from expkit.provenance.files import audit
from expkit.provenance.files import workers
environment = dict(os.environ)
print(audit._listeners, dict(os.environ) == environment)
"""
    done = script(HEAD + FAILING.format(failure="raise RuntimeError('no')", what="used.LateThread") + source)
    assert done.stdout == "main was here\nTrue\n() True\n", done.stderr


@pytest.mark.skipif(not hasattr(signal, "SIGTERM"), reason="the system has no such signal")
def test_a_signal_just_as_the_end_begins_does_not_leave_it_locked(experiment, monkeypatch):
    """A signal between the first two steps of the end waits until the end is written; nobody waits for a lock."""

    class Signalled:
        """A lock; a signal comes just after it was taken."""

        def __init__(self):
            self.taken = 0

        def acquire(self, timeout):  # noqa: ARG002
            self.taken += 1
            os.kill(os.getpid(), signal.SIGTERM)
            return True

        def release(self):
            self.taken -= 1

    lock, store = Signalled(), MemoryStore()
    begin = engine.Life._begin

    def begin_with_it(life):
        life._ending = lock
        begin(life)

    monkeypatch.setattr(engine.Life, "_begin", begin_with_it)
    experiment.observers.append(StoreObserver(store))
    with pytest.raises(Terminated):
        experiment.run()
    assert lock.taken == 0
    assert store.load(experiment.current_run.uid).status == "COMPLETED"


def test_sources_that_cannot_be_kept_in_time_are_a_gap(experiment, tmp_path, monkeypatch):
    """A disk that holds whoever keeps sources delays the end by its limit, not for ever."""
    monkeypatch.setattr(SETTINGS.LANES, "END_LIMIT", 0.2)
    held, make = threading.Event(), engine.RunSources

    def stuck(run):
        sources = make(run)
        sources._thread = OwnThread(held.wait, "test", 60)
        sources._thread.start()
        return sources

    monkeypatch.setattr(engine, "RunSources", stuck)
    experiment.observers.append(StoreObserver(FolderStore(tmp_path / "runs")))
    before = time.monotonic()
    run = experiment.run()
    held.set()
    assert time.monotonic() - before < 30
    assert run.status == "COMPLETED"
    assert "sources are not complete: the disk does not answer" in run.record.gaps


@pytest.mark.parametrize(
    ("what", "doing"),
    [
        ("audit._open", "open('note.txt', 'w').close()"),
        ("screen.Screen._draw", "print('a\\rb')"),
    ],
)
def test_bugs_of_our_own_are_told(script, what, doing):
    """What we do wrong does not reach the program, and the record of the run that ends next says where it happened."""
    source = f"""
from expkit._support import screen
from expkit.provenance.files import audit

{what} = None

@ex.main
def main():
    print("first")
    {doing}
    print("last")

print(ex.run().status)
"""
    done = script(HEAD + source)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("last\nCOMPLETED\n")
    record = _record(script.path)
    assert [gap for gap in record["gaps"] if "TypeError: 'NoneType' object is not callable (" in gap], record["gaps"]
    text = (script.path / "runs/1/cout.txt").read_text()
    assert "first\n" in text
    assert "last\n" in text
    assert not list((script.path / "runs/1").glob("*.raw"))


@pytest.mark.parametrize("what", ["audit._open", "workers.Report.begin"])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_bugs_of_our_own_in_workers_are_told(script, what):
    """What we do wrong in a worker process is in the record of the run."""
    source = f"""
from expkit.provenance.files import audit
from expkit.provenance.files import workers

@ex.main
def main():
    pid = os.fork()
    if pid == 0:
        {what} = None
        workers.report(os.environ[workers.VARIABLE].partition(":")[2])
        open("note.txt", "w").close()
        for listener in audit._listeners:
            listener._tell()
        os._exit(0)
    os.waitpid(pid, 0)

print(ex.run().status)
"""
    done = script(HEAD + source)
    assert done.stdout == "COMPLETED\n", done.stderr
    gaps = _record(script.path)["gaps"]
    assert [gap for gap in gaps if gap.startswith("in a worker: ") and "TypeError: 'NoneType' object" in gap], gaps
