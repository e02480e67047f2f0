"""The ways to end, as a table: what a program does, and what is known of its run afterwards.

Each row is a script of its own, run as a real process. Whatever the end, everything that the program printed and every
metric that it logged before is there.
"""

import os
import re
import signal
import subprocess
import sys
import textwrap
from typing import NamedTuple

import pytest

from expkit.record.model import OUTPUT, StreamKey
from expkit.stores.folder.store import FolderStore


class Ending(NamedTuple):
    """One way to end.

    Attributes:
        name: what happens.
        main: the body of main, after it has printed a line and logged 50 points.
        code: exit code of the process, negative for a signal.
        status: as stored.
        cause: pattern for what readers are told.
        state: what readers see; default: the status.
        gap: pattern for the one gap in the record; None: there is none.
        around: further code at module level.
        arguments: of the command line.
        environment: variables.
        start: replaces the usual start of the run.
    """

    name: str
    main: str
    code: int
    status: str
    cause: str = ""
    state: str = ""
    gap: str | None = None
    around: str = ""
    arguments: tuple = ()
    environment: dict = {}
    start: str = "ex.run_commandline()"


KILL = "os.kill(os.getpid(), signal.{}); time.sleep(5)"
GONE = r"gave no sign of life after its start at [-\d]+ [\d:]+ UTC: its process is gone; it crashed, was killed, or left by os._exit"

TABLE = [
    # -- main ends -----------------------------------------------------------------------------------------
    Ending("return", "return 1", 0, "COMPLETED"),
    Ending("exception", "raise ValueError('boom')", 1, "FAILED", "ValueError: boom"),
    Ending("SystemExit(0)", "sys.exit(0)", 0, "COMPLETED"),
    Ending("SystemExit(None)", "sys.exit()", 0, "COMPLETED"),
    Ending("SystemExit(3)", "sys.exit(3)", 3, "FAILED", r"left with exit code 3 \(SystemExit\)"),
    Ending("SystemExit with a text", "sys.exit('no data')", 1, "FAILED", "SystemExit: no data"),
    Ending("recursion", "main.__wrapped__ if 0 else (lambda f: f(f))(lambda f: f(f))", 1, "FAILED", "RecursionError: .*"),
    Ending("custom interrupt", "raise Diverged('loss is nan')", 1, "DIVERGED", "loss is nan",
           around="class Diverged(expkit.RunInterrupt):\n    STATUS = 'DIVERGED'"),
    Ending("timeout", "raise expkit.TimeoutInterrupt('an hour is over')", 1, "TIMEOUT", "an hour is over"),
    Ending("without heartbeats", "return 1", 0, "COMPLETED", arguments=("--beat-interval", "0")),
    Ending("exception without heartbeats", "raise ValueError('boom')", 1, "FAILED", "ValueError: boom",
           arguments=("--beat-interval", "0")),
    # -- somebody ends it ----------------------------------------------------------------------------------
    Ending("Ctrl-C", KILL.format("SIGINT"), 130, "INTERRUPTED", r"interrupted from the keyboard \(SIGINT\)"),
    Ending("SIGTERM", KILL.format("SIGTERM"), 143, "INTERRUPTED", r"terminated \(SIGTERM\)"),
    Ending("SIGHUP", KILL.format("SIGHUP"), 129, "INTERRUPTED", r"its terminal was closed \(SIGHUP\)"),
    Ending("SIGHUP under nohup", "os.kill(os.getpid(), signal.SIGHUP)", 0, "COMPLETED",
           around="signal.signal(signal.SIGHUP, signal.SIG_IGN)"),
    Ending("SIGUSR1 under a scheduler", KILL.format("SIGUSR1"), 138, "INTERRUPTED",
           r"told to end by the scheduler \(SIGUSR1\)", environment={"SLURM_JOB_ID": "7"}),
    Ending("SIGUSR1 without one", KILL.format("SIGUSR1"), -signal.SIGUSR1, "RUNNING", GONE, "DIED"),
    Ending("limit of processor time", KILL.format("SIGXCPU"), 152, "INTERRUPTED", r"its limit of processor time.*"),
    Ending("SIGTERM that the program handles", "os.kill(os.getpid(), signal.SIGTERM)", 0, "COMPLETED",
           around="signal.signal(signal.SIGTERM, lambda *_: None)"),
    Ending("SIGTERM handled from within main, and passed on",
           "before = signal.getsignal(signal.SIGTERM)\n"
           "signal.signal(signal.SIGTERM, lambda *given: before(*given))\n" + KILL.format("SIGTERM"),
           143, "INTERRUPTED", r"terminated \(SIGTERM\)"),
    Ending("Ctrl-C again while the end is written", KILL.format("SIGINT"), 130, "INTERRUPTED",
           r"interrupted from the keyboard \(SIGINT\)", around="again = signal.SIGINT"),
    Ending("SIGTERM while the end is written", "return 1", 143, "COMPLETED", around="again = signal.SIGTERM"),
    # -- the process dies ----------------------------------------------------------------------------------
    Ending("os._exit", "os._exit(5)", 5, "RUNNING", GONE, "DIED"),
    Ending("kill -9", KILL.format("SIGKILL"), -9, "RUNNING", GONE, "DIED"),
    Ending("segmentation fault", "ctypes.string_at(0)", -11, "RUNNING",
           r"crashed: Segmentation fault in script.py, line \d+, in main", "DIED"),
    Ending("abort", "os.abort()", -6, "RUNNING", r"crashed: Aborted in script.py, line \d+, in main", "DIED"),
    Ending("bus error", KILL.format("SIGBUS"), -signal.SIGBUS, "RUNNING",
           r"crashed: Bus error in script.py, line \d+, in main", "DIED"),
    Ending("crash where the user has faulthandler", "faulthandler.enable(); ctypes.string_at(0)", -11, "RUNNING", GONE,
           "DIED"),
    Ending("another program takes its place", "os.execv('/bin/true', ['true'])", 0, "RUNNING", GONE, "DIED"),
    Ending("SIGTERM that nobody answers, then kill -9",
           "signal.pthread_sigmask(signal.SIG_BLOCK, []); signal.signal(signal.SIGTERM, lambda *_: None)\n"
           "os.kill(os.getpid(), signal.SIGTERM)\n" + KILL.format("SIGKILL"),
           -9, "RUNNING", r"got SIGTERM at [-\d]+ [\d:]+ UTC, then died without an end", "DIED"),
    Ending("out of memory",
           "resource.setrlimit(resource.RLIMIT_AS, (1 << 31, -1))\nreturn len(bytearray(1 << 40))",
           1, "FAILED", "MemoryError"),
    # -- something around main fails -----------------------------------------------------------------------
    Ending("exception in a hook before", "", 1, "FAILED", "ValueError: hook", around="before = ValueError('hook')"),
    Ending("exception in a hook after", "return 1", 1, "FAILED", "ValueError: hook", around="after = ValueError('hook')"),
    Ending("exception in a thread", "fail_in_thread(ValueError('aside'))", 0, "COMPLETED",
           gap=r"thread 'helper' ended with ValueError: aside \(script.py, line \d+\); the run went on"),
    Ending("sys.exit in a thread", "fail_in_thread(SystemExit(4))", 0, "COMPLETED"),
    Ending("exception in an observer", "return 1", 0, "COMPLETED", around="ex.observers.extend(['runs', Failing()])"),
    Ending("exception in atexit", "return 1", 0, "COMPLETED", around="atexit.register(lambda: 1 / 0)"),
    # -- forks ---------------------------------------------------------------------------------------------
    Ending("a fork that is killed", "fork(lambda: os.kill(os.getpid(), signal.SIGKILL))", 0, "COMPLETED"),
    Ending("a fork that crashes", "fork(lambda: ctypes.string_at(0))", 0, "COMPLETED"),
    Ending("a fork that crashes, then kill -9", "fork(lambda: ctypes.string_at(0))\n" + KILL.format("SIGKILL"),
           -9, "RUNNING", GONE, "DIED"),
    Ending("a fork that is terminated", "fork(lambda: os.kill(os.getpid(), signal.SIGTERM))", 0, "COMPLETED"),
    Ending("a fork that leaves main by an exception", "fork_and_leave(ValueError('in the child'))", 0, "COMPLETED"),
    Ending("a fork that leaves main by sys.exit", "fork_and_leave(SystemExit(7))", 0, "COMPLETED"),
    Ending("a fork that returns from main", "fork_and_leave(None)", 0, "COMPLETED"),
    Ending("a fork that logs and reports", "fork(lambda: (_run.log_scalar('loss', -1), _run.flush()))", 0, "COMPLETED"),
    # -- the interpreter ends first --------------------------------------------------------------------------
    Ending("the interpreter ends while a daemon thread runs it", "started.set(); time.sleep(60)", 0, "INTERRUPTED",
           "the program ended while the run was going on", start="in_daemon_thread()"),
    Ending("... and while heartbeats come all the time", "started.set(); time.sleep(60)", 0, "INTERRUPTED",
           "the program ended while the run was going on", start="in_daemon_thread({'--beat-interval': 0.0005})"),
    Ending("the block of a run is never left", "", 0, "INTERRUPTED", "the program ended while the run was going on",
           start="life = expkit.start_run('ending'); run = life.__enter__(); main(run)"),
]  # fmt: skip

SCRIPT = """
import atexit, ctypes, faulthandler, os, resource, signal, sys, threading, time
import expkit

ex = expkit.Experiment("ending", interactive=False)
before = after = again = None
started = threading.Event()

class Failing(expkit.RunObserver):
    tries = 1
    def heartbeat_event(self, *given, **named): raise ValueError("observer")
    def completed_event(self, *given, **named): raise ValueError("observer")

def fail_in_thread(error):
    def work():
        raise error
    thread = threading.Thread(target=work, name="helper")
    thread.start()
    thread.join()

def fork(act):
    child = os.fork()
    if not child:
        act()
        os._exit(0)
    os.waitpid(child, 0)

def fork_and_leave(error):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    elif error is not None:
        raise error

def in_daemon_thread(options={}):
    threading.Thread(target=lambda: ex.run(options=options), daemon=True).start()
    started.wait(30)

@ex.pre_run_hook
def first(_run):
    print("said before the end", flush=True)
    for step in range(50):
        _run.log_scalar("loss", step)
    if before is not None:
        raise before

@ex.post_run_hook
def last():
    if after is not None:
        raise after

AROUND

if again is not None:
    from expkit.run.life import engine
    def twice(run, keep=engine.keep_run_files):
        os.kill(os.getpid(), again)
        time.sleep(0.01)
        keep(run)
    engine.keep_run_files = twice

@ex.main
def main(_run):
    MAIN

START
"""


@pytest.fixture
def end(tmp_path):
    """Run a row's script; returns the process and the store."""

    def run(ending, **options):
        body = textwrap.indent(ending.main or "pass", "    ").lstrip()
        source = SCRIPT.replace("AROUND", ending.around).replace("MAIN", body).replace("START", ending.start)
        if "start_run" in ending.start:
            source = source.replace("@ex.main\n", "").replace("def main(_run):", "def main(_run):\n    first(_run)")
        (tmp_path / "script.py").write_text(source)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "PYTHONFAULT"))
        }
        done = subprocess.run(
            [sys.executable, "script.py", *ending.arguments],
            cwd=tmp_path,
            env={**environment, **ending.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done, FolderStore(tmp_path / "runs")

    return run


@pytest.mark.skipif(os.name != "posix", reason="signals and forks are POSIX's")
@pytest.mark.parametrize("ending", TABLE, ids=lambda ending: ending.name)
def test_ending(ending, end):
    """The exit code is the program's, the record says what is true, and all output and all metrics are there."""
    done, store = end(ending)
    (row,) = store.find(columns=["id", "uid", "status", "state", "cause", "gaps"])
    assert done.returncode == ending.code, done.stderr
    assert (row["status"], row["state"]) == (ending.status, ending.state or ending.status)
    assert re.fullmatch(ending.cause, row["cause"]), row["cause"]
    assert len(row["gaps"]) == (ending.gap is not None)
    assert ending.gap is None or re.fullmatch(ending.gap, row["gaps"][0]), row["gaps"]
    assert [point.value for point in store.read(row["uid"], StreamKey())] == list(range(50))
    assert b"said before the end\n" in bytes(store.read(row["uid"], StreamKey(OUTPUT)))
    assert "said before the end\n" in done.stdout
    assert bool(list((store.root / row["id"]).glob("last-words*"))) == (row["state"] == "DIED")
    assert "Fatal Python error" not in done.stderr or "faulthandler.enable()" in ending.main
