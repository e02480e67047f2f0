"""Ids: consecutive, claimed by one, whatever ids people choose."""

from __future__ import annotations

import pytest

from expkit.errors import RunExistsError
from expkit.record.model import QUEUED, RUNNING
from expkit.record.uid import new_uid
from expkit.stores.remote import layout
from expkit.stores.remote.media import Media
from expkit.stores.remote.store import RemoteStore
from expkit.testing.samples import sample_record
from expkit.testing.store_tests import at_once


def test_of_sixteen_one_wins(store):
    """An object that sixteen make at once is made by one of them, and whoever repeats it is not refused."""
    store.create(sample_record())
    won = at_once(lambda number: store.media.make("mine", b"%d" % number), 16)
    assert sorted(won) == [False] * 15 + [True]
    assert store.media.make("mine", b"%d" % won.index(True))


@pytest.mark.parametrize("custom", ["by-hand", "-5", 10**12, "9" * 30, "ü ☃", "a[0]", "12:30", "007"])
def test_custom_ids_poison_nothing(store, custom):
    """After an id of one's own counting goes on, and that run is found by it."""
    first = int(store.create(sample_record()))
    record = sample_record()
    assert store.create(record, id=custom, bind=True) == str(custom)
    assert store.load(custom).uid == store.load(record.uid).uid == record.uid
    assert int(RemoteStore(store.url).create(sample_record())) > first
    assert [key.id for key in RemoteStore(store.url).ids()][1] == str(custom)
    with pytest.raises(RunExistsError, match="choose another id"):
        store.create(sample_record(), id=custom, bind=True)


def test_ids_are_not_given_again(store):
    """The id of a deleted run is not given again."""
    assert [store.create(sample_record()) for _ in range(2)] == ["1", "2"]
    store.delete("2")
    assert RemoteStore(store.url).create(sample_record()) == "3"


def test_created_twice_at_once(store):
    """A run that several create at once is there once, under one id."""
    record = sample_record(uid=new_uid())
    assert len(set(at_once(lambda _: RemoteStore(store.url).create(record), 8))) == 1
    assert len(store.ids()) == 1


def test_a_starter_that_dies(store):
    """Whoever wins a queued run and dies before it could say so has started it; nobody else starts it."""
    run = store.create(sample_record(status=QUEUED))
    uid = store.load(run).uid
    store.media.put(f"{layout.CLAIMS}/{uid}/1", b'["QUEUED", "RUNNING", "dead"]')
    assert not store.set_status(run, QUEUED, RUNNING)
    assert store.load(run).status == RUNNING


def test_places_that_cannot_claim(tmp_path):
    """Where no process can win a name, ids are numbers with a unique suffix, and the capabilities say so."""
    store = RemoteStore(f"local://{tmp_path}/runs")
    assert isinstance(store.media, Media) and not store.capabilities.counts and not store.capabilities.shared
    ids = [store.create(sample_record()) for _ in range(3)]
    assert [found.partition("-")[0] for found in ids] == ["1", "2", "3"]
    assert len({found.partition("-")[2] for found in ids}) == 3
    assert all(len(found.partition("-")[2]) == 8 for found in ids)
