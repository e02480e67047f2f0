"""What ended reaches the disk soon, and nobody waits for it."""

from __future__ import annotations

import os
import time

import pytest

from expkit.stores.folder import syncing
from expkit.stores.folder.syncing import Syncer


@pytest.fixture
def synced(monkeypatch):
    """The files that were brought to the disk."""
    found = []
    monkeypatch.setattr(syncing, "sync", found.append)
    return found


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_files_are_synced_in_the_background(synced, monkeypatch):
    """Whatever is added is brought to the disk; the thread ends when it has had nothing to do, and comes back."""
    monkeypatch.setattr(syncing, "_IDLE", 0.01)
    syncer = Syncer()
    for number in range(3):
        syncer.add(str(number))
        wait_for(lambda: not syncer._works)
    assert synced == ["0", "1", "2"]


def test_the_rest_is_synced_at_the_end(synced, monkeypatch):
    """Where no thread can be had, the end of the interpreter waits for the disk."""

    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(syncing.threading.Thread, "start", refuse)
    syncer = Syncer()
    syncer.add("a")
    syncer.add("b")
    assert synced == []
    syncer.finish()
    assert synced == ["a", "b"]


def test_a_file_that_is_gone(tmp_path):
    """A file that was removed meanwhile is nobody's concern."""
    syncing.sync(os.fspath(tmp_path / "gone"))


def test_a_run_that_ended_is_synced(log, monkeypatch, synced):
    """The record of a run is brought to the disk after its end."""
    monkeypatch.setattr(syncing.syncer, "_works", False)
    log.close()
    wait_for(lambda: synced)
    assert synced == [os.fspath(log.folder / "run.json")]


def test_the_record_is_on_the_disk_when_the_process_has_ended(start, tmp_path):
    """A process that ends right after a run has waited for the disk."""
    code = (
        "import os, sys\n"
        "real = os.fsync\n"
        "os.fsync = lambda fd: (print(os.readlink(f'/proc/self/fd/{fd}')), real(fd))\n"
        "from expkit import Experiment\n"
        "from expkit.observers import FileStorageObserver\n"
        "ex = Experiment('e', interactive=True, observers=[FileStorageObserver(sys.argv[1])])\n"
        "ex.main(lambda: None)\n"
        "ex.run()\n"
    )
    out, _ = start(code, tmp_path / "runs").communicate(timeout=60)
    assert f"{tmp_path}/runs/1/run.json" in out
