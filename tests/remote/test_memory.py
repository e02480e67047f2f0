"""A place in memory passes the contract of every store: what all kinds share is tried without a server."""

from __future__ import annotations

import struct

import pytest

from expkit.errors import FormatError, RunNotFoundError
from expkit.record.uid import new_uid
from expkit.stores.remote import layout
from expkit.stores.remote.store import RemoteStore
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS
from expkit.testing.stores import StoreContract


class TestMemoryPlace(StoreContract):
    older = ()

    def make_store(self, folder):
        return RemoteStore(f"memory://{new_uid()}/runs")


@pytest.mark.parametrize("left", [b"", b"{"])
def test_damaged_records(left):
    """A run whose record is empty or torn is listed as unreadable, who names it learns why, and it can be deleted."""
    url = f"memory://{new_uid()}/runs"
    store, record = RemoteStore(url), sample_record()
    name = store.create(record)
    store.media.put(f"{name}/run.json", left)
    assert [row["state"] for row in RemoteStore(url).find()] == ["UNREADABLE"]
    for run in (name, record.uid):
        with pytest.raises(FormatError, match=f"of run {name} in memory:"):
            RemoteStore(url).load(run)
    RemoteStore(url).delete(name)
    assert RemoteStore(url).ids() == []
    with pytest.raises(RunNotFoundError):
        RemoteStore(url).load(name)


def test_damaged_strangers():
    """A damaged record of a run that nobody has noted is not listed, but whoever asks for it learns why."""
    store = RemoteStore(f"memory://{new_uid()}/runs")
    store.create(sample_record())
    store.media.put("copied/run.json", b"{")
    assert len(store.ids()) == 1
    with pytest.raises(FormatError, match="of run copied"):
        store.load("copied")


def test_damaged_points():
    """Points that cannot be read are an error that names the object."""
    store = RemoteStore(f"memory://{new_uid()}/runs")
    name = store.create(sample_record())
    store.append(name, LOSS, 0, sample_points(3))
    (item,) = store.media.items(layout.STREAMS)
    store.media.put(item.name, store.media.get(item.name)[:-32] + struct.pack("<I24xI", 7 << 4 | 1, 7 << 4 | 1))
    with pytest.raises(FormatError, match=f"^{item.name}: it is damaged"):
        store.read(name, LOSS)
