"""The folder store passes the contract of every store."""

from __future__ import annotations

from expkit.stores.folder.store import FolderStore
from expkit.testing.stores import StoreContract


class TestFolderStore(StoreContract):
    def make_store(self, folder):
        return FolderStore(folder / "runs")
