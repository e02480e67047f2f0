"""Buckets on a real server."""

import os

import pytest

from expkit.stores.remote.store import RemoteStore

from ..servers import remote


@pytest.fixture(autouse=True)
def _credentials(monkeypatch, tmp_path):
    """Who asks: nobody whom this machine knows, but the test servers' user."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_", "STORAGE_"))]:
        monkeypatch.delenv(name)
    for name, value in remote.S3.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def url(tmp_path_factory):
    """The URL of a place in a new bucket, which is not there yet."""
    return remote.S3.new_url(remote.S3.shared(tmp_path_factory))


@pytest.fixture
def store(url):
    """A new, empty store."""
    made = RemoteStore(url)
    yield made
    made.close()
