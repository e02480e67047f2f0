"""MongoDB passes the contracts of every store and of every observer."""

from __future__ import annotations

import os

import pytest

from expkit.observers import MongoObserver
from expkit.record.tagged import record_blobs
from expkit.record.uid import new_uid
from expkit.record.wire import record_to_json
from expkit.stores.mongo.store import MongoStore
from expkit.testing.observers import ObserverContract
from expkit.testing.stores import StoreContract

from ..older import samples


class TestMongoStore(StoreContract):
    examples = 15 if os.environ.get("EXPKIT_FAULTS") else 3
    record_examples = 25 if os.environ.get("EXPKIT_FAULTS") else 8
    older = ("mongodb-1",)

    @pytest.fixture(autouse=True)
    def _server(self, server):
        self.host = server

    def make_store(self, folder):
        return MongoStore(f"mongodb://{self.host}/c{new_uid()}")

    def older_store(self, name, folder):
        store = self.make_store(folder)
        samples.documents(name, store.server.client[store.server.place.database])
        return store


class TestMongoObserver(ObserverContract):
    @pytest.fixture(autouse=True)
    def _url(self, url):
        self.url = url

    def make_observer(self):
        self.store = MongoStore(self.url)
        return MongoObserver.at(self.url)

    def check(self, observer, run):
        stored, known = record_to_json(self.store.load(run.uid)), record_to_json(run.record)
        stored.pop("_id"), known.pop("_id")
        assert stored == known
        assert all(self.store.has_blob(sha256) for sha256 in record_blobs(run.record))
        assert observer.run_entry["status"] == run.status
        self.store.close()
        observer.store.close()
