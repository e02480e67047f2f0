"""Databases to try, and processes that use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from expkit.stores.tinydb.store import TinyDbStore

HOME = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path):
    """A new database in the folder ``db``."""
    made = TinyDbStore(tmp_path / "db")
    yield made
    made.close()


@pytest.fixture
def process(tmp_path):
    """Runs a program in a process of its own, in the folder of the test; returns the finished process."""

    def run(program, *arguments):
        (tmp_path / "program.py").write_text(program)
        env = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
        command = [sys.executable, "program.py", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)

    return run
