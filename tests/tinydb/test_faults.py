"""What goes wrong around a database: sudden deaths, full disks, locks that are not given back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from expkit.errors import StoreError
from expkit.record.model import COMPLETED
from expkit.stores.disk.locking import locked
from expkit.testing.samples import sample_record

from ..processes import ended

DYING = """
import os, signal, sys

from expkit.record.model import COMPLETED
from expkit.stores.disk import files
from expkit.stores.tinydb.store import TinyDbStore
from expkit.testing.samples import sample_record

where, what = sys.argv[1:]
store = TinyDbStore("db")
record = sample_record(info={"text": "x" * 100_000})
store.create(record)
print(record.uid, flush=True)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def write_half(fd, data, write=files.write_all):
    write(fd, bytes(data)[: len(data) // 2])
    die()

def move_and_die(source, target, move=files.move):
    move(source, target)
    die()

if where == "in the middle":
    files.write_all = write_half
elif where == "before":
    files.move = die
else:
    files.move = move_and_die
if what == "create":
    store.create(sample_record())
elif what == "end":
    store.save(record.but(status=COMPLETED))
else:
    store.save(record.but(info={"beat": 1}))
"""


@pytest.mark.parametrize("what", ["create", "end", "beat"])
@pytest.mark.parametrize("where", ["in the middle", "before", "after"])
def test_killed_while_writing(process, store, where, what):
    """A process that is killed at any place of a write leaves the old database or the new one, and no lock."""
    others = [sample_record() for _ in range(2)]
    for record in others:
        store.create(record)
    code, out, err = ended(process(DYING, where, what))
    assert code == -9, err
    is_new = where == "after"
    uid = out.strip()
    assert [key.uid for key in store.ids()][:3] == [*(record.uid for record in others), uid]
    assert len(store.ids()) == (4 if is_new and what == "create" else 3)
    assert store.load(uid).status == (COMPLETED if is_new and what == "end" else "RUNNING")
    assert (store.load(uid).info == {"beat": 1}) == (is_new and what == "beat")
    assert [store.load(record.uid) for record in others] == [record.but(id=i) for i, record in enumerate(others, 1)]
    assert store.create(sample_record()) == len(store.ids())
    store.save(store.load(uid).but(status=COMPLETED))
    assert store.load(uid).status == COMPLETED


FULL = """
import resource, signal, sys

from expkit import Experiment
from expkit.observers import TinyDbObserver
from expkit.settings import SETTINGS

SETTINGS.CAPTURE_MODE = "sys"
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ex = Experiment("full", interactive=True, observers=[TinyDbObserver("db")])

@ex.main
def main(_run):
    _run.log_scalar("loss", 0.5)
    _run.info["text"] = "y" * 400_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    return 7

if sys.argv[1] == "at the start":
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
run = ex.run()
print("the end", run.status, run.result)
"""


def test_no_room_at_the_end(process, store):
    """Where the database cannot grow any more the program ends as it would, and every run that was there stays whole."""
    record = sample_record()
    store.create(record)
    code, out, err = ended(process(FULL, "at the end"))
    assert (code, "the end COMPLETED 7" in out) == (0, True), err
    assert "File too large" in err
    assert (store.load(1), store.load(2).status) == (record.but(id=1), "RUNNING")
    assert list((store.root / ".expkit-tinydb" / "aside").iterdir()) == []


def test_no_room_at_the_start(process, store):
    """A run that cannot be written down does not start, and leaves nothing."""
    record = sample_record()
    store.create(record)
    before = (store.root / "metadata.json").read_bytes()
    code, out, err = ended(process(FULL, "at the start"))
    assert (code != 0, "the end" in out) == (True, False)
    assert "File too large" in err
    assert (store.root / "metadata.json").read_bytes() == before
    assert len(list((store.root / ".expkit-tinydb" / "runs").iterdir())) == 1


HOLDING = """
import sys, time
from expkit.stores.disk.locking import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_that_is_held(tmp_path):
    """Who waits too long for a lock is told which; one whose holder is killed is free at once."""
    path = str(tmp_path / "lock")
    holder = subprocess.Popen([sys.executable, "-c", HOLDING, path], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="lock"), locked(path, patience=0.05):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with locked(path, patience=30):
        pass


def test_locks_between_threads(tmp_path):
    """Threads wait for each other, too."""
    path, inside, most = str(tmp_path / "lock"), [], []

    def work():
        for _ in range(10):
            with locked(path):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) == 40


def test_a_file_system_without_locks(store, monkeypatch):
    """Where nothing can be locked, nothing is written, and the error says why."""
    import fcntl

    def refused(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(StoreError, match="No locks available"):
        store.create(sample_record())
