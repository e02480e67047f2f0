"""Another database in the place of the one that is open: nothing that was remembered of the first counts in the second."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from expkit import open_store
from expkit.errors import RunNotFoundError
from expkit.record.model import StreamKey
from expkit.stores.sql import streams, tables
from expkit.stores.sql.store import SqlStore
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT

from ..copying import recorded


@pytest.fixture
def replaced(databases, store, url):
    """Puts another database into the place of the open one, and lets another store fill it."""

    def replace(fill=lambda _: None):
        databases.make_anew(url)
        with closing(SqlStore(url)) as other:
            fill(other)

    return replace


@pytest.fixture
def replaced_before(monkeypatch, store, replaced):
    """The same, right before a later transaction of the open store."""

    def replace(what, number, fill):
        plain, calls = getattr(store.server, what), iter(range(number + 1))

        def transaction(*arguments):
            if next(calls, None) == number:
                replaced(fill)
            return plain(*arguments)

        monkeypatch.setattr(store.server, what, transaction)

    return replace


def stranger(*points):
    """Fills a store with a run that has these points, whose rows get the first numbers there."""
    record = sample_record(uid="5" * 32)

    def fill(store):
        store.create(record)
        store.append(record.uid, LOSS, 0, list(points))

    return fill


def figures(store, uid):
    return next(row["metrics"] for row in store.find(columns=["uid", "metrics"]) if row["uid"] == uid)


def test_points_go_into_their_own_metrics(store, replaced):
    """Points of a run that is brought into another database lie in metrics of that run, and a stranger's stay as they are."""
    record = sample_record()
    store.create(record)
    store.append(record.uid, TEXT, 0, b"so that the stream gets the number it will have there")
    store.append(record.uid, LOSS, 0, sample_points(3))
    theirs = [*sample_points(3, name="b"), *sample_points(1, name="a")]
    replaced(stranger(*theirs))
    store.create(record)
    assert store.append(record.uid, LOSS, 0, sample_points(3)) == 3
    assert store.read(record.uid, LOSS) == sample_points(3)
    assert store.read("5" * 32, LOSS) == theirs
    assert [figures(store, record.uid)["loss"]["count"], figures(store, "5" * 32)["b"]["count"]] == [3, 3]


def test_a_database_that_is_made_anew(store, replaced):
    """A store that is open finds a database empty that was dropped and made anew, and fills it like any other."""
    record = sample_record()
    for count in (1, 2):
        assert store.create(record) == 1
        assert store.append(record.uid, LOSS, 0, sample_points(10)) == 10
        assert store.read(record.uid, LOSS) == sample_points(10)
        store.save(record.but(info={"n": 1}))
        replaced()
        assert (store.ids(), store.opened) == ([], count)
        with pytest.raises(RunNotFoundError):
            store.append(record.uid, LOSS, 10, sample_points(1, 10))


def test_a_record_is_written_whole_into_another_database(store, replaced):
    """What was sent into one database counts as missing in another, also where the run was written there as often."""
    record = sample_record()

    def fill(other):
        other.create(record)
        other.save(record.but(info={"of": "another"}))

    store.create(record)
    store.save(record.but(info={"n": 1}))
    replaced(fill)
    store.save(record.but(info={"n": 1}))
    assert store.load(record.uid).info == {"n": 1}


def test_reading_does_not_go_on_in_a_stranger(store, monkeypatch, replaced_before):
    """Reading a long stream, which takes several transactions, gives nothing of another run that has its number by now."""
    monkeypatch.setitem(streams._MOST, "points", 5)
    record = sample_record()
    store.create(record)
    store.append(record.uid, LOSS, 0, sample_points(10))
    replaced_before("read", 1, stranger(*sample_points(10, name="b")))
    with pytest.raises(RunNotFoundError):
        store.read(record.uid, LOSS)


def test_sweeping_spares_a_stranger(store, replaced_before):
    """What a deleted run has logged is removed where it lies, and not what has its number in another database."""
    store.create(sample_record())
    store.append(1, LOSS, 0, sample_points(10))
    store.delete(1)
    replaced_before("write", 0, stranger(*sample_points(3)))
    store.sweep()
    assert store.read("5" * 32, LOSS) == sample_points(3)


def test_counting_later_spares_a_stranger(store, replaced_before):
    """Figures that an older version has not written are written down for the run they were counted of, and for no other."""

    def older(other):
        stranger(*sample_points(3, name="b"))(other)
        other.server.write(lambda connection: connection.execute(tables.metrics.update().values(figures=None)))

    store.create(sample_record())
    store.append(1, LOSS, 0, sample_points(10))
    store.server.write(lambda connection: connection.execute(tables.metrics.update().values(figures=None)))
    replaced_before("write", 0, older)
    list(store.find(columns=["metrics"]))
    assert figures(store, "5" * 32)["b"]["count"] == 3


@pytest.mark.parametrize("databases", ["postgresql", "mariadb"], indirect=True)
def test_made_anew_in_mid_run(databases, url, gated):
    """A database that is dropped and made anew in mid-run gets the whole run, and its files."""
    err = gated(url, lambda: databases.make_anew(url), patience=90)  # a server takes its time to make tables
    assert "has not taken everything" not in err
    with closing(open_store(url)) as store:
        record = store.load(1)
        assert (record.status, store.streams(1)[StreamKey()]) == ("COMPLETED", 40)
        assert [point.value for point in store.read(1, StreamKey())] == list(range(40))
        assert all(store.has_blob(ref.sha256) for ref in record.files if ref.kept)


def test_nothing_is_kept_of_runs_that_have_ended(store):
    """A store remembers nothing of a run that has ended, nor of any other when it was closed."""
    going = sample_record()
    store.create(going)
    store.save(going)
    for _ in range(3):
        record = sample_record()
        store.create(record)
        store.save(record)
        store.save(record.but(status="COMPLETED", stop_time=record.start_time))
    assert list(store._parts.runs._known) == [going.uid]
    store.close()
    assert not store._parts.runs._known


# -- runs of the predecessor's ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_sacred(tmp_path_factory):
    """A file with three runs that Sacred recorded."""
    return recorded.record(tmp_path_factory.mktemp("sacred") / "lab", "", "", "sql") / "sql.db"


def test_a_row_of_sacreds_that_is_anothers_by_now(of_sacred, tmp_path):
    """A database gives the number of a deleted row again: whoever deletes or reads the first run meets no other."""
    path = shutil.copy(of_sacred, tmp_path / "runs.db")
    with closing(SqlStore(f"sqlite:///{path}")) as store:
        *others, last = store.ids()
        with closing(sqlite3.connect(path)) as database:
            (number,) = database.execute("SELECT max(id) FROM run").fetchone()
            database.execute("UPDATE run SET run_id = '77' WHERE id = ?", [number])  # as if it had been given again
            database.commit()
        for use in (store.load, store.streams, store.delete):
            with pytest.raises(RunNotFoundError):
                use(last.uid)
        assert [key.id for key in store.ids()] == [*(key.id for key in others), 77]
        assert store.load("77").id == 77


def test_runs_of_sacreds_come_and_go_with_the_file(of_sacred, tmp_path):
    """Runs of Sacred's are found in the file that stands there now, whether or not it has any of ours."""
    path = tmp_path / "runs.db"
    with closing(SqlStore(f"sqlite:///{path}")) as store:
        store.create(sample_record())
        assert len(store.ids()) == 1
        for beside in ("-wal", "-shm"):
            os.remove(f"{path}{beside}")
        os.replace(shutil.copy(of_sacred, tmp_path / "copy.db"), path)
        assert len(store.ids()) == 3
        with closing(SqlStore(f"sqlite:///{tmp_path}/other.db")) as other:
            other.create(sample_record())
        os.replace(tmp_path / "other.db", path)
        assert (len(store.ids()), store.opened) == (1, 2)
