"""Late delivery when notes are damaged, and of runs that have died."""

import json
import os
import threading

import pytest

from expkit.console.sync import main
from expkit.run.recording.overdue import deliver, deliver_in_background
from expkit.run.recording.owed import Note, owed_notes
from expkit.stores.finding import find
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import sample_lease, sample_record

BAD = {
    "deep": "[" * 100_000,
    "nul": json.dumps({"format": 1, "uid": "ab", "name": "x", "log": "\0", "target": "folder:\0"}),
    "long": json.dumps({"format": 1, "uid": "a" * 5000, "name": "x", "log": "", "target": "folder:x"}),
    "half": '{"format": 1',
}


@pytest.fixture
def owed(tmp_path, monkeypatch):
    """The folder of notes."""
    monkeypatch.setenv("EXPKIT_STATE", str(tmp_path / "state"))
    folder = tmp_path / "state" / "owed"
    folder.mkdir(parents=True)
    return folder


def dead_run(tmp_path, ago=3600):
    """A store with a run of another machine that was killed, and when it gave its last sign."""
    store = FolderStore(tmp_path / "home")
    record = sample_record(heartbeat=None)
    store.create(record, lease=sample_lease(interval=10))
    lease = tmp_path / "home/1/lease.json"
    last = lease.stat().st_mtime - ago
    os.utime(lease, (last, last))
    return record, last


def note_for(tmp_path, record, target):
    return Note(uid=record.uid, name="x", log=str(tmp_path / "home"), target=target).write()


def test_bad_notes_are_named_and_skipped(owed, tmp_path, capsys):
    """A note that cannot be read is named, all others are delivered, and the exit code says that something is left."""
    for name, text in BAD.items():
        (owed / f"{name}.json").write_text(text)
    if hasattr(os, "mkfifo"):
        os.mkfifo(owed / "pipe.json")
    record, _ = dead_run(tmp_path)
    note_for(tmp_path, record, f"folder:{tmp_path / 'far'}").release()
    assert main([]) == 1
    out = capsys.readouterr().out
    assert all(f"{name}.json says nothing of what is owed" in out for name in BAD)
    assert "as run 1" in out
    assert FolderStore(tmp_path / "far").load("1").uid == record.uid


def test_what_goes_wrong_in_the_background_is_nobodys_gap(owed, tmp_path, monkeypatch):
    """A note of which something unexpected comes ends no thread: a run that goes on here has nothing to do with it."""
    record, _ = dead_run(tmp_path)
    store = FolderStore(tmp_path / "far")
    note_for(tmp_path, record, f"folder:{store.root}").release()
    failed = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    monkeypatch.setattr(Note, "take", lambda note: 1 / 0)
    deliver_in_background([store])
    for thread in threading.enumerate():
        if thread.name == "expkit overdue":
            thread.join(10)
    assert failed == []


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_the_copy_of_a_dead_run_is_dead(owed, tmp_path, kind):
    """Delivery is no sign of life: the copy shows the death at once, with its cause and the time of the last sign."""
    record, last = dead_run(tmp_path)
    store = MemoryStore() if kind == "memory" else FolderStore(tmp_path / "far")
    deliver(note_for(tmp_path, record, "folder:far"), store)
    (row,) = find(store, columns=["state", "status", "cause", "last_sign"])
    assert (row["state"], row["status"]) == ("DIED", "RUNNING")
    assert row["cause"].startswith("gave no sign of life since ")
    assert row["last_sign"] > 3000
    assert abs(store.lease(record.uid).renewed.timestamp() - last) < 1
    assert list(owed_notes()) == []
