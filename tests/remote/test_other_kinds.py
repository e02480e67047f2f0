"""Buckets of Google and Azure and folders behind SFTP, FTP and WebDAV: each on a real server."""

from __future__ import annotations

import os

import pytest

from expkit.record.uid import new_uid
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
from ..servers import buckets, machines
from .conftest import google_url
from .place_tests import PlaceTests

FAULTS = bool(os.environ.get("EXPKIT_FAULTS"))


class Sample(IdContract, LifeContract, ValueContract, BlobContract, SweepContract, OlderContract, HonestyContract):
    """The parts of the contract in which kinds of places differ; with --faults all of it is gone through."""


Contract = StoreContract if FAULTS else Sample


class Kind(PlaceTests, Contract):
    examples = 15 if FAULTS else 1
    record_examples = 25 if FAULTS else 6
    scale = 1.0 if FAULTS else 0.3
    name = ""
    older = ("folders-1",)

    @pytest.fixture(autouse=True)
    def _server(self, tmp_path_factory, monkeypatch, tmp_path):
        self.port = buckets.shared(self.name, self.command, tmp_path_factory)
        self.prepare(monkeypatch, tmp_path)

    def prepare(self, monkeypatch, folder):
        """Whatever a kind needs."""

    def make_store(self, folder):
        return RemoteStore(self.url(folder))

    def older_store(self, name, folder):
        store = self.make_store(folder)
        samples.upload(name, store.media)
        return store


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # of aiohttp to drivers, from 1 MB on
class TestGoogle(Kind):
    name, command = "google", staticmethod(buckets.google_command)
    older = ("objects-1",)

    def url(self, folder):
        return google_url(self.port)


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
class TestAzure(Kind):
    name, command = "azure", staticmethod(buckets.azure_command)
    older = ("objects-1",)

    def prepare(self, monkeypatch, folder):
        where = f"BlobEndpoint=http://127.0.0.1:{self.port}/{buckets.AZURE_ACCOUNT}"
        who = f"AccountName={buckets.AZURE_ACCOUNT};AccountKey={buckets.AZURE_KEY}"
        self.said = f"DefaultEndpointsProtocol=http;{who};{where};"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", self.said)

    def url(self, folder):
        from azure.storage.blob import BlobServiceClient

        bucket = f"b{new_uid()}"
        with BlobServiceClient.from_connection_string(self.said) as client:
            client.create_container(bucket)
        return f"az://{bucket}/runs"


class TestSftp(Kind):
    name, command = "sftp", staticmethod(machines.ssh_command)

    def url(self, folder):
        return machines.ssh_url(self.port, folder / "runs")


class WithLogin(Kind):
    def prepare(self, monkeypatch, folder):
        netrc = folder / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login {machines.USER} password {machines.PASSWORD}\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))


class TestFtp(WithLogin):
    name, command = "ftp", staticmethod(machines.ftp_command)

    def url(self, folder):
        return f"ftp://{machines.USER}@127.0.0.1:{self.port}/{new_uid()}/runs"


class TestWebDav(WithLogin):
    name, command = "webdav", staticmethod(machines.webdav_command)

    def url(self, folder):
        return f"webdav+http://{machines.USER}@127.0.0.1:{self.port}/{new_uid()}/runs"


del Contract, Kind, Sample, WithLogin
