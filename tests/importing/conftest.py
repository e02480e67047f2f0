"""What the real tools wrote, unpacked; see ``samples/make.py``."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def sample(tmp_path):
    """Unpack a sample into a folder of the test; returns the folder."""

    def unpack(name):
        folder = tmp_path / name
        with zipfile.ZipFile(HERE / "samples" / f"{name}.zip") as archive:
            archive.extractall(folder)
        return folder

    return unpack


@pytest.fixture
def expkit(tmp_path):
    """Run the program ``expkit`` in the folder of the test; exit code and what it printed."""

    def run(*words):
        environment = {**os.environ, "PYTHONPATH": os.fspath(HERE.parents[1]), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, "-m", "expkit", *map(str, words)],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout

    return run


def expected(folder):
    """What the tool's own reader said of its files."""
    return json.loads((folder / "expected.json").read_text())


def points_of(store, run):
    """All points of a run by name: steps, values as texts, times."""
    found = {}
    for key in sorted(key for key in store.streams(run) if key.content == "points"):
        for point in store.read(run, key):
            found.setdefault(point.name, []).append([point.step, repr(point.value), point.time])
    return found
