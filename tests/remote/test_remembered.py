"""What a store remembers of runs that it has written: no more than of those that go on."""

from __future__ import annotations

import pickle

from expkit.record.model import COMPLETED
from expkit.record.uid import new_uid
from expkit.stores.remote.store import RemoteStore
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS


def kept(store):
    """Bytes that a store holds on to, about; connections and what is loaded but once left out."""
    return len(pickle.dumps([store._latest, store._writer._sent, store._index._names, store._streams._written]))


def test_ended_runs_are_let_go_of():
    """Of runs that have ended no record and no config stays in memory, nor of others once the store is closed."""
    store = RemoteStore(f"memory://{new_uid()}/runs")
    for _ in range(20):
        record = sample_record()
        store.create(record)
        store.append(record.uid, LOSS, 0, sample_points(3))
        store.save(record.but(status=COMPLETED, stop_time=record.start_time))
    few = kept(store)
    assert few < 20 * 200
    store.save(record.but(status=COMPLETED, stop_time=record.start_time, result=5))  # said once more, or late
    assert (store.load(record.uid).result, store.streams(record.uid)) == (5, {LOSS: 3})
    store.create(sample_record())
    assert kept(store) > few + 500
    store.close()
    assert kept(store) < 21 * 200
    assert len(store.ids()) == 21
