"""Stores of every kind, filled with runs, and what can be seen of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from expkit.record.model import COMPLETED, FAILED, OUTPUT, QUEUED, FileRef, Point, StreamKey
from expkit.record.tagged import record_blobs, tagged
from expkit.record.uid import new_uid
from expkit.record.wire import annotation_to_json, record_to_json
from expkit.stores import open_store
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import AWKWARD, NOON, sample_annotation, sample_lease, sample_points, sample_record

from ..servers import mongo, remote, sql

HOME = Path(__file__).parents[2]
MODEL = bytes(range(256)) * 1000
KINDS = {
    "memory": lambda folder, factory: "memory:",
    "folder": lambda folder, factory: f"folder:{folder}/{new_uid()}",
    "tinydb": lambda folder, factory: f"tinydb:{folder}/{new_uid()}",
    "mongodb": lambda folder, factory: f"mongodb://{mongo.shared(factory)}/t{new_uid()}",
    "sqlite": lambda folder, factory: f"sqlite:///{folder}/{new_uid()}.db",
}
"""Kinds of stores, and how to get the URL of an empty one. Each is copied into each."""

SERVERS = {
    "s3": lambda folder, factory: remote.S3.new_url(remote.S3.shared(factory)),
    "postgresql": lambda folder, factory: _database(sql.POSTGRESQL, factory),
    "mariadb": lambda folder, factory: _database(sql.MARIADB, factory),
}
"""Kinds that take their time: each is copied from and into some others."""


def _database(kind, factory):
    port, name = kind.shared(factory), f"t{new_uid()}"
    kind.ask(port, f"CREATE DATABASE {name}")
    return kind.url(port, name)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    """Who asks for buckets: nobody whom this machine knows, but the test server's user."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in remote.S3.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def url(tmp_path, tmp_path_factory):
    """Gives the URL of an empty place of a kind."""
    return lambda kind: {**KINDS, **SERVERS}[kind](tmp_path, tmp_path_factory)


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """Gives the store of a kind that is filled with runs; nobody changes it."""
    made = {}

    def get(kind):
        if kind not in made:
            place = {**KINDS, **SERVERS}[kind](tmp_path_factory.mktemp(kind), tmp_path_factory)
            made[kind] = fill(open_store(place))
        return made[kind]

    return get


def fill(store):
    """Four runs: one with everything, one that has failed, a queued one, one in progress."""
    whole = sample_record(
        status=COMPLETED,
        stop_time=NOON,
        segment=1,
        config=AWKWARD,
        result=tagged("array", blob=put(store, b"\x93NUMPY..."), dtype="float64", shape=[2, 3]),
        files=(
            file(store, "train.py", "source", b"print('train')\n"),
            file(store, "model.bin", "artifact", MODEL, metadata={"epoch": 3}, content_type="model/x"),
            FileRef(path="large.csv", role="input", sha256="ab" * 32, size=10, kept=False),
        ),
    )
    store.create(whole.but(status="RUNNING", stop_time=None, segment=0))
    store.append(
        whole.uid, StreamKey(), 0, [*sample_points(300), Point("odd", 2**70, float("nan"), 1.5, (("a", "b"),))]
    )
    store.append(whole.uid, StreamKey(segment=1, rank=1), 0, [Point("acc", 0, "a text", 1.5)])
    store.append(whole.uid, StreamKey(OUTPUT), 0, "ключ\r\n".encode() * 1000 + b"\xff\x00")
    store.append(whole.uid, StreamKey(OUTPUT, 1), 0, b"more\n")
    store.renew(whole.uid, sample_lease().but(renewed=NOON))
    store.save(whole)
    store.annotate(whole.uid, sample_annotation("best", "tag"))
    store.annotate(whole.uid, sample_annotation({"text": "twice", "n": [1, None]}, minutes=1))
    store.annotate(whole.uid, sample_annotation({"text": "twice", "n": [1, None]}, minutes=1))
    failed = sample_record(status=FAILED, stop_time=NOON, fail_trace=("Traceback\n", "ValueError: no\n"), files=())
    store.create(failed, id="baseline")
    store.create(sample_record(status=QUEUED, start_time=None, heartbeat=None, files=()))
    store.create(sample_record(files=()), lease=sample_lease(1e6))
    return store


def put(store, data):
    return store.put_blob(data).sha256


def file(store, path, role, data, **more):
    blob = store.put_blob(data)
    return FileRef(path=path, role=role, sha256=blob.sha256, size=blob.size, first_seen=NOON, **more)


def seen(store, uid):
    """Everything about a run that does not depend on where it is."""
    record = store.load(uid)
    tree = record_to_json(record)
    for own in ("id", "_id"):
        tree.pop(own, None)
    streams = {key: repr(store.read(uid, key)) for key, end in store.streams(uid).items() if end}
    blobs = {}
    for sha256 in record_blobs(record):
        with store.open_blob(sha256) as source:
            blobs[sha256] = source.read()
    lease = store.lease(uid)
    held = None if lease is None else (lease.but(renewed=None, unmoved=None), round(lease.renewed.timestamp(), 2))
    return tree, streams, blobs, [annotation_to_json(note) for note in store.annotations(uid)], held


def is_same(src, dst):
    """Assert that a store has all that another one has, and nothing else."""
    uids = sorted(key.uid for key in src.ids())
    assert sorted(key.uid for key in dst.ids()) == uids
    for uid in uids:
        assert seen(dst, uid) == seen(src, uid)


@pytest.fixture
def expkit(tmp_path):
    """Runs the program ``expkit`` in the folder of the test; exit code and what it printed."""

    def run(*words):
        done = subprocess.run([sys.executable, "-m", "expkit", *words], **_surroundings(tmp_path), timeout=120)
        return done.returncode, done.stdout

    return run


def _surroundings(folder):
    environment = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
    return {
        "cwd": folder,
        "env": environment,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
    }
