"""Servers under way: one for all tests of a session, or one of a test's own that may be stopped and killed."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from .building import Missing, locked

KEEPER = Path(__file__).with_name("keeper.py")
START_LIMIT = 60


class Process:
    """A server of a test's own.

    Args:
        command: ``command(port)`` gives the program and its arguments; its data stays from start to start.
        folder: for its log.
        port: where it listens; default: any free one.
        death: the signal that it dies of.

    Attributes:
        folder: see above.
        inside: ``inside(command)`` gives the command that runs the program somewhere, say in a namespace.
    """

    def __init__(self, command, folder, port=None, death=signal.SIGKILL):
        self._command = command
        self.folder = Path(folder)
        self.inside = list
        self._log = self.folder / "server.log"
        self.port = port or free_port()
        self._death = death
        self._process = None

    def start(self):
        """Start it, and wait until it answers."""
        command = self.inside(self.command())
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self.port, lambda: self._process.poll() is None, self._log)
        return self

    def command(self):
        """The program and its arguments; its data is there afterwards."""
        return self._command(self.port)

    def pause(self):
        """It takes connections, and answers nothing."""
        self._send(signal.SIGSTOP)

    def resume(self):
        """It goes on."""
        self._send(signal.SIGCONT)

    def kill(self):
        """It dies at once."""
        if self._process is not None:
            self._send(self._death)
            self._process.wait(START_LIMIT)
            self._process = None

    def _send(self, number):
        """Send a signal to it and to those that it has started, which may be in sessions of their own."""
        if self._process.poll() is not None:
            return
        server = psutil.Process(self._process.pid)
        for each in [server, *server.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(number)

    def end(self):
        """It dies, and nothing is left of it."""
        self.kill()


def shared(name, command, folder, own):
    """The port of the server that all tests of a session share; the first one to ask starts it.

    It ends with the process that started the tests, whatever becomes of that.

    Args:
        name: of the server.
        command: ``command(port, folder)`` gives the program and its arguments.
        folder: of the session, known to all its processes.
        own: the folder for its data is made here.
    """
    note = Path(folder) / f"{name}.json"
    with locked(note.with_suffix(".lock")):
        if not note.exists():
            note.write_text(json.dumps(_start_shared(name, command, Path(own))))
        return json.loads(note.read_text())["port"]


def _start_shared(name, command, folder):
    data = folder / f"{name}-data"
    data.mkdir(parents=True)
    port, log = free_port(), folder / f"{name}.log"
    watched = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    with open(log, "ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, KEEPER, str(watched), *map(str, command(port, data))],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    _keepers.append(keeper)
    wait_for(port, lambda: keeper.poll() is None, log)
    return {"port": port, "pid": keeper.pid}


_keepers = []


def wait_for(port, lives, log):
    """Wait until somebody listens at a port of this machine."""
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and lives():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Missing(f"the server at port {port} did not start: {Path(log).read_text(errors='replace')[-500:]}")


def free_port():
    """A port of this machine where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def session_folder(factory):
    """The folder that all processes of this session of tests know."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def had(get):
    """What ``get()`` returns; where the server cannot be had, tests are not run, and with CI=true they fail."""
    try:
        return get()
    except Missing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(f"not run: {error}")
