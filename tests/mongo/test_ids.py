"""Ids: consecutive, claimed by one, whatever ids people choose."""

from __future__ import annotations

import math
from datetime import datetime

import bson
import pytest

from expkit.errors import RunExistsError, RunNotFoundError
from expkit.record.uid import new_uid
from expkit.stores.mongo.store import MongoStore
from expkit.testing.samples import sample_record


@pytest.mark.parametrize("custom", ["by-hand", "-5", -5, 10**12, 2**63 - 1, 2**80, "9" * 30, "ü ☃", "1e3", "007", ""])
def test_custom_ids_poison_nothing(store, custom):
    """After an id of one's own (text, negative, huge) counting goes on as before, and that run is found by it."""
    first = store.create(sample_record())
    record = sample_record()
    given = store.create(record, id=custom, bind=True)
    assert str(given) == str(custom)
    assert store.load(custom).uid == store.load(given).uid == record.uid
    assert store.create(sample_record()) == first + 1
    with pytest.raises(RunExistsError, match="choose another id"):
        store.create(sample_record(), id=custom, bind=True)


def test_ids_go_on(store, database):
    """The next id is one more than the greatest one there is, also if the predecessor gave it or its run was deleted."""
    assert store.create(sample_record(), id="41") == 41
    database["runs"].insert_one({"_id": 60, "status": "COMPLETED"})
    assert store.create(sample_record()) == 61
    store.delete(61)
    assert MongoStore(store.url).create(sample_record()) == 62


@pytest.mark.parametrize("kept", ["-5", 10**18, -(2**62)], ids=repr)
def test_numbers_that_are_kept_another_way(store, database, kept):
    """A document whose ``_id`` is a number written another way than ours is found by that number, which stays taken."""
    record = sample_record()
    document = database["runs"].find_one({"_id": store.create(record)})
    database["runs"].delete_one({"_id": document["_id"]})
    database["runs"].insert_one({**document, "_id": kept})
    again = MongoStore(store.url)
    for name in (int(kept), str(kept)):
        assert again.load(name).uid == record.uid
        with pytest.raises(RunExistsError):
            again.create(sample_record(), id=name, bind=True)
    assert again.ids() == [(kept, record.uid)]


def test_the_predecessors_runs_are_none_of_ours(store, database):
    """Documents that Sacred wrote lie beside ours: they are not listed, and asking for one says so."""
    database["runs"].insert_one({"_id": 1, "status": "COMPLETED", "config": {}})
    run = store.create(sample_record())
    assert [key.id for key in store.ids()] == [run] == [2]
    with pytest.raises(RunNotFoundError):
        store.load(1)


def test_ids_that_nobody_expects(store, database):
    """Runs of Sacred's, or of somebody's, with ids of any kind poison nothing: counting goes on, each is read and found."""
    odd = [
        7.5,
        bson.Decimal128("12.5"),
        bson.ObjectId(),
        "text",
        "13",
        -3,
        -2.5,
        0,
        2**62,
        1e300,
        math.nan,
        math.inf,
        True,
    ]
    odd += [bson.Int64(5), {"a": 1}, datetime(2026, 1, 1), b"bytes", None]
    document = {"experiment": {"name": "x"}, "command": "main", "status": "COMPLETED", "config": {}, "format": "F"}
    for run_id in odd:
        database["runs"].insert_one({**document, "_id": run_id})
    assert [store.create(sample_record()) for _ in range(3)] == [14, 15, 16]
    rows = list(store.find(columns=["id", "uid", "name"]))
    assert len({row["uid"] for row in rows}) == len(rows) == len(odd) + 3
    for key in store.ids():
        assert isinstance(key.id, (int, str))
        assert store.load(key.uid).uid == store.load(key.id).uid == key.uid


def test_created_twice_at_once(store):
    """A run that two processes create at once is there once, under one id."""
    from expkit.testing.store_tests import at_once

    record = sample_record(uid=new_uid(), info={"text": "x" * 100_000})
    assert len(set(at_once(lambda _: store.create(record), 8))) == 1
    assert len(store.ids()) == 1
    assert store.load(record.uid).info == record.info
