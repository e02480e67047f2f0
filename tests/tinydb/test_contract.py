"""The TinyDB store passes the contract of every store."""

from __future__ import annotations

from expkit.stores.tinydb.store import TinyDbStore
from expkit.testing.stores import StoreContract


class TestTinyDbStore(StoreContract):
    def make_store(self, folder):
        return TinyDbStore(folder / "runs")
