"""A place in memory passes the contract of every store: what all kinds share is tried without a server."""

from __future__ import annotations

from expkit.record.uid import new_uid
from expkit.stores.remote.store import RemoteStore
from expkit.testing.stores import StoreContract


class TestMemoryPlace(StoreContract):
    older = ()

    def make_store(self, folder):
        return RemoteStore(f"memory://{new_uid()}/runs")
