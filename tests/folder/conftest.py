"""Stores in a folder of their own, and other processes that use them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from expkit.record.model import RunRecord
from expkit.record.uid import new_uid
from expkit.stores.folder.store import FolderStore

HOME = Path(__file__).parents[2]


def _new_record(**changes):
    known = {"uid": new_uid(), "name": "test", "command": "main", "status": "RUNNING"}
    return RunRecord(**{**known, "start_time": datetime.now(timezone.utc), **changes})


@pytest.fixture
def new_record():
    """Makes records: ``new_record(status="QUEUED")``."""
    return _new_record


@pytest.fixture
def start():
    """Starts a Python process: ``start(code, *arguments)``; whatever still runs at the end is killed."""
    processes = []

    def start(code, *arguments, **options):
        env = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
        command = [sys.executable, "-c", code, *map(str, arguments)]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, **options)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def store(root):
    store = FolderStore(root)
    yield store
    store.close()


@pytest.fixture
def log(store):
    record = _new_record(config={"lr": 0.1})
    store.create(record)
    return store.open_log(record.uid)
