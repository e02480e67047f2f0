"""Databases on real servers and in files, and processes that use them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from expkit.record.uid import new_uid
from expkit.stores.sql.store import SqlStore

from ..servers import sql

HOME = Path(__file__).parents[2]
KINDS = {"postgresql": sql.POSTGRESQL, "mariadb": sql.MARIADB}

QUICK = """
from expkit import SETTINGS
SETTINGS.LANES.RETRY_FIRST = 0.01
SETTINGS.LANES.RETRY_LONGEST = 0.2
SETTINGS.LANES.END_PATIENCE = 0.2
SETTINGS.LANES.JOURNAL_PATIENCE = 0.2
"""


class Databases:
    """Makes new, empty databases of one kind, and removes them in the end."""

    def __init__(self, kind, port):
        self.kind, self.port = kind, port
        self._made = []

    def new(self, folder):
        """The URL of a new database; those in files lie in the folder."""
        if self.kind == "sqlite":
            return f"sqlite:///{folder}/{new_uid()}.db"
        self._made.append(name := f"t{new_uid()}")
        KINDS[self.kind].ask(self.port, f"CREATE DATABASE {name}")
        return KINDS[self.kind].url(self.port, name)

    def end(self):
        """Remove them."""
        for name in self._made:
            KINDS[self.kind].ask(self.port, f"DROP DATABASE {name}" + (" WITH (FORCE)" * (self.kind == "postgresql")))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def databases(request, tmp_path_factory):
    """Databases of each kind in turn."""
    port = KINDS[request.param].shared(tmp_path_factory) if request.param in KINDS else 0
    made = Databases(request.param, port)
    yield made
    made.end()


@pytest.fixture
def url(databases, tmp_path):
    """The URL of a new, empty database."""
    return databases.new(tmp_path)


@pytest.fixture
def store(url):
    """A new, empty store."""
    made = SqlStore(url)
    yield made
    made.close()


@pytest.fixture(params=KINDS)
def own(request):
    """A server of the test's own, not started yet; its data stays from start to start."""
    made = KINDS[request.param].own()
    yield made
    made.end()


@pytest.fixture
def process(tmp_path):
    """Starts a program in a process of its own, in the folder of the test."""
    started = []

    def start(program, *arguments):
        path = tmp_path / f"program{len(started)}.py"
        path.write_text(QUICK + program)
        environment = {**os.environ, "PYTHONPATH": os.fspath(HOME), "PYTHONUNBUFFERED": "1"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, path.name, *map(str, arguments)]
        started.append(subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def wait(condition, seconds=60):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def ended(process):
    """Exit code, stdout and stderr of a process, once it has ended."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err
