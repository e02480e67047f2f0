"""Buckets on a real server."""

import os
import urllib.request

import pytest

from expkit.record.uid import new_uid
from expkit.stores.remote.store import RemoteStore

from ..servers import buckets

CREDENTIALS = {"AWS_ACCESS_KEY_ID": buckets.KEY, "AWS_SECRET_ACCESS_KEY": buckets.SECRET}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch, tmp_path):
    """Who asks: nobody whom this machine knows, but the test servers' user."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_", "STORAGE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    """The address of the S3 server that all tests share."""
    return f"http://127.0.0.1:{buckets.shared('s3', buckets.s3_command, tmp_path_factory)}"


@pytest.fixture
def url(s3):
    """The URL of a place in a new bucket, which is not there yet."""
    return s3_url(s3)


@pytest.fixture
def store(url):
    """A new, empty store."""
    made = RemoteStore(url)
    yield made
    made.close()


def s3_url(address, path="runs"):
    """A place in a new bucket of an S3 server."""
    return f"s3://b{new_uid()}/{path}?endpoint_url={address}&region={buckets.REGION}"


def google_url(port):
    """A place in a new bucket, which is there, of a server for Google's storage."""
    bucket, address = f"b{new_uid()}", f"http://127.0.0.1:{port}"
    make = urllib.request.Request(f"{address}/storage/v1/b?project=p", f'{{"name": "{bucket}"}}'.encode())
    make.add_header("Content-Type", "application/json")
    urllib.request.urlopen(make, timeout=60).close()
    return f"gs://{bucket}/runs?endpoint_url={address}&token=anon"
