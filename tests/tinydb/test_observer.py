"""``TinyDbObserver``: how it is made, what it shows, and how the command line names it."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys

import pytest
from tinydb import TinyDB
from tinydb.storages import MemoryStorage

from expkit import Experiment, open_store
from expkit.errors import ObserverError
from expkit.observers import FileStorageObserver, StoreObserver, TinyDbObserver


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def ran(observer, main=lambda: 7):
    experiment = Experiment("shown", interactive=True, observers=[observer])
    experiment.add_config(lr=0.1)
    experiment.main(main)
    return experiment.run()


def test_nothing_is_made_before_the_first_run(tmp_path):
    """Making an observer touches no disk; its default folder is ``runs_db``."""
    observer = TinyDbObserver()
    assert (observer.root, observer.priority, observer.run_entry) == (str(tmp_path / "runs_db"), 0, {})
    assert os.listdir() == []
    assert len(observer.runs) == 0


def test_what_it_shows():
    """The tables, the files and the run that it was told of last."""
    observer = TinyDbObserver("db")
    seen = []

    def main(_run):
        entry = _run.observers[0].run_entry
        seen.append((entry["_id"], entry["status"], entry["config"]["lr"], len(observer.runs)))
        _run.add_artifact(__file__, "test.py")

    run = ran(observer, main)
    assert seen == [(1, "RUNNING", 0.1, 1)]
    assert (run._id, observer.run_entry["status"], observer.db.tables()) == (1, "COMPLETED", {"runs"})
    document = observer.runs.get(doc_id=1)
    assert (document["_id"], document["experiment"]["name"]) == (1, "shown")
    digest = document["artifacts"][0][2]
    with observer.fs.open(digest) as file:
        assert b"TinyDbObserver" in file.read()


def test_by_hand():
    """Event methods that are called by hand write at once, dates and all."""
    observer = TinyDbObserver("db")
    noon = datetime.datetime(2026, 3, 1, 12)
    run_id = observer.started_event({"name": "hand"}, "main", {}, noon, {"day": noon}, {}, None)
    observer.heartbeat_event({"n": 1}, "text", noon, None)
    observer.completed_event(noon, 3)
    (found,) = observer.runs.all()
    assert (run_id, found["_id"], found["config"]["day"], found["start_time"]) == (1, 1, noon, noon)
    assert (found["captured_out"], found["info"], found["result"]) == ("text", {"n": 1}, 3)


def test_equal_observers():
    """Two observers of one folder are equal, if they write the same kind of store into it."""
    assert TinyDbObserver("db") == TinyDbObserver(os.path.abspath("db"))
    assert len({TinyDbObserver("db"), TinyDbObserver("db"), TinyDbObserver("other")}) == 2
    assert TinyDbObserver("db") not in ("db", FileStorageObserver("db"), StoreObserver(TinyDbObserver("db").store))


def test_old_spellings():
    """``create`` says what to write instead; ``create_from`` takes a database that is open."""
    with pytest.warns(DeprecationWarning, match=r"use TinyDbObserver\(\.\.\.\)"):
        observer = TinyDbObserver.create("db", overwrite=None)
    ran(observer)
    with TinyDB("db/metadata.json") as db:
        again = TinyDbObserver.create_from(db, None)
    assert again == TinyDbObserver.create_from(observer.db, observer.fs) == observer
    assert TinyDbObserver.create_from(None, None, root="db") == observer
    assert ran(again)._id == 2


def test_databases_without_a_folder():
    """A database that lies in no file cannot be observed into; the error says what to write."""
    with TinyDB(storage=MemoryStorage) as db, pytest.raises(ObserverError, match="TinyDbObserver"):
        TinyDbObserver.create_from(db, None)


SCRIPT = """
from expkit import Experiment
ex = Experiment("script")
ex.add_config(a=1)

@ex.automain
def main(a):
    return a
"""


@pytest.mark.parametrize("arguments", [["-t", "db"], ["--tiny_db=db"], ["--tiny-db", "db"], ["--observe", "tinydb:db"]])
def test_the_command_line(script, arguments):
    """``-t DIR`` and ``--observe tinydb:DIR`` record the run there; so reads ``open_store``."""
    done = script(SCRIPT, *arguments, "with", "a=5")
    assert done.returncode == 0, done.stderr
    record = open_store("tinydb:db").load(1)
    assert (record.status, record.result, record.gaps) == ("COMPLETED", 5, ())


@pytest.mark.parametrize("arguments", [["-t", ""], ["--observe", "tinydb:"]])
def test_no_folder(script, arguments):
    """A specification without a folder is refused in one sentence that shows a right one."""
    done = script(SCRIPT, *arguments)
    assert (done.returncode != 0, "Traceback" in done.stderr) == (True, False)
    assert "tinydb:runs_db" in done.stderr


def test_a_start_in_a_damaged_database(script):
    """A run does not start into a database that is damaged; the sentence names the file."""
    os.mkdir("db")
    with open("db/metadata.json", "w") as file:
        file.write('{"runs": {"1": ')
    done = script(SCRIPT, "-t", "db")
    assert (done.returncode != 0, "Traceback" in done.stderr) == (True, False)
    assert "db/metadata.json is damaged" in done.stderr
    with open("db/metadata.json") as file:
        assert file.read() == '{"runs": {"1": '


def test_a_folder_store_in_the_same_folder():
    """A folder store and a database may share a folder: each has the whole run, and neither sweeps the other's bytes."""
    observers = [FileStorageObserver("runs"), TinyDbObserver("runs")]
    experiment = Experiment("both", interactive=True, observers=observers)
    experiment.main(lambda _run: _run.add_artifact(__file__, "test.py"))
    run = experiment.run()
    stores = [open_store("folder:runs"), open_store("tinydb:runs")]
    for store in stores:
        store.sweep(grace=0)
    for store in stores:
        record = store.load(run.uid)
        (artifact,) = record.files_of("artifact")
        assert (len(store.ids()), record.status, store.has_blob(artifact.sha256)) == (1, "COMPLETED", True)


def test_what_a_database_is_owed(script, tmp_path):
    """A run that the database could not take is delivered later, also from another folder."""
    (tmp_path / "nas").write_text("not mounted")
    done = script(
        "from expkit import SETTINGS\nSETTINGS.LANES.END_PATIENCE = 0.2\n" + SCRIPT,
        "--observe",
        "tinydb:nas/db?offline=journal",
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "nas").unlink()
    (tmp_path / "elsewhere").mkdir()
    sync = [sys.executable, "-m", "expkit", "sync"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(sync, cwd="elsewhere", env=env, capture_output=True, text=True, timeout=60)
    assert "is delivered to tinydb:" in done.stdout, done.stdout + done.stderr
    assert open_store("tinydb:nas/db").load(1).result == 1
