"""Files of SQLite databases that are deleted, moved or replaced while they are open, or that may only be read."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from expkit import open_store
from expkit.errors import StoreError
from expkit.record.model import POINTS, Point, StreamKey
from expkit.stores.pieces import PIECE
from expkit.stores.sql.store import SqlStore
from expkit.testing.samples import sample_record

from ..processes import environment
from ..sync.conftest import seen

NOBODY = 65534


def sync(folder):
    command = [sys.executable, "-m", "expkit", "sync"]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=100).stdout


def rest(path):
    """The file and what SQLite has beside it."""
    return [each for each in path.parent.iterdir() if each.name.startswith(path.name)]


@pytest.mark.parametrize("what", ["deleted", "moved"])
@pytest.mark.parametrize("others", [[], ["folder:runs"]])
def test_gone_in_mid_run(tmp_path, gated, what, others):
    """A file that is taken away in mid-run is made anew with the whole run in it, also where no folder has the run."""

    def take_away():
        for path in rest(tmp_path / "runs.db"):
            if what == "deleted":
                path.unlink()
            else:
                path.rename(path.with_name(f"old-{path.name}"))

    gated(f"sqlite:///{tmp_path}/runs.db", take_away, *others)
    assert sync(tmp_path).splitlines()[-1] == "nothing is owed"
    with closing(open_store(f"sqlite:///{tmp_path}/runs.db")) as store:
        record = store.load(1)
        assert (record.status, store.streams(1)[StreamKey()]) == ("COMPLETED", 40)
        assert [point.value for point in store.read(1, StreamKey())] == list(range(40))
        assert all(store.has_blob(ref.sha256) for ref in record.files if ref.kept)
        if others:
            assert seen(store, record.uid) == seen(open_store(tmp_path / "runs"), record.uid)


@pytest.mark.parametrize("size", [0, PIECE, PIECE + 1])
def test_replaced_while_bytes_are_sent(tmp_path, size):
    """An upload that another file took the place of goes on in no stranger's row; sent once more it is whole."""
    url = f"sqlite:///{tmp_path}/runs.db"
    mine, others = bytes(size), b"other"

    class Source(io.BytesIO):
        def read(self, wanted=-1):
            if self.tell() == size and not (tmp_path / "gone").exists():
                (tmp_path / "gone").touch()
                for path in rest(tmp_path / "runs.db"):
                    path.unlink()
                with closing(open_store(url)) as other:
                    other.put_blob(others)
            return super().read(wanted)

    with closing(open_store(url)) as store:
        with pytest.raises(StoreError, match="was replaced while bytes were sent"):
            store.put_blob(Source(mine))
        for content in (others, mine):
            blob = store.put_blob(content)
            with store.open_blob(blob.sha256) as file:
                assert file.read() == content


def test_replaced_by_an_older_one(tmp_path, gated):
    """A backup without the run's last half and its files, put in the place of the file, is brought up to date."""
    path, backup = tmp_path / "runs.db", tmp_path / "backup.db"

    def put_back():
        with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(backup)) as copy:
            live.backup(copy)
            for table in ("expkit_points", "expkit_metrics", "expkit_streams", "expkit_blobs", "expkit_pieces"):
                copy.execute(f"DELETE FROM {table}")
            copy.commit()
        for each in rest(path):
            each.unlink()
        backup.rename(path)

    gated(f"sqlite:///{path}", put_back, "folder:runs")
    assert sync(tmp_path).splitlines()[-1] == "nothing is owed"
    with closing(open_store(f"sqlite:///{path}")) as store:
        (key,) = store.ids()
        assert seen(store, key.uid) == seen(open_store(tmp_path / "runs"), key.uid)


def test_a_run_that_was_deleted_stays_so(tmp_path, gated):
    """A run that somebody deletes in its database in mid-run does not come back by itself; its end says so."""

    def delete():
        with closing(open_store(f"sqlite:///{tmp_path}/runs.db")) as store:
            store.delete(1)

    err = gated(f"sqlite:///{tmp_path}/runs.db", delete, "folder:runs")
    assert "there is no run" in err and "has not taken everything" in err
    with closing(open_store(f"sqlite:///{tmp_path}/runs.db")) as store:
        assert store.ids() == []


def test_an_open_store_follows(tmp_path):
    """A store that is open reads and writes the file that stands there now, or makes one where there is none."""
    path, other = tmp_path / "a.db", tmp_path / "b.db"
    for each, count in ((path, 1), (other, 2)):
        with closing(SqlStore(f"sqlite:///{each}")) as store:
            for number in range(count):
                store.create(sample_record(uid=f"{count}{number}" * 16))
    store = SqlStore(f"sqlite:///{path}")
    assert (len(store.ids()), store.opened) == (1, 0)
    other.replace(path)
    assert (len(store.ids()), store.opened) == (2, 1)
    for each in rest(path):
        each.unlink()
    assert (store.ids(), store.opened) == ([], 2)
    assert store.create(sample_record(uid="5" * 32)) == 1
    store.append("5" * 32, StreamKey(POINTS), 0, [Point("x", 1, 1.0, 1.0)])
    with closing(SqlStore(f"sqlite:///{path}")) as again:
        assert again.streams(1) == {StreamKey(POINTS): 1}
    store.close()


READING = f"""
import os, sys
from contextlib import closing
from expkit import open_store
from expkit.errors import StoreError
from expkit.record.model import StreamKey

def read(path):
    with closing(open_store("sqlite:///" + path)) as store:
        print(store.load(1).status, len(store.read(1, StreamKey())), len(list(store.find())))
        try:
            store.set_status(1, "RUNNING", "FAILED")
        except StoreError as error:
            print(error)

read(sys.argv[1])  # also loads what whoever comes now may not load
if not os.geteuid():
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
read(sys.argv[2])
"""


@pytest.fixture
def read_by_another(tmp_path):
    """What a program says that reads a database as a user who may write neither into the file nor beside it."""
    shelf = Path(tempfile.mkdtemp())  # which others can get at
    program = tmp_path / "read.py"
    program.write_text(READING)
    fill(tmp_path / "own.db").close()

    def read(path):
        os.chmod(path, 0o444)
        os.chmod(shelf, 0o555)
        command = [sys.executable, program, tmp_path / "own.db", path]
        done = subprocess.run(command, cwd="/", env=environment(), capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[1:]

    yield read, shelf / "runs.db"
    os.chmod(shelf, 0o755)
    shutil.rmtree(shelf)


def fill(path):
    store = SqlStore(f"sqlite:///{path}")
    store.create(sample_record(uid="5" * 32))
    store.append(1, StreamKey(POINTS), 0, [Point("x", 1, 1.0, 1.0)])
    return store


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_read_where_nobody_may_write(read_by_another, mode):
    """A database in a folder in which one may not write is read; writing says why it cannot be."""
    read, path = read_by_another
    fill(path).close()
    with closing(sqlite3.connect(path)) as plain:
        plain.execute(f"PRAGMA journal_mode = {mode}")
    found, said = read(path)
    assert found.endswith(" 1 1")
    assert f"{path} may not be written" in said


def test_read_while_somebody_writes(read_by_another):
    """The same of a database that another user has open: also what lies beside the file is read."""
    read, path = read_by_another
    store = fill(path)
    for each in rest(path):
        os.chmod(each, 0o644)
    found, said = read(path)
    assert found.endswith(" 1 1")
    assert f"{path} may not be written" in said
    store.close()


def test_not_written_into_what_is_gone(tmp_path):
    """Writing into a file that is taken away in the middle of it is an error, and not done."""
    store = fill(tmp_path / "runs.db")
    server = store.server

    def work(connection):
        connection.exec_driver_sql("UPDATE expkit_runs SET name = 'x'")
        shutil.move(tmp_path / "runs.db", tmp_path / "moved.db")

    with pytest.raises(StoreError, match="was deleted, moved or replaced while it was written"):
        server.write(work)
    store.close()
