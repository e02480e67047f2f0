"""Connections that drop: each is closed, and nobody throws away one that somebody else has just made."""

from __future__ import annotations

import threading

import pytest

from expkit.errors import StoreError
from expkit.stores.remote import media
from expkit.stores.remote.media import Media
from expkit.stores.remote.place import place_of


class Line:
    """A driver for one question at a time, which drops at once where it is one of the first."""

    root, is_parallel = "/runs", False

    def __init__(self, lines, dropping):
        self.drops, self.closed = len(lines) < dropping, 0
        lines.append(self)

    def read(self, path, start, end):
        if self.drops or self.closed:
            raise EOFError("dropped")
        return b"bytes"

    def close(self):
        self.closed += 1


@pytest.fixture
def connect(monkeypatch):
    """``connect(dropping)``: a place whose first connections drop, and a list of all of them."""

    def connected(dropping):
        lines = []
        monkeypatch.setattr(media, "connected", lambda place: Line(lines, dropping))
        return Media(place_of("sftp://host/runs")), lines

    return connected


def test_each_is_closed(connect):
    """A connection that dropped is closed before the next one is made, also where nothing comes of it."""
    there, lines = connect(1)
    assert there.get("name") == b"bytes"
    assert [line.closed for line in lines] == [1, 0]
    there.close()
    assert [line.closed for line in lines] == [1, 1]
    there, lines = connect(2)
    with pytest.raises(StoreError, match="has closed the connection"):
        there.get("name")
    assert lines[0].closed == 1
    there.close()
    assert [line.closed for line in lines] == [1, 1]


def test_late_failures_leave_others_alone(connect, monkeypatch):
    """Of many that fail on one connection the first closes it; those that hear of it later go on with the new one."""
    there, lines = connect(1)
    failed, goes_on = threading.Event(), threading.Event()

    def late(error):
        if threading.current_thread() is slow:
            failed.set()
            assert goes_on.wait(30)
        return True

    monkeypatch.setattr(media, "is_dropped", late)
    slow = threading.Thread(target=lambda: there.get("name"))
    slow.start()
    assert failed.wait(30)
    assert there.get("name") == b"bytes"
    goes_on.set()
    slow.join(30)
    assert [line.closed for line in lines] == [1, 0]
    there.close()
