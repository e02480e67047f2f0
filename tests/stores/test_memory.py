from __future__ import annotations

from expkit.stores.memory import MemoryStore
from expkit.testing.samples import sample_record
from expkit.testing.stores import StoreContract


class TestMemoryStore(StoreContract):
    older = ()

    def make_store(self, folder):
        return MemoryStore()


def test_numbers_as_text():
    """Ids are numbers: a text that is one is that number, any other text is an id of its own."""
    store = MemoryStore()
    assert store.create(sample_record(), id="7") == 7
    assert store.create(sample_record(), id="007") == "007"
    assert store.create(sample_record()) == 8
    assert store.load("7").id == 7
    assert repr(store) == "MemoryStore(3 runs)"


def test_young_bytes_stay():
    """Bytes that nobody names stay while they are younger than the grace period."""
    store = MemoryStore()
    store.put_blob(b"x")
    assert (store.sweep(), store.sweep(grace=0), store.sweep(grace=0)) == (0, 1, 0)
