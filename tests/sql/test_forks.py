"""Forked children of programs that have a database server open."""

import subprocess
import sys

import pytest

from expkit.record.uid import new_uid

from ..processes import environment
from ..servers.sql import POSTGRESQL

FORKING = """
import os, sys, time
from multiprocessing import get_context
from expkit import open_store
from expkit.testing.samples import sample_record

store = open_store(sys.argv[1])
store.create(sample_record(uid="5" * 32))

def child(asks):
    if asks:
        print("child", len(store.ids()), flush=True)

if sys.argv[2] == "multiprocessing":
    for asks in (True, False):
        process = get_context("fork").Process(target=child, args=(asks,))
        process.start()
        process.join(60)
        print("ended", process.exitcode)
else:
    pid = os.fork()
    if not pid:
        child(True)
        sys.exit(0)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
store.create(sample_record(uid="6" * 32))
print("parent", len(store.ids()))
store.close()
"""


@pytest.mark.parametrize("way", ["multiprocessing", "os.fork"])
def test_children(tmp_path, tmp_path_factory, way):
    """A child neither complains of its parent's connections nor ends them, whether it asks the store or not."""
    port = POSTGRESQL.shared(tmp_path_factory)
    name = f"t{new_uid()}"
    POSTGRESQL.ask(port, f"CREATE DATABASE {name}")
    (tmp_path / "forking.py").write_text(FORKING)
    command = [sys.executable, "-X", "dev", "forking.py", POSTGRESQL.url(port, name), way]
    env = environment(PYTHONWARNINGS="default")
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "deleted while still open" not in done.stderr
    assert done.stdout.count("ended 0") == (2 if way == "multiprocessing" else 1)
    assert "child 1\n" in done.stdout and done.stdout.endswith("parent 2\n")
