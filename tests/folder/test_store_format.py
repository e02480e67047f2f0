"""Stores of a format that only later versions know."""

from __future__ import annotations

import json

import pytest

from expkit.errors import FormatError
from expkit.record.model import StreamKey
from expkit.stores.folder.store import FolderStore


def _open_with_format(root, content):
    (root / ".expkit" / "format.json").write_text(content)
    return FolderStore(root)


USES = {
    "create": lambda store, record: store.create(record),
    "ids": lambda store, record: store.ids(),
    "find": lambda store, record: list(store.find()),
    "load": lambda store, record: store.load("1"),
    "save": lambda store, record: store.save(record),
    "read": lambda store, record: store.read("1", StreamKey()),
    "delete": lambda store, record: store.delete("1"),
    "sweep": lambda store, record: store.sweep(grace=-10),
    "changes": lambda store, record: store.changes(),
    "put_blob": lambda store, record: store.put_blob(b"x"),
    "log": lambda store, record: store.open_log("1"),
}


@pytest.mark.parametrize("use", USES)
def test_newer_stores_are_refused(store, root, new_record, use):
    """Whoever uses a store of a newer format learns which version that takes, and nothing in it changes."""
    store.create(new_record())
    newer = _open_with_format(root, '{"format": 99, "needs": "3.2"}')
    before = sorted(root.rglob("*"))
    with pytest.raises(FormatError, match=r"has format 99, .* up to 1; it takes expkit 3\.2 or newer .*format\.json"):
        USES[use](newer, new_record())
    assert sorted(root.rglob("*")) == before


def test_newer_stores_that_do_not_say_whose_they_are(store, root, new_record):
    """Without the name of a version the error asks for that which wrote the store."""
    store.create(new_record())
    with pytest.raises(FormatError, match="it takes the version of expkit that wrote it"):
        _open_with_format(root, '{"format": 2}').ids()


@pytest.mark.parametrize("content", ["", "\0\0\0", "[1]", '{"format": "x"}', "{", '{"format": 1}'])
def test_damaged_formats_do_not_lock_the_store(store, root, new_record, content):
    """A file that says nothing about the format is no reason to give up all runs."""
    store.create(new_record())
    damaged = _open_with_format(root, content)
    assert damaged.create(new_record()) == "2"
    assert len(damaged.ids()) == 2


def test_stores_say_which_version_they_take(store, root, new_record):
    """A store says from its first run on what later readers need to know."""
    store.create(new_record())
    assert json.loads((root / ".expkit" / "format.json").read_text()) == {"format": 1, "needs": "0.1"}
