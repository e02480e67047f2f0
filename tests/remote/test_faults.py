"""Servers that stop, die and come back, and programs that are killed: nothing is lost, and no program waits long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from expkit import open_store
from expkit.record.model import StreamKey
from expkit.stores.remote.store import RemoteStore

from ..servers.running import free_port
from ..sync.conftest import seen
from .conftest import ended, s3_url, wait

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

if len(sys.argv) > 2 and sys.argv[2] == "by-hand":
    ex.run_commandline([sys.argv[0]])
ex.run(config_updates={"until": sys.argv[2]} if len(sys.argv) > 2 else {})
sys.exit(5)
"""


def same(url, folder, runs=1):
    """Assert that the bucket has what the folder ``runs`` has, field by field, once; return the records."""
    here, there = open_store(folder / "runs"), RemoteStore(url)
    uids = sorted(key.uid for key in here.ids())
    assert sorted(key.uid for key in there.ids()) == uids
    assert len(uids) == runs
    for uid in uids:
        assert seen(there, uid) == seen(here, uid)
        steps = [point.step for point in there.read(uid, StreamKey()) if point.name == "loss"]
        assert steps == list(range(1, len(steps) + 1)) != []
    records = [there.load(uid) for uid in uids]
    there.close()
    return records


def sync(folder):
    """``expkit sync``: exit code and what it says."""
    command = [sys.executable, "-m", "expkit", "sync"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_away_at_the_start(own, process, tmp_path):
    """A run with ``offline=journal`` starts while its server is away, and `expkit sync` delivers it whole, once."""
    url = s3_url(f"http://127.0.0.1:{own.port}")
    start = time.monotonic()
    code, out, err = ended(process(BUSY, f"{url}&offline=journal"))
    assert (code, out.count("line")) == (5, 200), err
    assert "the run goes on" in err and "`expkit sync` delivers it" in err
    assert time.monotonic() - start < 40
    assert sync(tmp_path)[0] == 1
    own.start()
    code, said = sync(tmp_path)
    assert (code, said.splitlines()[-1]) == (0, "nothing is owed"), said
    (record,) = same(url, tmp_path)
    assert (record.status, record.result) == ("COMPLETED", 7)
    assert sync(tmp_path) == (0, "nothing is owed\n")


def test_stopped_for_a_while(own, process, tmp_path):
    """A server that answers nothing for seconds costs the program nothing; afterwards the record is whole, nothing twice."""
    url = s3_url(f"http://127.0.0.1:{own.start().port}")
    program = process(BUSY, url, "enough")
    wait((tmp_path / "under-way").exists)
    own.pause()
    time.sleep(2.5)
    own.resume()
    (tmp_path / "enough").touch()
    code, _, err = ended(program)
    assert code == 5, err
    code, said = sync(tmp_path)
    assert code == 0, said
    assert same(url, tmp_path)[0].status == "COMPLETED"


def test_killed_and_started_again(own, process, tmp_path):
    """A server that dies in mid-run and comes back gets what it lacks; until then one line says who delivers it."""
    url = s3_url(f"http://127.0.0.1:{own.start().port}")
    program = process(BUSY, url, "enough")
    wait((tmp_path / "under-way").exists)
    own.kill()
    (tmp_path / "enough").touch()
    start = time.monotonic()
    code, _, err = ended(program)
    assert code == 5 and "`expkit sync` delivers it" in err, err
    assert time.monotonic() - start < 40
    own.start()
    code, said = sync(tmp_path)
    assert code == 0, said
    assert same(url, tmp_path)[0].result == 7


def test_a_program_that_is_killed(url, process, tmp_path):
    """After kill -9 in mid-append the run is seen to be dead, what is there is true, and sync brings what the log had."""
    program = process(BUSY, url, "never")
    wait((tmp_path / "under-way").exists)
    store = RemoteStore(url)
    wait(lambda: any(store.streams(key.uid) for key in store.ids()))
    os.kill(program.pid, signal.SIGKILL)
    ended(program)
    (row,) = store.find(columns=["status", "state", "uid"])
    assert (row["status"], row["state"]) == ("RUNNING", "DIED")
    points, log = store.read(row["uid"], StreamKey()), open_store(tmp_path / "runs").read(row["uid"], StreamKey())
    assert points == log[: len(points)]
    code, said = sync(tmp_path)
    assert code == 0, said
    same(url, tmp_path)
    store.close()


def test_a_server_that_was_never_there(tmp_path, process):
    """Without a journal the run does not start: one sentence, in bounded time."""
    start = time.monotonic()
    code, out, err = ended(process(BUSY, s3_url(f"http://127.0.0.1:{free_port()}")))
    assert code == 1 and "line" not in out
    assert "does not answer: there is no connection" in err
    assert time.monotonic() - start < 40


def test_wrong_credentials(url, process):
    """A secret that is not right, or none at all, is one sentence that says how to give one; the secret is not in it."""
    program = process(BUSY, url, "by-hand", AWS_SECRET_ACCESS_KEY="not-so-secret")
    code, out, err = ended(program)
    assert code == 1 and "line" not in out
    assert "does not accept the credentials; say them as AWS tools expect it" in err
    assert "not-so-secret" not in out + err and "Traceback" not in err
    code, _, err = ended(process(BUSY, url, "by-hand", AWS_SECRET_ACCESS_KEY="", AWS_ACCESS_KEY_ID=""))
    assert code == 1 and "needs credentials, and there are none" in err and "Traceback" not in err
