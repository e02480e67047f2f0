"""Stores whose index is used however few runs they have, and the answers without it."""

from __future__ import annotations

import os

import pytest

from expkit.settings import SETTINGS
from expkit.stores import finding
from expkit.stores.folder.store import FolderStore

without = finding.find


class Index:
    """The index in this test."""

    def __init__(self, state, monkeypatch):
        self.folder = state / "index"
        self._monkeypatch = monkeypatch
        self.answers_without = 0
        self.without = without

    @property
    def files(self):
        return sorted(self.folder.glob("*.sqlite")) if self.folder.is_dir() else []

    def settled(self, seconds):
        """Say for how long a run that has ended must have been left alone."""
        self._monkeypatch.setattr("expkit.stores.folder.looking.SETTLED", seconds)

    def find(self, store, *asked, **more):
        """What the store answers, which is what it says without an index."""
        store = FolderStore(store) if isinstance(store, (str, os.PathLike)) else store
        expected = list(without(FolderStore(store.root), *asked, **more))
        found = list(store.find(*asked, **more))
        assert found == expected
        return found


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An index for every store, used for all that it can be used for; a test that has one counts looks without."""
    used = SETTINGS.INDEX.FROM
    SETTINGS.INDEX.FROM = 0
    monkeypatch.setattr("expkit.stores.index.search.MANY", 0)
    made = Index(tmp_path / "state", monkeypatch)

    def counted(*asked, **more):
        made.answers_without += 1
        return without(*asked, **more)

    monkeypatch.setattr(finding, "find", counted)
    yield made
    SETTINGS.INDEX.FROM = used
