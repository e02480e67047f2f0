"""A folder of runs whose times and names never change, and the program ``expkit`` beside it."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from expkit.console.main import main
from expkit.record.model import COMPLETED, FAILED, OUTPUT, QUEUED, RUNNING, FileRef, Launch, Point, StreamKey
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import NOON, sample_annotation, sample_lease, sample_record

GOLDEN = Path(__file__).parent / "golden"
SOURCE = "def main(lr):\n    if lr > 1:\n        raise ValueError('lr is too large')\n    return lr\n"
TRACE = (
    "Traceback (most recent call last):\n",
    '  File "/home/ann/digits/train.py", line 9, in main\n    return fit(lr)\n           ^^^^^^^\n',
    '  File "/home/ann/digits/train.py", line 3, in fit\n    check(lr)\n',
    '  File "/usr/lib/python3.11/site-packages/checks.py", line 17, in check\n    raise ValueError(text)\n',
    "ValueError: lr is too large\n",
)
EVIL = "evil\x1b[31m\r\nname\x07"


class Done(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def golden():
    """Compares a text with the file of that name; ``UPDATE_GOLDEN=1`` writes the file instead."""

    def compare(name, text):
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The current folder, empty; the clock on the wall shows UTC, and nobody has said how wide the terminal is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("EXPKIT_AUTHOR", "ann")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield tmp_path
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def store(home):
    """The default store, with five runs: two that completed, one that failed, a queued one, and one with evil names."""
    return fill(FolderStore(home / "runs"))


@pytest.fixture
def expkit(home, capsys):
    """Runs a command in this process."""

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def program(home):
    """Starts a command as a process of its own."""
    started = []

    def start(*words, **options):
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **options.pop("env", {})}
        usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "expkit", *words], cwd=home, env=environment, **{**usual, **options}
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def fill(store):
    """Five runs."""
    for number, lr in enumerate((0.1, 0.5), start=1):
        add(store, number, lr)
    store.annotate(2, sample_annotation("baseline", "name"))
    store.annotate(2, sample_annotation("talk", "tag", 1))
    store.annotate(2, sample_annotation("the one in the talk", "note", 2))
    store.annotate(2, sample_annotation({"test": 0.93}, "result", 3))
    add(store, 3, 7, status=FAILED, result=None, fail_trace=TRACE, cause="ValueError: lr is too large")
    bare = {"start_time": None, "heartbeat": None, "parent": None, "files": (), "gaps": (), "info": {}}
    store.create(sample_record(uid=uid(4), name="digits", status=QUEUED, **bare))
    add(store, 5, 0.1, name=EVIL, path="ev\x1bil.py", config={"lr": 0.1, EVIL: EVIL}, meta={"tags": [EVIL]})
    return store


def uid(number):
    """A uid that is the same whenever the tests run."""
    return f"{number:012x}{number:020x}"


def add(store, number, lr, path="train.py", **changes):
    """A run with everything that runs have."""
    source, model = (store.put_blob(data) for data in (SOURCE.encode(), f"model {lr}".encode()))
    start = NOON + timedelta(hours=number)
    usual = {
        "name": "digits",
        "status": COMPLETED,
        "parent": None,
        "start_time": start,
        "stop_time": start + timedelta(seconds=61.5 * number),
        "heartbeat": start,
        "config": {"lr": lr, "net": {"units": 64}, "epochs": 20, "seed": number},
        "meta": {"tags": ["first"] if number == 1 else [], "config_updates": {"lr": lr}, "comment": "a try"},
        "experiment": {
            "name": "digits",
            "repositories": [{"url": "git@host:lab.git", "commit": "ab" * 20, "dirty": True}],
        },
        "host": {"hostname": "here", "os": ["Linux", "Linux-6"], "python_version": "3.11.7"},
        "launch": Launch(script="train.py", argv=("with", f"lr={lr}")),
        "result": {"acc": 1 - lr / 10},
        "info": {},
        "gaps": (),
        "files": (
            FileRef(path=path, role="source", sha256=source.sha256, size=source.size, first_seen=NOON),
            FileRef(path="out/model.bin", role="artifact", sha256=model.sha256, size=model.size, first_seen=NOON),
            FileRef(path="large.csv", role="input", sha256="ab" * 32, size=12_345_678, kept=False),
        ),
    }
    record = sample_record(uid=uid(number), **{**usual, **changes})
    store.create(record.but(status=RUNNING, stop_time=None), lease=sample_lease(1e6))
    points = [Point("loss", step, lr / (step + 1), NOON.timestamp() + step) for step in range(20)]
    points += [Point("val/acc", step, step / 20, NOON.timestamp() + step) for step in range(0, 20, 5)]
    store.append(record.uid, StreamKey(), 0, points)
    store.append(record.uid, StreamKey(OUTPUT), 0, "начало\nstep 1\nstep \x1b[31m2\x1b[0m\n".encode())
    store.save(record)
    return record.uid
