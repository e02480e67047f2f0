"""Databases on real servers and in files, and processes that use them."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from expkit import open_store
from expkit.record.model import StreamKey
from expkit.record.uid import new_uid
from expkit.stores.sql import tables
from expkit.stores.sql.store import SqlStore

from ..processes import Processes, ended, wait
from ..servers import sql

KINDS = {"postgresql": sql.POSTGRESQL, "mariadb": sql.MARIADB}


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

    def make_anew(self, url):
        """Drop a database, though it is open, and make it anew, empty; files are just deleted."""
        if self.kind == "sqlite":
            for end in ("", "-wal", "-shm"):
                Path(url.removeprefix("sqlite:///") + end).unlink(missing_ok=True)
            return
        name, how = url.rpartition("/")[2], " WITH (FORCE)" if self.kind == "postgresql" else ""
        KINDS[self.kind].ask(self.port, f"DROP DATABASE {name}{how}")
        KINDS[self.kind].ask(self.port, f"CREATE DATABASE {name}")

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


GATED = """
import time
from pathlib import Path
from expkit import SETTINGS, Experiment

SETTINGS.LANES.END_PATIENCE, SETTINGS.LANES.END_LIMIT = SECONDS, max(30, SECONDS)
SETTINGS.MONITOR.INTERVAL = 0  # only the program's own points are counted
ex = Experiment("gated", interactive=True, observers=OBSERVERS)

@ex.main
def main(_run):
    for number in range(20):
        _run.log_scalar("x", number)
    Path("early.txt").write_text("early")
    _run.add_artifact("early.txt")
    _run.flush()
    Path("half").touch()
    while not Path("go").exists():
        time.sleep(0.005)
    for number in range(20):
        _run.log_scalar("x", 20 + number)
    Path("late.txt").write_text("late")
    _run.add_artifact("late.txt")

ex.run()
"""


@pytest.fixture
def gated(tmp_path):
    """Runs a program that stops half-way, when the store at ``url`` has half of the run; returns what it said."""
    processes = Processes(tmp_path)

    def run(url, meanwhile, *others, patience=3):
        program = GATED.replace("OBSERVERS", repr([url, *others])).replace("SECONDS", str(patience))
        process = processes(program)
        wait((tmp_path / "half").exists)
        with closing(open_store(url)) as store:
            wait(lambda: all(store.streams(key.uid).get(StreamKey()) == 20 for key in store.ids()))
        meanwhile()
        (tmp_path / "go").touch()
        code, _, err = ended(process)
        assert code == 0, err
        return err

    yield run
    processes.end()
