"""The folder store passes the contract of every store."""

from __future__ import annotations

from expkit.stores.folder.store import FolderStore
from expkit.testing.stores import StoreContract

from ..older import samples


class TestFolderStore(StoreContract):
    older = ("folder-1",)

    def make_store(self, folder):
        return FolderStore(folder / "runs")

    def older_store(self, name, folder):
        samples.unpack(name, folder)
        return FolderStore(folder)
