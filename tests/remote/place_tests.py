"""What every kind of place is asked beyond the contract of stores."""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from hashlib import sha256

import pytest

from expkit.record.model import FileRef
from expkit.record.uid import new_uid
from expkit.stores.remote import layout, media, sweep
from expkit.testing.samples import sample_record
from expkit.testing.store_tests import at_once

LARGE = media.PART + 1_000_000
"""Bytes that are sent in parts."""


class Failing(io.BytesIO):
    """A file that can be read once, and then only as far as its last part."""

    def read(self, size=-1):
        data = super().read(size)
        if not data:
            self.is_read = True
        if getattr(self, "is_read", False) and self.tell() > media.PART:
            raise OSError("the disk is gone")
        return data


class PlaceTests:
    """To be mixed into the contract of a kind."""

    def test_of_several_one_wins(self, store):
        """Of several machines that make an object at once one makes it, whoever repeats that is not refused, and it stays."""
        others = [type(store)(store.url) for _ in range(6)]
        store.create(sample_record())  # makes a bucket that is not there
        for _ in range(3):
            name = f"{layout.IDS}/{new_uid()}"
            won = at_once(lambda number: others[number].media.make(name, b"%d" % number), len(others))  # noqa: B023
            assert sorted(won) == [False] * 5 + [True]
            said = b"%d" % won.index(True)
            assert store.media.make(name, said) and not store.media.make(name, b"late")
            assert store.media.get(name) == said
        for other in others:
            other.close()

    def test_uploads_that_were_broken_off(self, store, monkeypatch):
        """What a killed process has begun to send is removed by a sweep, once it cannot be one that goes on."""
        blob = store.put_blob(b"bytes").sha256
        name = f"{layout.blob(blob)}.begun.aside"
        store.media.put(name, b"byt")
        kept = sample_record(files=[FileRef(path="a", role="artifact", sha256=blob, kept=True)])
        store.create(kept)
        assert store.sweep(0) == 0 and store.media.exists(name)
        monkeypatch.setattr(sweep, "_BROKEN_OFF", timedelta(seconds=-60))
        assert store.sweep(0, dry_run=True) == 1 and store.media.exists(name)
        assert store.sweep(0) == 1 and not store.media.exists(name)
        with store.open_blob(blob) as file:
            assert file.read() == b"bytes"

    def test_bytes_that_are_looked_for_are_new(self, store, monkeypatch):
        """Old bytes that somebody looks for, or puts once more, count as written just now and stay what they are."""
        monkeypatch.setattr(media, "FRESH", timedelta(seconds=-60))
        blob = store.put_blob(b"bytes").sha256
        times = [store.media.modified(layout.blob(blob))]
        for use in (lambda: store.has_blob(blob), lambda: store.put_blob(b"bytes")):
            time.sleep(1.1)  # places give whole seconds
            assert use()
            times.append(store.media.modified(layout.blob(blob)))
        assert times == sorted(set(times))
        with store.open_blob(blob) as file:
            assert file.read() == b"bytes"
        assert not store.has_blob("0" * 64)

    def test_files_in_parts(self, store, monkeypatch):
        """A large file comes whole, in few requests; of one that fails on its way nothing is found, and the error is its own."""
        data = os.urandom(LARGE)
        with pytest.raises(OSError, match="the disk is gone"):
            store.put_blob(Failing(data))
        assert not store.has_blob(sha256(data).hexdigest())
        blob, asked, get = store.put_blob(data), [], media.Media.get
        monkeypatch.setattr(media.Media, "get", lambda self, *what: asked.append(what) or get(self, *what))
        with store.open_blob(blob.sha256) as file:
            assert file.read() == data
        assert len(asked) == 2
