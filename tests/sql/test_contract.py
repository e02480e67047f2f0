"""SQLite, PostgreSQL and MariaDB pass the contracts of every store and of every observer."""

from __future__ import annotations

import os

import pytest

from expkit.observers import SqlObserver
from expkit.record.tagged import record_blobs
from expkit.record.wire import record_to_json
from expkit.stores.sql.store import SqlStore
from expkit.testing.observers import ObserverContract
from expkit.testing.stores import StoreContract

from ..older import samples

FAULTS = bool(os.environ.get("EXPKIT_FAULTS"))
"""Without these, one database stands for the others where the observer is the same."""


class TestSqlStore(StoreContract):
    examples = 15 if FAULTS else 3
    record_examples = 25 if FAULTS else 8
    older = ("1", "2")

    @pytest.fixture(autouse=True)
    def _databases(self, databases):
        self.databases = databases

    def make_store(self, folder):
        self.url = self.databases.new(folder)
        return SqlStore(self.url)

    def address(self, store):
        return self.url

    def older_store(self, name, folder):
        kind, url = self.databases.kind, self.databases.bare(folder)
        if kind == "sqlite":
            samples.dump_into_sqlite(f"sqlite-{name}", url.removeprefix("sqlite:///"))
        else:
            samples.dump_into_server(f"{kind}-{name}", kind, self.databases.port, url.rpartition("/")[2])
        return SqlStore(url)


@pytest.mark.parametrize("databases", ["sqlite", "postgresql", "mariadb"] if FAULTS else ["sqlite"], indirect=True)
class TestSqlObserver(ObserverContract):
    @pytest.fixture(autouse=True)
    def _url(self, url):
        self.url = url

    def make_observer(self):
        self.store = SqlStore(self.url)
        return SqlObserver(self.url)

    def check(self, observer, run):
        stored, known = record_to_json(self.store.load(run.uid)), record_to_json(run.record)
        stored.pop("_id"), known.pop("_id")
        assert stored == known
        assert all(self.store.has_blob(sha256) for sha256 in record_blobs(run.record))
        assert observer.run_entry["status"] == run.status
        self.store.close()
        observer.store.close()
