"""How databases are named: URLs, the command line, the observer; and what is said where something is wrong with them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy

from expkit import Experiment, open_store
from expkit.console.main import main
from expkit.errors import ObserverError, StoreError
from expkit.observers import SqlObserver
from expkit.observers.opening import open_observer
from expkit.stores.sql.store import SqlStore
from expkit.testing.samples import sample_record

from ..processes import environment
from ..servers.running import free_port
from .conftest import KINDS

SCRIPT = """
from expkit import Experiment

ex = Experiment("small")

@ex.config
def config():
    lr = 0.1

@ex.automain
def main(_run, lr):
    print("ran")
    _run.log_scalar("loss", 0.5, 1)
    return lr
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("url", "address", "shown"),
    [
        (
            "postgresql://u:p%40ss@h:1/d?sslmode=require",
            "postgresql+psycopg://u:p%40ss@h:1/d?sslmode=require",
            "postgresql://u:***@h:1/d?sslmode=require",
        ),
        ("postgres://h/d", "postgresql+psycopg://h/d", "postgres://h/d"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg2://h/d", "postgresql+psycopg2://h/d"),
        ("MySQL://u:secret@h/d", "mysql+pymysql://u:secret@h/d", "MySQL://u:***@h/d"),
        ("mariadb+mysqldb://h/d", "mysql+mysqldb://h/d", "mariadb+mysqldb://h/d"),
    ],
)
def test_urls(url, address, shown):
    """A URL names the database; drivers of ours stand in where it names none, and passwords are shown nowhere."""
    store = SqlStore(url)
    assert (store.place.address, store.url) == (address, shown)
    assert "secret" not in repr(store) + repr(SqlObserver(url))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite:runs.db",
        "oracle://h/d",
        "mysql://u:secret@h",
        "mysql://h/",
    ],
)
def test_urls_that_name_nothing(url):
    """A URL of no database that can keep runs is refused at once, with one that can; no password is shown."""
    with pytest.raises(StoreError, match="sqlite:///runs.db") as caught:
        SqlStore(url)
    assert "secret" not in str(caught.value)


def test_a_driver_prints_nothing(tmp_path):
    """What a driver tells its logger while it tidies up is not for a terminal; errors are raised, and told by us."""
    program = tmp_path / "program.py"
    program.write_text(
        "import logging; from expkit import open_store\n"
        "open_store('postgresql://h/d').server.engine\n"
        "logging.getLogger('psycopg').warning('error ignored')"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, env=environment(), timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_an_address_that_is_none(kind, capsys):
    """What no driver can read is a sentence in the terminal, without the password."""
    assert main(["ls", "--store", f"{kind}://me:not-so-secret@[::1/runs"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"expkit: {kind}://me:***@[::1/runs is no address of a database: sqlite:///")
    assert "not-so-secret" not in said and len(said.splitlines()) == 1


def test_files_stay_where_they_were_named(here):
    """A relative file is that of the folder in which it was named; its folder is made with the first run."""
    store = open_store("sqlite:///new/runs.db")
    (here / "elsewhere").mkdir()
    os.chdir(here / "elsewhere")
    assert store.create(sample_record()) == 1
    store.close()
    assert (here / "new" / "runs.db").exists()
    assert sqlite3.connect(here / "new" / "runs.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("option", ["-s", "--sql", "--observe"])
def test_the_command_line(script, option):
    """``-s URL``, ``--sql URL`` and ``--observe URL`` record the run there, and a store reads it."""
    done = script(SCRIPT, option, "sqlite:///runs.db", "with", "lr=0.5")
    assert (done.returncode, "ran" in done.stdout) == (0, True), done.stderr
    store = open_store(f"sqlite:///{script.path}/runs.db")
    (row,) = store.find(columns=["id", "status", "config.lr", "metrics.loss.last"])
    assert row == {"id": 1, "status": "COMPLETED", "config.lr": 0.5, "metrics.loss.last": 0.5}
    store.close()


def test_nothing_is_loaded_before_it_is_used(here):
    """SQLAlchemy and drivers are loaded when a run starts, not when an observer is made or a URL is opened."""
    program = """
import sys
before = set(sys.modules)  # coverage keeps its data in a database
from expkit import open_store
from expkit.observers import SqlObserver
SqlObserver("postgresql://h/d"), open_store("sqlite:///runs.db").url
print([name for name in ("sqlalchemy", "psycopg", "pymysql", "sqlite3") if name in set(sys.modules) - before])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    ("package", "url", "extra"),
    [
        ("sqlalchemy", "sqlite:///runs.db", "sql"),
        ("psycopg", "postgresql://u:secret@h/d", "postgresql"),
        ("pymysql", "mysql://u:secret@h/d", "mysql"),
    ],
)
def test_a_missing_extra(here, package, url, extra):
    """Where a package is not installed, one sentence says what to type, and nothing has run."""
    blocked = f"import sys\nsys.modules[{package!r}] = None\n"
    (here / "script.py").write_text(blocked + SCRIPT)
    done = subprocess.run([sys.executable, "script.py", "-s", url], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "ran" not in done.stdout
    assert f"pip install 'expkit[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr and "secret" not in done.stderr


# -- the observer ------------------------------------------------------------------------------------------------


def ran(observer):
    experiment = Experiment("shown", interactive=True, observers=[observer])
    experiment.add_config(lr=0.1)
    experiment.main(lambda _run: print("hello") or _run.log_scalar("loss", 1.0) or 7)
    run = experiment.run()
    observer.store.close()
    return run


def test_the_observer(store, url):
    """It has the predecessor's constructor and priority, and ``query`` gives a run in the predecessor's shape."""
    observer = SqlObserver(url)
    assert (observer.priority, SqlObserver(url, True, 3).priority, observer.run_entry) == (40, 3, None)
    assert ran(observer)._id == 1
    found = observer.query(1)
    assert (found["_id"], found["status"], found["result"], found["config"]["lr"]) == (1, "COMPLETED", 7, 0.1)
    assert found["captured_out"] == "hello\n" and observer.run_entry == found
    assert observer == SqlObserver(url) == open_observer(url, {}, {})
    assert len({observer, SqlObserver(url), SqlObserver("sqlite:///other.db")}) == 2
    assert observer != "sql"
    observer.store.close()


def test_an_engine_of_ones_own(store):
    """``create_from`` uses somebody's engine, which stays as it was: his transactions, his connections."""
    engine = sqlalchemy.create_engine(store.place.address)
    observer = SqlObserver.create_from(engine, object(), priority=4)
    assert (observer.priority, observer) == (4, SqlObserver.create_from(engine))
    assert [ran(observer)._id, ran(observer)._id] == [1, 2]
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM expkit_runs")).scalar() == 2
    engine.dispose()


def test_old_spellings(here):
    """``create`` works, and says what to write; what is no engine is refused."""
    with pytest.warns(DeprecationWarning, match=r"use SqlObserver\(\.\.\.\)"):
        assert SqlObserver.create("sqlite:///runs.db") == SqlObserver("sqlite:///runs.db")
    with pytest.raises(ObserverError, match="sqlalchemy.Engine"):
        SqlObserver.create_from("sqlite:///runs.db")
    assert os.listdir() == []


def test_echo(here, caplog):
    """With ``echo`` every statement is logged."""
    ran(SqlObserver("sqlite:///runs.db", echo=True))
    assert any("INSERT INTO expkit_runs" in record.message for record in caplog.records)


def test_passwords_are_written_nowhere(databases, tmp_path, script):
    """No record, log or message has the password of the database."""
    if databases.kind == "sqlite":
        return
    url = databases.new(tmp_path).replace("expkit:expkit@", "expkit:expk%69t@")
    done = script(SCRIPT, "-s", url, "-F", "runs")
    assert done.returncode == 0, done.stderr
    store = open_store(url)
    assert "expk%69t" not in json.dumps(list(store.find())) + done.stdout + done.stderr
    store.close()
    written = b"".join(path.read_bytes() for path in script.path.rglob("*") if path.is_file() and path.suffix != ".py")
    assert b"expk%69t" not in written


# -- what is wrong -------------------------------------------------------------------------------------------------


def said(url):
    """The one sentence about a database, and that it has no secrets."""
    store = open_store(url)
    with pytest.raises(StoreError) as caught:
        store.create(sample_record())
    store.close()
    text = str(caught.value)
    assert "\n" not in text and "wrong-word" not in text and "INSERT" not in text
    return text


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_with_servers(kind, tmp_path_factory):
    """Nobody there, no such host, a wrong password, no such database: each is named in one sentence."""
    server, port = KINDS[kind], KINDS[kind].shared(tmp_path_factory)
    assert "the connection is refused" in said(server.url(free_port(), "d"))
    assert "there is no such host" in said(f"{kind}://u:wrong-word@nobody.invalid/d")
    assert "does not accept the user or the password" in said(server.url(port, "d", "wrong-word"))
    assert "has no database 'nothing'; create it first" in said(server.url(port, "nothing"))


def test_what_is_wrong_with_files(here):
    """A file that is no database, and one that cannot be made, are named."""
    (here / "text.db").write_text("no database at all " * 100)
    assert f"{here}/text.db is no SQLite database" in said("sqlite:///text.db")
    (here / "folder.db").mkdir()
    assert f"{here}/folder.db cannot be opened" in said("sqlite:///folder.db")


def test_a_run_does_not_start(script):
    """With its server away a run does not start: one line says why, and nothing of the program has run."""
    done = script(SCRIPT, "-s", f"postgresql://u:wrong-word@127.0.0.1:{free_port()}/d")
    assert done.returncode != 0 and "ran" not in done.stdout
    assert "no PostgreSQL server answers at 127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr and "wrong-word" not in done.stderr
