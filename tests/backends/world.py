"""One server with a fault, the program that runs meanwhile, and what becomes of its run: :class:`World`."""

import subprocess
import sys
import time

from expkit import open_store

from ..processes import QUICK, Processes, ended, environment, wait
from ..servers.small_disk import SmallDisk
from ..sync.conftest import seen
from .backend import DATABASE
from .proxy import Proxy

LIMIT = 120
"""Seconds after which a program that should have ended hangs."""

BUSY = """
import random, sys, time
from pathlib import Path
from expkit import Experiment

ex = Experiment("busy", interactive=True, observers=["folder:runs", sys.argv[1]])

def wait_at(gate):
    while not Path(gate).exists():
        time.sleep(0.005)

@ex.main
def main(_run):
    Path("begun").touch()
    number = 0
    while number < 200 or not Path("enough").exists():
        number += 1
        print("line", number)
        _run.log_scalar("loss", 1 / number, number)
        if number % 50 == 0:
            Path("part").write_bytes(random.Random(number % 200).randbytes(20_000))
            _run.add_artifact("part", f"part-{number % 200}")
            _run.info["number"] = number
            _run.flush()
        if number == 200:
            Path("under-way").touch()
        elif number > 200:
            time.sleep(0.005)
    Path("leaving").touch()
    wait_at("leave")
    return 7

ex.run_commandline([sys.argv[0]])
sys.exit(5)
"""

GATES = ("enough", "leave")
"""What the busy program waits for: before it leaves its loop, and before its main function returns."""


class Busy:
    """The busy program under way: it writes files when it comes somewhere, and waits for files.

    Args:
        process: it.
        folder: where it runs.
    """

    def __init__(self, process, folder):
        self._process = process
        self._folder = folder
        self._spawned = self._opened = time.time()
        self.code, self.out, self.err = None, "", ""

    def until(self, place):
        """Wait until it has come there: ``begun``, ``under-way`` (a beat is behind it) or ``leaving``."""
        wait(lambda: (self._folder / place).exists() or self._process.poll() is not None, LIMIT)
        assert (self._folder / place).exists(), self.ended().err
        return self

    def open(self, *gates):
        """Let it pass."""
        for gate in gates or GATES:
            (self._folder / gate).touch()
        self._opened = time.time()
        return self

    def ended(self):
        """Wait for its end."""
        self.code, self.out, self.err = ended(self._process, LIMIT)
        self._ended = time.time()
        return self

    def kill(self):
        """It dies at once."""
        self._process.kill()
        ended(self._process, LIMIT)

    @property
    def seconds(self):
        """How long it took to begin, and from when nothing held it any more to its end."""
        begun = self._folder / "begun"
        start = begun.stat().st_mtime if begun.exists() else self._ended
        return start - self._spawned + self._ended - max(start, self._opened)


class World:
    """A backend's server, a folder in which the program runs, and maybe a bad line or a small disk.

    Args:
        backend: which.
        folder: of the test.
        faults: whether settings and pauses are as users have them, and time is measured.
        note: told of (name, value) that the table of what was seen shows.

    Attributes:
        server: not started yet.
        proxy: the line to it, after :meth:`bad_line`.
        disk: its disk, after :meth:`small_disk`.
    """

    def __init__(self, backend, folder, *, faults, note):
        self.backend, self.folder, self.faults = backend, folder, faults
        self.server = backend.server(_made(folder / "server"))
        self.proxy = self.disk = None
        self._processes = Processes(folder)
        self._note = note
        self._calm = None

    def end(self):
        """Nothing is left of it."""
        self._processes.end()
        for each in (self.proxy and self.proxy.close, self.server.end, self.disk and self.disk.end):
            if each:
                each()

    # -- the server ------------------------------------------------------------------------------------

    def start(self):
        """Start the server for the first time, and with it what its URL needs."""
        self.server.start()
        self.backend.prepare(self.server, DATABASE)
        if self.faults:
            self.backend.prepare(self.server, "calm")
        return self

    def bad_line(self):
        """From now on a proxy is between the program and the server."""
        self.proxy = Proxy(self.server.port)
        return self.proxy

    def small_disk(self):
        """Put the server's data, or the files, onto a small disk; and start it."""
        if self.backend.in_files:
            self.server.start()
        else:
            self.server.command()  # fills the folder
        self.disk = SmallDisk(self.server.folder, self.backend.disk)
        if not self.backend.in_files:
            self.server.inside = self.disk.inside
            self.start()

    def room_again(self):
        """Free the disk; a server that has given up is started again, as somebody would do."""
        self.disk.free()
        if not self.backend.in_files:
            self.server.kill()
            self.server.start()

    def url(self, name=DATABASE):
        """Where the runs go."""
        port = self.proxy.port if self.proxy else self.server.port
        return self.backend.url(self.server, port, name, quick=not self.faults)

    # -- programs --------------------------------------------------------------------------------------

    def busy(self, *gates, url=None, folder=None, **more):
        """Start the busy program, with some gates open."""
        folder = folder or self.folder
        for gate in gates:
            (folder / gate).touch()
        return Busy(self.program(BUSY, url or self.url(), folder=folder, **more), folder)

    def program(self, source, *arguments, head=None, **more):
        """Start a program where the backend is."""
        head = ("" if self.faults else QUICK) if head is None else head
        return self._processes(source, *arguments, head=head, inside=self._inside, **more)

    def journalled(self):
        """The URL, for runs that may start while the server is away."""
        url = self.url()
        return f"{url}{'&' if '?' in url else '?'}offline=journal"

    def calm(self, *gates):
        """Where time is measured: run the busy program without a fault, with some gates open from the beginning."""
        if not self.faults:
            return
        folder = _made(self.folder / "calm")
        busy = self.busy(*gates, url=self.url("calm"), folder=folder)
        if not gates:
            busy.until("under-way").open()
        assert busy.ended().code == 5, busy.err
        self._calm = busy.seconds

    def assert_own_end(self, busy, most=5.0):
        """Assert that the program's exit code is its own, and where time is measured that it took little longer."""
        assert busy.ended().code == 5, busy.err
        assert "Traceback" not in busy.err, busy.err
        if self.faults:
            growth = busy.seconds - self._calm
            self._note("growth", round(growth, 2))
            assert growth < most, busy.err

    def sync(self):
        """``expkit sync``: exit code and what it says. A password that nobody wrote down is given to it."""
        given = {"EXPKIT_SYNC_TO": self.url()} if self.backend.has_password else {}
        command = self._inside([sys.executable, "-m", "expkit", "sync"], self.folder)
        env = environment(**given)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run(command, cwd=self.folder, env=env, timeout=LIMIT, **pipes)
        return done.returncode, done.stdout

    def _inside(self, command, folder):
        return self.disk.inside(command, folder) if self.disk and self.backend.in_files else command

    # -- what became of it -----------------------------------------------------------------------------

    def store(self):
        """What the program has written to, for whoever closes it."""
        if self.disk and self.backend.in_files:
            self.disk.copy_out()
        return open_store(self.url())

    def assert_whole(self, runs=1):
        """Deliver what is owed; assert that all is there as in the local folder, once, and return the records."""
        code, said = self.sync()
        assert code == 0, said
        assert said.splitlines()[-1] == "nothing is owed"
        here, there = open_store(self.folder / "runs"), self.store()
        try:
            uids = sorted(key.uid for key in here.ids())
            assert sorted(key.uid for key in there.ids()) == uids
            assert len(uids) == runs
            for uid in uids:
                assert seen(there, uid) == seen(here, uid)
                steps = self.backend.steps(there, uid)
                assert steps == list(range(1, len(steps) + 1)) != []
            assert self.backend.doubles(there) == []
            records = [there.load(uid) for uid in uids]
        finally:
            there.close()
        self._note("whole, once", "yes")
        return records


def _made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder
