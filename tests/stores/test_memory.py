from __future__ import annotations

from expkit.stores.memory import MemoryStore
from expkit.testing.stores import StoreContract


class TestMemoryStore(StoreContract):
    def make_store(self, folder):
        return MemoryStore()
