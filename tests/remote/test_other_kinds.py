"""Buckets of Google and Azure and folders behind SFTP, FTP and WebDAV: each on a real server."""

from __future__ import annotations

import os

import pytest

from expkit.stores.remote.store import RemoteStore
from expkit.testing.stores import (
    BlobContract,
    HonestyContract,
    IdContract,
    LifeContract,
    OlderContract,
    StoreContract,
    SweepContract,
    ValueContract,
)

from ..older import samples
from ..servers import remote
from .place_tests import PlaceTests

FAULTS = bool(os.environ.get("EXPKIT_FAULTS"))


class Sample(IdContract, LifeContract, ValueContract, BlobContract, SweepContract, OlderContract, HonestyContract):
    """The parts of the contract in which kinds of places differ; with --faults all of it is gone through."""


Contract = StoreContract if FAULTS else Sample


class Kind(PlaceTests, Contract):
    examples = 15 if FAULTS else 1
    record_examples = 25 if FAULTS else 6
    scale = 1.0 if FAULTS else 0.3
    older = ("folders-1",)

    @pytest.fixture(autouse=True)
    def _server(self, tmp_path_factory, monkeypatch, tmp_path):
        self.port = self.kind.shared(tmp_path_factory)
        for name, value in self.kind.access(self.port, tmp_path).items():
            monkeypatch.setenv(name, value)

    def make_store(self, folder):
        return RemoteStore(self.kind.new_url(self.port, folder))

    def older_store(self, name, folder):
        store = self.make_store(folder)
        samples.upload(name, store.media)
        return store


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # of aiohttp to drivers, from 1 MB on
class TestGoogle(Kind):
    kind = remote.GOOGLE
    older = ("objects-1",)


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
class TestAzure(Kind):
    kind = remote.AZURE
    older = ("objects-1",)


class TestSftp(Kind):
    kind = remote.SFTP


class TestFtp(Kind):
    kind = remote.FTP


class TestWebDav(Kind):
    kind = remote.WEBDAV


del Contract, Kind, Sample
