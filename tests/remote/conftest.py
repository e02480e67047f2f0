"""Buckets on a real server, and processes that use them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from expkit.record.uid import new_uid
from expkit.stores.remote.store import RemoteStore

from ..servers import buckets

HOME = Path(__file__).parents[2]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": buckets.KEY, "AWS_SECRET_ACCESS_KEY": buckets.SECRET}

QUICK = """
from expkit import SETTINGS
SETTINGS.LANES.RETRY_FIRST = 0.01
SETTINGS.LANES.RETRY_LONGEST = 0.2
SETTINGS.LANES.END_PATIENCE = 0.2
SETTINGS.LANES.JOURNAL_PATIENCE = 0.2
"""


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


@pytest.fixture
def own(tmp_path):
    """An S3 server of the test's own, not started yet; its data stays from start to start."""
    made = buckets.own(buckets.S3, buckets.s3_command, tmp_path)
    yield made
    made.kill()


@pytest.fixture
def process(tmp_path):
    """Starts a program in a process of its own, in the folder of the test."""
    started = []

    def start(program, *arguments, **more):
        path = tmp_path / f"program{len(started)}.py"
        path.write_text(QUICK + program)
        environment = {**os.environ, "PYTHONPATH": os.fspath(HOME), "PYTHONUNBUFFERED": "1", **more}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, path.name, *map(str, arguments)]
        started.append(subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def s3_url(address, path="runs"):
    """A place in a new bucket of an S3 server."""
    return f"s3://b{new_uid()}/{path}?endpoint_url={address}&region={buckets.REGION}"


def wait(condition, seconds=60):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def ended(process):
    """Exit code, stdout and stderr of a process, once it has ended."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err
