"""The TinyDB store passes the contract of every store."""

from __future__ import annotations

from expkit.stores.tinydb.store import TinyDbStore
from expkit.testing.stores import StoreContract

from ..older import samples


class TestTinyDbStore(StoreContract):
    older = ("tinydb-1",)

    def make_store(self, folder):
        return TinyDbStore(folder / "runs")

    def older_store(self, name, folder):
        samples.unpack(name, folder)
        return TinyDbStore(folder)
