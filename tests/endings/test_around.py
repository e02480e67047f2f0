"""What else may happen while a run ends: beats that hang, forks, threads, runs inside runs, the interpreter's end."""

import os
import subprocess
import sys
import threading
import time

import pytest

from expkit import StoreObserver, start_run
from expkit.run.life.pulse import Pulse, stop
from expkit.settings import SETTINGS
from expkit.stores.finding import find
from expkit.stores.folder.log import RunLog
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import RecordingObserver


@pytest.fixture
def impatient(monkeypatch):
    """Ends that wait for a tenth of a second."""
    monkeypatch.setattr(SETTINGS.LANES, "END_PATIENCE", 0.1)
    monkeypatch.setattr(SETTINGS.LANES, "END_LIMIT", 0.3)


@pytest.fixture
def stuck(monkeypatch):
    """A disk that holds whoever flushes in a beat until it is released; yields the event of the first one held."""
    held, release = threading.Event(), threading.Event()
    flush = RunLog.flush

    def stick(log):
        with log._flush_lock:
            if threading.current_thread().name == "expkit beat":
                held.set()
                release.wait(30)
            flush(log)

    monkeypatch.setattr(RunLog, "flush", stick)
    yield held, release
    release.set()


def test_a_disk_that_does_not_answer_does_not_hold_the_program(experiment, tmp_path, impatient, stuck, caplog):
    """A beat that hangs delays the end by the settings' limits, which is said; when it comes back, the end is written."""
    held, release = stuck
    store = FolderStore(tmp_path / "runs")
    experiment.observers.append(StoreObserver(store))
    experiment.main(lambda: held.wait(30))
    start = time.monotonic()
    run = experiment.run(options={"--beat-interval": 0.001})
    assert time.monotonic() - start < 10
    assert "the end of the run could not be written" in caplog.text
    release.set()
    deadline = time.monotonic() + 20
    while store.load(run.uid).status != "COMPLETED":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_slow_beat_is_finished_first():
    """A beat that takes a moment is waited for; one that hangs is not waited for longer than asked."""
    slow = Pulse(lambda: time.sleep(0.05), 0.001, "slow")
    time.sleep(0.01)
    assert stop([slow], 10) is True
    held, begun = threading.Event(), threading.Event()
    hangs = Pulse(lambda: (begun.set(), held.wait(30)), 0.001, "hangs")
    begun.wait(30)
    assert stop([hangs, slow], 0.01) is False
    held.set()
    assert stop([hangs, Pulse(held.set, 0, "never")], 10) is True


def test_a_beat_that_fails_is_not_the_last_one(caplog):
    """What a beat raises is said, and the next one comes."""
    calls = []

    def beat():
        calls.append(1)
        raise ValueError("once more")

    pulse = Pulse(beat, 0.001, "fails")
    deadline = time.monotonic() + 20
    while len(calls) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert stop([pulse], 10) is True
    assert len(calls) >= 3
    assert "a beat failed; the run goes on" in caplog.text


def test_a_slow_beat_is_no_death(experiment, monkeypatch, tmp_path):
    """Signs of life come from a thread of their own: a filter or a disk that holds a beat does not make a run DIED."""
    monkeypatch.setattr(SETTINGS, "LEASE_INTERVAL", 0.02)
    store, held = FolderStore(tmp_path / "runs"), threading.Event()
    experiment.observers.append(StoreObserver(store))

    @experiment.main
    def main(_run):
        assert held.wait(30)
        before = store.lease(_run.uid).renewed
        deadline = time.monotonic() + 20
        while store.lease(_run.uid).renewed == before:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        release.set()

    release, flush = threading.Event(), RunLog.flush

    def slow(log):
        if threading.current_thread().name == "expkit beat":
            held.set()
            release.wait(30)
        flush(log)

    monkeypatch.setattr(RunLog, "flush", slow)
    assert experiment.run(options={"--beat-interval": 0.001}).status == "COMPLETED"


def test_without_beats_everything_is_flushed(experiment, tmp_path):
    """The last flush does not depend on heartbeats: folder, store and observer have info, result and all points."""
    store, witness = MemoryStore(), RecordingObserver()
    experiment.observers = [FolderObserver(tmp_path / "runs"), StoreObserver(store), witness]

    @experiment.main
    def main(_run):
        _run.info["seen"] = [1]
        for step in range(100):
            _run.log_scalar("loss", step)
        return 5

    run = experiment.run(options={"--beat-interval": 0})
    for found in (FolderStore(tmp_path / "runs"), store):
        assert (found.load(run.uid).info, found.load(run.uid).result) == ({"seen": [1]}, 5)
        assert sum(found.streams(run.uid).values()) >= 100
    assert len(witness.points()["loss"]) == 100


def FolderObserver(path):
    """A folder store as an observer."""
    return StoreObserver(FolderStore(path))


def test_the_outer_run_is_current_again(experiment):
    """Inside a nested run that one is current; after it the outer one, and after that, too."""
    seen = []

    @experiment.main
    def main(a, _run):
        seen.append(experiment.current_run is _run)
        if a == 1:
            inner = experiment.run(config_updates={"a": 2})
            seen.append(experiment.current_run is _run is not inner)

    outer = experiment.run()
    assert seen == [True, True, True]
    assert experiment.current_run is outer
    assert experiment.run(config_updates={"a": 3}) is experiment.current_run


def test_threads_of_two_runs(experiment):
    """Where several runs are going on, nobody knows whose a failing thread was, so all of them note it."""
    barrier = threading.Barrier(2)
    before, threading.excepthook = threading.excepthook, lambda args: None
    runs = []

    @experiment.main
    def main(a):
        barrier.wait(30)
        if a == 1:
            thread = threading.Thread(target=lambda: [][0], name="lost")
            thread.start()
            thread.join()
        barrier.wait(30)

    experiment.observers.append(StoreObserver(MemoryStore()))
    both = [threading.Thread(target=lambda a=a: runs.append(experiment.run(config_updates={"a": a}))) for a in (1, 2)]
    try:
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    finally:
        threading.excepthook = before
    said = [[gap for gap in run.record.gaps if gap.startswith("thread 'lost' ended with IndexError")] for run in runs]
    assert [len(gaps) for gaps in said] == [1, 1]


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are POSIX's")
def test_a_forked_child_owns_nothing(experiment, tmp_path):
    """In a forked child the run's handle can be used, and nothing of it gets into the parent's record."""
    store = FolderStore(tmp_path / "runs")
    experiment.observers.append(StoreObserver(store))

    @experiment.main
    def main(_run):
        _run.log_scalar("loss", 1)
        child = os.fork()
        if not child:
            try:
                _run.log_scalar("loss", 2)
                _run.info["child"] = 1
                _run.add_artifact(__file__)
                _run.flush()
                os._exit(0)
            finally:
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        _run.log_scalar("loss", 3)
        return code

    run = experiment.run()
    record = store.load(run.uid)
    (points,) = [store.read(run.uid, key) for key in store.streams(run.uid) if key.content == "points"]
    assert (record.result, record.info, record.files_of("artifact")) == (0, {}, ())
    assert [point.value for point in points if point.name == "loss"] == [1, 3]


INTERPRETER_ENDS = """
import threading
from expkit import Experiment
ex = Experiment("many")
go = threading.Semaphore(0)

@ex.main
def main(_run):
    step = 0
    go.release()
    while True:
        _run.log_scalar("loss", step)
        step += 1

for _ in range(2):
    threading.Thread(target=lambda: ex.run(options={"--beat-interval": 0.001}), daemon=True).start()
for _ in range(2):
    assert go.acquire(timeout=30)
"""


def test_the_interpreter_ends_while_runs_are_busy(tmp_path):
    """Runs in daemon threads that log and beat all the time end as interrupted; nothing hangs, nothing is said."""
    (tmp_path / "script.py").write_text(INTERPRETER_ENDS)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "Fatal" in done.stderr) == (0, False), done.stderr
    rows = list(find(FolderStore(tmp_path / "runs"), columns=["status", "cause", "metrics.loss.count"]))
    assert [(row["status"], row["cause"]) for row in rows] == [
        ("INTERRUPTED", "the program ended while the run was going on")
    ] * 2
    assert all(row["metrics.loss.count"] for row in rows)


def test_a_block_that_is_left_late(tmp_path):
    """A run that has an end does not get another one."""
    life = start_run("late", observers=[f"folder:{tmp_path / 'runs'}"])
    run = life.__enter__()
    life.abandon()
    life.__exit__(None, None, None)
    record = FolderStore(tmp_path / "runs").load(run.uid)
    assert (record.status, record.cause) == ("INTERRUPTED", "the program ended while the run was going on")
