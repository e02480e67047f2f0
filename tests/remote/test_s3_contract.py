"""S3 passes the contract of every store."""

from __future__ import annotations

import os

import pytest

from expkit.stores.remote.store import RemoteStore
from expkit.testing.stores import StoreContract

from ..older import samples
from ..servers import remote
from .place_tests import PlaceTests


class TestS3Store(PlaceTests, StoreContract):
    older = ("objects-1",)
    examples = 15 if os.environ.get("EXPKIT_FAULTS") else 1
    record_examples = 25 if os.environ.get("EXPKIT_FAULTS") else 6
    scale = 1.0 if os.environ.get("EXPKIT_FAULTS") else 0.3

    @pytest.fixture(autouse=True)
    def _server(self, tmp_path_factory):
        self.port = remote.S3.shared(tmp_path_factory)

    def make_store(self, folder):
        self.url = remote.S3.new_url(self.port)
        return RemoteStore(self.url)

    def address(self, store):
        return self.url

    def older_store(self, name, folder):
        store = self.make_store(folder)
        store.media.make_bucket()
        samples.upload(name, store.media)
        return store
