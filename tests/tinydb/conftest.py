"""Databases to try."""

from __future__ import annotations

import pytest

from expkit.stores.tinydb.store import TinyDbStore


@pytest.fixture
def store(tmp_path):
    """A new database in the folder ``db``."""
    made = TinyDbStore(tmp_path / "db")
    yield made
    made.close()
