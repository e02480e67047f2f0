"""A test for every kind of place: what is about to be named by a record is young for a sweep."""

from __future__ import annotations

import time
from datetime import timedelta

from expkit.stores.remote import layout, media


class Renewing:
    """To be mixed into the contract of a kind."""

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
