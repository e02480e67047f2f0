"""Databases on real servers and in files, and processes that use them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from expkit.record.uid import new_uid
from expkit.stores.sql import tables
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
    """Gives empty databases of one kind; making tables takes servers long, so used ones are emptied and given again."""

    def __init__(self, kind, port):
        self.kind, self.port = kind, port
        self._free, self._given = [], []

    def new(self, folder):
        """The URL of an empty database, which may have its tables already; those in files lie in the folder."""
        return self._url(self._free.pop()) if self._free else self.bare(folder)

    def bare(self, folder):
        """The URL of a database that nobody has used."""
        if self.kind == "sqlite":
            return f"sqlite:///{folder}/{new_uid()}.db"
        name = f"t{new_uid()}"
        KINDS[self.kind].ask(self.port, f"CREATE DATABASE {name}")
        return self._url(name)

    def _url(self, name):
        self._given.append(name)
        return KINDS[self.kind].url(self.port, name)

    def take_back(self):
        """Empty those that were given."""
        for name in self._given:
            store = SqlStore(KINDS[self.kind].url(self.port, name))
            if store.server.is_there():
                store.server.write(_empty)
            store.close()
        self._free += self._given
        self._given = []


def _empty(connection):
    for table in tables.metadata.sorted_tables:
        if table is not tables.store:
            connection.execute(table.delete())
    connection.execute(tables.store.update().values(last_id=0, last_change=0))


_databases = {}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def databases(request, tmp_path_factory):
    """Databases of each kind in turn."""
    kind = request.param
    if kind not in _databases:
        _databases[kind] = Databases(kind, KINDS[kind].shared(tmp_path_factory) if kind in KINDS else 0)
    yield _databases[kind]
    _databases[kind].take_back()


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
