"""What stores decide alike."""

import pytest

from expkit.errors import StoreError
from expkit.stores import rules
from expkit.stores.memory import MemoryStore


@pytest.mark.parametrize("cursor", ["9" * 30, "²", "٣", "-1", "1.0", " 1", "one"])
def test_no_cursor(cursor):
    """A cursor of a store that counts is a number in digits that every database has; nothing else gets through."""
    with pytest.raises(StoreError, match="is no cursor of memory:"):
        MemoryStore().changes(cursor)


@pytest.mark.parametrize("text", ["", "../" + "a" * 61, "A" * 64, "a" * 63, "a" * 65, "a" * 63 + "\n", "é" * 64])
def test_no_hash(text):
    """What is no sha256 in small hexadecimal digits never becomes a name of a file."""
    assert not rules.is_hash(text)
    assert rules.is_hash("0123456789abcdef" * 4)


@pytest.mark.parametrize("run", [7, "7"])
def test_one_sentence_for_numbers_and_texts(run):
    """Nobody is told of another run because he typed a number as text."""
    assert str(rules.not_found(run, "runs")) == "there is no run '7' in runs"
    assert str(rules.taken(run, "runs")) == "there is a run '7' in runs already; choose another id"
