"""Whether two stores are one place."""

import os

import pytest

from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.stores.same import is_same
from expkit.stores.urls import open_store


def test_folders(tmp_path):
    """Folder stores are one if their folder is, by whatever path; a database in that folder is another place."""
    (tmp_path / "runs").mkdir()
    os.symlink(tmp_path / "runs", tmp_path / "link")
    store = FolderStore(tmp_path / "runs")
    assert is_same(store, FolderStore(tmp_path / "runs"))
    assert is_same(store, FolderStore(tmp_path / "link"))
    assert not is_same(store, FolderStore(tmp_path / "other"))
    assert not is_same(store, open_store(f"tinydb:{tmp_path}/runs"))
    assert not is_same(store, MemoryStore()) and not is_same(MemoryStore(), store)


@pytest.mark.parametrize("url", ["sqlite:///runs.db", "s3://bucket/runs", "mongodb://host/runs"])
def test_urls(url):
    """Other stores are one if their URL is; each memory store is its own."""
    assert is_same(open_store(url), open_store(url))
    assert not is_same(open_store(url), MemoryStore())
    assert not is_same(MemoryStore(), MemoryStore())
