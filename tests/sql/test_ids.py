"""Ids: consecutive, claimed by one, whatever ids people choose."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from expkit.errors import RunExistsError, StoreNameError
from expkit.stores.sql.store import SqlStore
from expkit.testing.samples import sample_record
from expkit.testing.store_tests import at_once


@pytest.mark.parametrize(
    "custom", ["by-hand", "-5", -5, 10**12, 2**63 - 1, 2**80, "9" * 30, "ü ☃", "1e3", "007", " x "]
)
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


@pytest.mark.parametrize("custom", ["", "x" * 201, "a\0b", "\ud800"])
def test_names_that_cannot_be(store, custom):
    """What no database can call a run is refused in one sentence, and nothing is created."""
    with pytest.raises(StoreNameError, match="cannot be a run's id"):
        store.create(sample_record(), id=custom)
    assert store.ids() == []


def test_ids_go_on(store):
    """The next id is one more than the greatest one that was given, also if its run was deleted."""
    assert store.create(sample_record(), id="41") == 41
    assert store.create(sample_record()) == 42
    store.delete(42)
    other = SqlStore(store.place)
    assert other.create(sample_record()) == 43
    other.close()


def test_ids_go_on_from_the_predecessor(databases, tmp_path):
    """Where Sacred has recorded into the database, the next id is one more than its greatest; its tables stay."""
    store = SqlStore(databases.bare(tmp_path))
    with store.server.engine.connect() as connection:
        connection.execute(text("CREATE TABLE run (id INTEGER, run_id VARCHAR(24), experiment_id INTEGER)"))
        connection.execute(text("INSERT INTO run VALUES (1, '0', 1), (2, '41', 1), (3, 'mine', 1)"))
        connection.commit()
    assert [store.create(sample_record()) for _ in range(2)] == [42, 43]
    assert [key.id for key in store.ids()] == [42, 43]
    store.close()


def test_no_gaps(store):
    """A start that fails takes no id, and a run that is created again neither."""
    store.create(sample_record())
    with pytest.raises(RunExistsError):
        store.create(sample_record(), id=1, bind=True)
    record = sample_record()
    assert [store.create(record) for _ in range(2)] == [2, 2]
    assert store.create(sample_record()) == 3


def test_created_twice_at_once(store):
    """A run that several create at once is there once, under one id."""
    record = sample_record(info={"text": "x" * 100_000})
    assert len(set(at_once(lambda _: store.create(record), 8))) == 1
    assert len(store.ids()) == 1
    assert store.load(record.uid).info == record.info
