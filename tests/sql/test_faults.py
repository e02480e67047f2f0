"""Servers that stop, die and come back, and programs that are killed: nothing is lost, and no program waits long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from expkit import open_store
from expkit.errors import StoreError
from expkit.stores.sql import server
from expkit.stores.sql.store import SqlStore
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT

from ..sync.conftest import seen
from .conftest import ended, wait

BUSY = """
import sys, time
from pathlib import Path
from expkit import Experiment

ex = Experiment("busy", interactive=True, observers=["folder:runs", sys.argv[1]])

@ex.config
def config():
    until = ""

@ex.main
def main(_run, until):
    number = 0
    while number < 200 or (until and not Path(until).exists()):
        number += 1
        print("line", number)
        _run.log_scalar("loss", 1 / number, number)
        if number % 50 == 0:
            Path("part.txt").write_text(f"part {number}")
            _run.add_artifact("part.txt", f"part-{number % 200}.txt")
            _run.info["number"] = number
            _run.flush()
            Path("under-way").touch()
        if until:
            time.sleep(0.005)
    return 7

ex.run(config_updates={"until": sys.argv[2]} if len(sys.argv) > 2 else {})
sys.exit(5)
"""


def same(url, folder, runs=1):
    """Assert that the database has what the folder ``runs`` has, field by field, once; return the records."""
    here, there = open_store(folder / "runs"), SqlStore(url)
    uids = sorted(key.uid for key in here.ids())
    assert sorted(key.uid for key in there.ids()) == uids
    assert len(uids) == runs
    for uid in uids:
        assert seen(there, uid) == seen(here, uid)
        steps = [point.step for point in there.read(uid, LOSS) if point.name == "loss"]
        assert steps == list(range(1, len(steps) + 1)) != []
    records = [there.load(uid) for uid in uids]
    there.close()
    return records


def sync(folder, url):
    """``expkit sync``, given the password that nobody wrote down: exit code and what it says."""
    command = [sys.executable, "-m", "expkit", "sync"]
    environment = {**os.environ, "EXPKIT_SYNC_TO": url}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_away_at_the_start(own, process, tmp_path):
    """A run with ``offline=journal`` starts while its server is away, and `expkit sync` delivers it whole, once."""
    code, out, err = ended(process(BUSY, f"{own.url}?offline=journal"))
    assert (code, out.count("line")) == (5, 200), err
    assert "the run goes on" in err and "`expkit sync` delivers it" in err
    assert "expkit@" not in err
    assert sync(tmp_path, own.url)[0] == 1
    own.start()
    code, said = sync(tmp_path, own.url)
    assert (code, said.splitlines()[-1]) == (0, "nothing is owed"), said
    (record,) = same(own.url, tmp_path)
    assert (record.status, record.result) == ("COMPLETED", 7)
    assert sync(tmp_path, own.url) == (0, "nothing is owed\n")


def test_stopped_for_a_while(own, process, tmp_path):
    """A server that answers nothing for seconds costs the program nothing; afterwards the record is whole, nothing twice."""
    own.start()
    program = process(BUSY, own.url, "enough")
    wait((tmp_path / "under-way").exists)
    own.pause()
    try:
        time.sleep(2)
        (tmp_path / "enough").touch()
        code, _, err = ended(program)
    finally:
        own.resume()
    assert code == 5, err
    code, said = sync(tmp_path, own.url)
    assert code == 0, said
    assert same(own.url, tmp_path)[0].status == "COMPLETED"


def test_killed_and_started_again(own, process, tmp_path):
    """A server that dies and comes back in mid-run has lost nothing that it had acknowledged, and gets the rest."""
    own.start()
    program = process(BUSY, own.url, "enough")
    wait((tmp_path / "under-way").exists)
    own.kill()
    own.start()
    (tmp_path / "enough").touch()
    code, _, err = ended(program)
    assert code == 5, err
    code, said = sync(tmp_path, own.url)
    assert code == 0, said
    assert same(own.url, tmp_path)[0].status == "COMPLETED"


def test_gone_until_after_the_end(own, process, tmp_path):
    """A server that vanishes in mid-run is one line at the end of the program, which keeps its exit code."""
    own.start()
    program = process(BUSY, own.url, "enough")
    wait((tmp_path / "under-way").exists)
    own.kill()
    (tmp_path / "enough").touch()
    code, _, err = ended(program)
    assert code == 5 and "`expkit sync` delivers it" in err, err
    own.start()
    assert sync(tmp_path, own.url)[0] == 0
    assert same(own.url, tmp_path)[0].result == 7


def test_a_program_that_is_killed(url, process, tmp_path):
    """After kill -9 in mid-write the run is seen to be dead, what is there is true, and sync brings what the log had."""
    program = process(BUSY, url, "never")
    wait((tmp_path / "under-way").exists)
    store = SqlStore(url)
    wait(lambda: any(store.streams(key.uid) for key in store.ids()))
    os.kill(program.pid, signal.SIGKILL)
    ended(program)
    (row,) = store.find(columns=["status", "state"])
    assert row == {"status": "RUNNING", "state": "DIED"}
    code, said = sync(tmp_path, url)
    assert code == 0, said
    same(url, tmp_path)
    store.close()


WRITER = """
import sys
from expkit import open_store
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT

store = open_store(sys.argv[1])
record = sample_record()
store.create(record)
print(record.uid, flush=True)
number = 0
while True:
    store.append(record.uid, LOSS, number * 500, sample_points(500, number * 500))
    store.append(record.uid, TEXT, number * 5000, b"0123456789" * 500)
    store.save(record.but(info={"number": number, "again": [number] * 1000}))
    number += 1
"""


def test_writers_that_are_killed(url, process, faults):
    """Whenever a writer is killed, streams end where they say, records are whole, and others are not held up."""
    for number in range(20 if faults else 3):
        program = process(WRITER, url)
        uid = program.stdout.readline().strip()
        store = SqlStore(url)
        wait(lambda: store.load(uid).info.get("number", 0) > number)
        os.kill(program.pid, signal.SIGKILL)
        ended(program)
        ends = store.streams(uid)
        assert store.read(uid, LOSS) == sample_points(ends[LOSS])
        assert store.read(uid, TEXT) == b"0123456789" * (ends[TEXT] // 10)
        info = store.load(uid).info
        assert set(info["again"]) == {info["number"]}
        assert store.append(uid, LOSS, ends[LOSS], sample_points(1, ends[LOSS])) == ends[LOSS] + 1
        store.close()


def test_a_writer_that_is_stopped(own, process):
    """A process that is stopped in the middle of its writing keeps others no longer than a transaction may take."""
    url = own.start().url
    program = process(WRITER, url)
    uid = program.stdout.readline().strip()
    store = SqlStore(url)
    wait(lambda: store.load(uid).info.get("number", 0) > 0)
    os.kill(program.pid, signal.SIGSTOP)
    try:
        assert store.create(sample_record()) == 2
    finally:
        os.kill(program.pid, signal.SIGKILL)
    store.close()


def test_a_server_that_does_not_answer(own, monkeypatch):
    """A store does not wait for ever for a server that is stopped: after the limit a sentence says so."""
    own.start()
    monkeypatch.setattr("expkit.stores.sql.server.LIMIT", 1.0)
    store = SqlStore(own.url)
    options = {"read_timeout": 1} if store.place.kind == "mysql" else {}
    monkeypatch.setitem(
        server._ARGUMENTS, store.place.kind, {**server._ARGUMENTS[store.place.kind], **options, "connect_timeout": 2}
    )
    store.create(sample_record())
    own.pause()
    try:
        with pytest.raises(StoreError, match="server at 127.0.0.1:"):
            store.ids()
    finally:
        own.resume()
    assert len(store.ids()) == 1
    store.close()
