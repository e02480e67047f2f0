"""Signals: written down at once, taken over only where nobody else handles them, given back after the run."""

import asyncio
import contextlib
import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from expkit import RunInterrupt, StoreObserver
from expkit.record.model import OUTPUT, StreamKey
from expkit.run.life.signals import Terminated
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

HOLDS = """
from expkit import Experiment
ex = Experiment("busy")

@ex.main
def main(_run):
    _run.log_scalar("before", 1)
    print("ready", flush=True)
    sum(range(10 ** SIZE))  # C code that neither lets go of the interpreter nor looks for signals

ex.run_commandline()
"""


def eventually(find, seconds=30):
    """What ``find`` returns as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
    return found


@pytest.fixture
def busy(tmp_path):
    """Start a process in whose main C code holds the interpreter; returns it and its store."""
    with contextlib.ExitStack() as stack:

        def start(size):
            (tmp_path / "script.py").write_text(HOLDS.replace("SIZE", str(size)))
            with open(tmp_path / "said", "wb") as said:
                process = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, stdout=said, stderr=said)
            stack.callback(process.wait, 30)
            stack.callback(process.kill)
            store = FolderStore(tmp_path / "runs")
            eventually(lambda: any(b"ready" in store.read(key.uid, StreamKey(OUTPUT)) for key in store.ids()))
            time.sleep(0.05)  # from the line to the C code
            return process, store

        yield start


def told(store):
    """State and cause, as readers see them."""
    (row,) = store.find(columns=["state", "cause"])
    return row["state"], row["cause"]


def test_sigterm_is_written_down_while_c_code_holds_the_interpreter(busy):
    """The record says it at once, although no Python code can run; killed then, the run has died of it."""
    process, store = busy(12)
    process.terminate()
    state, cause = eventually(lambda: told(store) if told(store)[1] else None)
    assert (state, cause[:15], cause.partition(",")[2]) == ("RUNNING", "got SIGTERM at ", " and has not ended yet")
    process.kill()
    process.wait()
    state, cause = told(store)
    assert (state, cause.partition(",")[2]) == ("DIED", " then died without an end")
    assert cause.startswith("got SIGTERM at ")


def test_sigterm_interrupts_as_soon_as_c_code_lets_go(busy):
    """When the call returns, the run ends as interrupted."""
    process, store = busy(7)
    process.terminate()
    assert process.wait(30) == 143
    assert told(store) == ("INTERRUPTED", "terminated (SIGTERM)")


def handlers():
    """Everything that a run takes over."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    return [signal.getsignal(number) for number in numbers], wakeup, threading.excepthook, faulthandler.is_enabled()


@pytest.fixture
def no_faulthandler():
    """Pytest has one of its own."""
    was_on = faulthandler.is_enabled()
    faulthandler.disable()
    yield
    faulthandler.disable()
    if was_on:
        faulthandler.enable(sys.__stderr__)


@pytest.fixture
def recorded(experiment, tmp_path):
    """An experiment with a folder store, and the store."""
    store = FolderStore(tmp_path / "runs")
    experiment.observers.append(StoreObserver(store))
    return experiment


@pytest.mark.parametrize("scheduler", [{}, {"SLURM_JOB_ID": "1"}])
def test_everything_is_given_back(recorded, monkeypatch, no_faulthandler, scheduler):
    """During a run signals and crashes are watched; afterwards all handlers and hooks are those from before."""
    for name, value in scheduler.items():
        monkeypatch.setenv(name, value)
    before, during = handlers(), []
    recorded.main(lambda: during.append(handlers()))
    recorded.run()
    ((signals, wakeup, hook, crashes),) = during
    assert [old is new for old, new in zip(before[0], signals, strict=True)] == [
        True, False, False, not scheduler, not scheduler, False,
    ]  # fmt: skip
    assert (wakeup > 2, hook is before[2], crashes) == (True, False, True)
    assert handlers() == before


def test_nested_runs_share_the_guard(recorded, no_faulthandler):
    """An inner run's end takes nothing from the outer one."""
    seen = []

    @recorded.main
    def main(a):
        if a == 1:
            before = handlers()
            recorded.run(config_updates={"a": 2})
            seen.append(handlers() == before)

    recorded.run()
    assert seen == [True]


def test_whoever_takes_over_during_a_run_keeps_it(recorded, no_faulthandler, tmp_path):
    """Handlers, hooks, wake-up files and crash files that the program installs in main stay, and are not closed."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    own = open(tmp_path / "own", "w")  # noqa: SIM115

    def on_term(*_):
        pass

    def hook(_):
        pass

    before = handlers()

    @recorded.main
    def main():
        signal.signal(signal.SIGTERM, on_term)
        signal.set_wakeup_fd(writing)
        threading.excepthook = hook
        faulthandler.enable(own)

    try:
        recorded.run()
        assert signal.getsignal(signal.SIGTERM) is on_term
        assert handlers()[1:] == (writing, hook, True)
        recorded.main(lambda: None)
        recorded.run()
        assert handlers()[1:] == (writing, hook, True)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        threading.excepthook = before[2]
        faulthandler.disable()
        for fd in (reading, writing):
            os.close(fd)
        own.close()


def test_a_hook_that_passes_on_to_ours_makes_no_circle(recorded):
    """A hook over ours, which calls it, works on in later runs; each failing thread is noted once per run."""
    before, heard = threading.excepthook, []
    threading.excepthook = heard.append

    def fail():
        thread = threading.Thread(target=lambda: 1 / 0, name="w")
        thread.start()
        thread.join()

    @recorded.main
    def main():
        below = threading.excepthook
        threading.excepthook = lambda args: below(args)
        fail()

    try:
        gaps = [recorded.run().record.gaps for _ in range(3)]
    finally:
        threading.excepthook = before
    assert [sum(gap.startswith("thread 'w' ended with ZeroDivisionError") for gap in found) for found in gaps] == [
        1,
        1,
        1,
    ]
    assert len(heard) == 3


def test_asyncio_keeps_its_signals(recorded):
    """A loop's own signal handlers work inside a run."""
    got = []

    @recorded.main
    async def main():
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, lambda: (got.append(1), done.set()))
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(done.wait(), 10)
        loop.remove_signal_handler(signal.SIGUSR1)

    recorded.run()
    assert got == [1]


def test_runs_in_threads_leave_signals_alone(recorded):
    """Only the main thread may handle signals; a run elsewhere takes over nothing of it."""
    before, during = handlers()[:2], []
    recorded.main(lambda: during.append([signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)]))
    thread = threading.Thread(target=recorded.run)
    thread.start()
    thread.join()
    assert during == [[before[0][1], before[0][2]]]
    assert handlers()[:2] == before


def test_a_handler_that_outlives_the_run_ends_the_program(tmp_path):
    """Where somebody still calls our handler after the run, the signal does what it would have done."""
    source = """
import os, signal, time
from expkit import Experiment
ex = Experiment("x", interactive=True, observers=[])
@ex.main
def main():
    ours = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *given: ours(*given))
ex.run()
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(10)
"""
    assert subprocess.run([sys.executable, "-c", source], cwd=tmp_path, timeout=60, check=False).returncode == -15


def test_a_signal_during_the_end_waits_for_it(experiment, monkeypatch):
    """The end is written whole; then the signal has its way, and a third one insists."""
    from expkit.run.life import engine

    store = MemoryStore()
    experiment.observers.append(StoreObserver(store))
    keep, times = engine.keep_run_files, [1]

    def meanwhile(run):
        for _ in range(times[0]):
            os.kill(os.getpid(), signal.SIGTERM)
        keep(run)

    monkeypatch.setattr(engine, "keep_run_files", meanwhile)
    with pytest.raises(Terminated):
        experiment.run()
    assert store.load(experiment.current_run.uid).status == "COMPLETED"
    experiment.main(lambda: (_ for _ in ()).throw(RunInterrupt("enough")))
    with pytest.raises(Terminated):
        experiment.run()
    assert store.load(experiment.current_run.uid).cause == "enough"


def test_many_signals_do_not_fill_the_disk(recorded, monkeypatch):
    """A timer that fires all the time leaves a short file."""
    from expkit.run.life import crash
    from expkit.settings import SETTINGS

    monkeypatch.setattr(SETTINGS, "LEASE_INTERVAL", 0.02)
    monkeypatch.setattr(crash, "_LONGEST", 300)
    sizes, before = [], signal.signal(signal.SIGALRM, lambda *_: None)

    @recorded.main
    def main(_run):
        (path,) = _run.folder.glob("last-words-*")
        empty = path.stat().st_size
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        eventually(lambda: path.stat().st_size > empty + 100)
        eventually(lambda: path.stat().st_size < empty + 50)
        sizes.append(path.stat().st_size)

    try:
        recorded.run()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(sizes) == 1
