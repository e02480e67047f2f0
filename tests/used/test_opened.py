"""What is put aside where files are opened, until somebody looks at it."""

from __future__ import annotations

import os

import pytest

from expkit.provenance.files.audit import listen, quietly, unlisten
from expkit.provenance.files.opened import MOST_FRESH, Opened


@pytest.fixture
def opened():
    """Listens."""
    listener = Opened(100_000)
    listen(listener)
    yield listener
    unlisten(listener)


@pytest.mark.parametrize("others", [0, 1])
def test_little_waits_to_be_looked_at(opened, others):
    """However many files a program opens at once, it does not fill the memory with them."""
    outer = [Opened(10) for _ in range(others)]
    for other in outer:
        listen(other, lambda listeners: listeners[0])
    try:
        most = 0
        for number in range(3 * MOST_FRESH):
            with pytest.raises(FileNotFoundError):
                os.open(f"no such file {number}", os.O_RDONLY)
            most = max(most, len(opened.fresh))
    finally:
        for other in outer:
            unlisten(other)
    assert 100 < most <= MOST_FRESH + 2


def test_files_are_looked_at_in_their_order(opened, tmp_path):
    """Those that were opened first come first."""
    paths = [str(tmp_path / name) for name in "abcd"]
    with quietly():
        for path in paths:
            open(path, "w").close()
    for path in paths:
        open(path).close()
    opened.catch_up(2)
    assert list(opened.pending) == paths[:2]
    opened.catch_up()
    assert list(opened.pending) == paths
