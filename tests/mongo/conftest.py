"""Databases on a real server, and processes that use them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from expkit.record.uid import new_uid
from expkit.stores.mongo.store import MongoStore

from ..servers import mongo

HOME = Path(__file__).parents[2]

QUICK = """
from expkit import SETTINGS
SETTINGS.LANES.RETRY_FIRST = 0.01
SETTINGS.LANES.RETRY_LONGEST = 0.2
SETTINGS.LANES.END_PATIENCE = 0.2
SETTINGS.LANES.JOURNAL_PATIENCE = 0.2
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Host and port of the server that all tests share."""
    return mongo.shared(tmp_path_factory)


@pytest.fixture
def url(server):
    """The URL of a new, empty database."""
    made = f"mongodb://{server}/t{new_uid()}"
    yield made
    store = MongoStore(made)
    store.server.client.drop_database(store.server.place.database)
    store.close()


@pytest.fixture
def store(url):
    """A new, empty store."""
    made = MongoStore(url)
    yield made
    made.close()


@pytest.fixture
def database(store):
    """Its database, as the driver sees it."""
    return store.server.client[store.server.place.database]


@pytest.fixture
def own(tmp_path):
    """A server of the test's own, not started yet; its data stays from start to start."""
    made = mongo.own(tmp_path)
    yield made
    made.kill()


@pytest.fixture
def process(tmp_path):
    """Starts a program in a process of its own, in the folder of the test."""
    started = []

    def start(program, *arguments):
        path = tmp_path / f"program{len(started)}.py"
        path.write_text(QUICK + program)
        environment = {**os.environ, "PYTHONPATH": os.fspath(HOME), "PYTHONUNBUFFERED": "1"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, path.name, *map(str, arguments)]
        started.append(subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


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
