"""The database is plain TinyDB: TinyDB alone reads it, and what TinyDB alone writes is taken over."""

from __future__ import annotations

import json

import pytest
from tinydb import TinyDB, where

from expkit.record.model import COMPLETED, OUTPUT, RUNNING, StreamKey
from expkit.testing.samples import AWKWARD, sample_points, sample_record


@pytest.fixture
def database(store):
    """The file of tables."""
    return store.root / "metadata.json"


def tinydb(path):
    """All documents of the table of runs, by TinyDB alone."""
    with TinyDB(path) as db:
        return db.table("runs").all()


def test_tinydb_alone_reads_runs(store, database):
    """Each run is a document in the table ``runs``, with the predecessor's keys, found by queries of TinyDB."""
    for number in range(3):
        record = sample_record(config={"lr": 0.1 * number}, status=RUNNING)
        store.create(record)
        store.append(record.uid, StreamKey(OUTPUT), 0, b"hello\n")
        store.save(record.but(status=COMPLETED, result=number))
    with TinyDB(database) as db:
        assert sorted(db.tables()) == ["expkit", "runs"]
        (found,) = db.table("runs").search((where("config").lr > 0.1) & (where("status") == "COMPLETED"))
    assert (found.doc_id, found["_id"], found["result"], found["captured_out"]) == (3, 3, 2, "hello\n")
    assert found["start_time"] == "2026-03-01T12:00:00.250000+00:00"
    expected = {"experiment", "format", "command", "host", "meta", "resources", "artifacts", "info", "heartbeat"}
    assert expected < set(found)


def test_a_run_per_line(store, database):
    """The file is ASCII with one line for each run, whatever is in it."""
    for _ in range(3):
        store.create(sample_record(config=AWKWARD))
    lines = database.read_bytes().split(b"\n")
    assert [line[:10] for line in lines[1:4]] == [b'"1": {"_id', b'"2": {"_id', b'"3": {"_id']
    assert (len(lines), database.read_bytes().isascii()) == (6, True)
    assert [document["config"] for document in tinydb(database)] == [AWKWARD] * 3


def rewrite(path):
    with TinyDB(path) as db:
        db.table("runs").update({"mine": "kept"}, where("_id") == 1)


def indent(path):
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4))


@pytest.mark.parametrize("change", [rewrite, indent])
def test_what_tinydb_wrote_goes_on(store, database, change):
    """A database that another program wrote in its own way is read, and written on."""
    first = sample_record(config=AWKWARD)
    store.create(first)
    change(database)
    assert store.load(1) == first.but(id=1)
    second = sample_record()
    assert store.create(second) == 2
    assert [key.uid for key in store.ids()] == [first.uid, second.uid]
    assert store.load(1).config == AWKWARD
    assert [document["uid"] for document in tinydb(database)] == [first.uid, second.uid]


def test_other_tables_stay(store, database):
    """Tables that the user keeps in the same database are left as they are."""
    store.create(sample_record())
    with TinyDB(database) as db:
        db.insert({"note": "mine", "runs": {"}}": 1}})
        db.table("papers").insert({"title": 'odd "runs": {'})
    store.create(sample_record())
    with TinyDB(database) as db:
        assert db.all() == [{"note": "mine", "runs": {"}}": 1}}]
        assert db.table("papers").all() == [{"title": 'odd "runs": {'}]
    assert len(store.ids()) == 2


def test_what_tinydb_removed_is_gone(store, database):
    """A run that was removed by TinyDB alone is in no list; its id is not given again."""
    for _ in range(2):
        store.create(sample_record())
    with TinyDB(database) as db:
        db.table("runs").remove(where("_id") == 2)
    assert [key.id for key in store.ids()] == [1]
    assert store.create(sample_record()) == 3


def test_an_empty_file_of_tinydb(store, database):
    """A file that TinyDB has made and not yet written to is a database without runs."""
    store.root.mkdir()
    TinyDB(database).close()
    assert store.ids() == []
    assert store.create(sample_record()) == 1


def test_beats_leave_the_database_alone(store, database):
    """Points, output, signs of life and saved records of a run that goes on lie beside the file."""
    record = sample_record()
    store.create(record)
    before = database.stat()
    for beat in range(5):
        store.append(1, StreamKey(), beat * 10, sample_points(10, beat * 10))
        store.append(1, StreamKey(OUTPUT), beat * 4, b"line")
        store.save(record.but(info={"beat": beat}))
    assert (database.stat().st_ino, database.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert store.load(1).info == {"beat": 4}
    store.save(record.but(status=COMPLETED, info={"beat": 5}))
    assert tinydb(database)[0]["info"] == store.load(1).info == {"beat": 5}


@pytest.mark.parametrize("wanted", ["10" + "0" * 30, "-5", "baseline", "x" * 5000, "a/b", "ключ"])
def test_ids_of_choice_spoil_nothing(store, wanted):
    """Whatever id somebody chooses, numbers count on from the greatest one that was given."""
    assert store.create(sample_record()) == 1
    assert str(store.create(sample_record(), id=wanted)) == wanted
    assert store.create(sample_record(), id="3") == 3
    assert [store.create(sample_record()) for _ in range(2)] == [4, 5]
    assert str(store.load(wanted).id) == wanted


def test_deleted_ids_are_not_given_again(store):
    """The id of a deleted run stays used up, also for another object of the store."""
    store.create(sample_record())
    store.delete(store.create(sample_record()))
    assert type(store)(store.root).create(sample_record()) == 3


def test_a_run_that_was_deleted_begins_anew(store):
    """A uid that is created again has nothing of what it had before."""
    record = sample_record()
    store.create(record)
    store.append(record.uid, StreamKey(), 0, sample_points(3))
    store.delete(record.uid)
    store.create(record)
    assert (store.streams(record.uid), store.lease(record.uid)) == ({}, None)
