"""The TinyDB observer passes the contract of every observer."""

from __future__ import annotations

from expkit.observers import TinyDbObserver
from expkit.record.wire import record_to_json
from expkit.testing.observers import ObserverContract


class TestTinyDbObserver(ObserverContract):
    def make_observer(self):
        return TinyDbObserver("db")

    def check(self, observer, run):
        stored, known = record_to_json(observer.store.load(run.uid)), record_to_json(run.record)
        stored.pop("_id"), known.pop("_id")
        assert stored == known
        assert all(observer.store.has_blob(ref.sha256) for ref in run.record.files if ref.kept)
