"""What is very large goes in and comes out, in memory that does not grow with it: with --faults as large as it gets."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ..processes import environment
from .kinds import BACKENDS
from .table import FAULTS

POINTS = 10_000_000 if FAULTS else 60_000
OUTPUT = 1_000_000_000 if FAULTS else 9_000_000
ARTIFACT = 1 << (30 if FAULTS else 26)
LIMIT = 3600 if FAULTS else 120

STREAMS_TAKE = 128e6
"""Bytes of memory that points and output may take, however many there are."""

ARTIFACTS_TAKE = 48e6
LARGEST_DOCUMENT = 8 << 20

HEAD = """
import hashlib, json, os, resource, sys
from expkit import SETTINGS, Experiment, stores
from expkit.record.model import OUTPUT, POINTS, StreamKey
SETTINGS.LANES.END_PATIENCE = SETTINGS.LANES.END_LIMIT = 3600

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

def digest(read):
    found, count = hashlib.sha256(), 0
    while data := read(1 << 20):
        found.update(data)
        count += len(data)
    return count, found.hexdigest()

def settled(run):
    [lane] = run.recorder.lanes
    while not lane.is_idle(1):
        assert lane.problem is None, lane.problem

url, size = sys.argv[1], int(sys.argv[2])
"""

METRICS = """
SMALL = 20_000
ex = Experiment("large", interactive=True, observers=[url])

@ex.main
def main(_run, _seed):
    for step in range(SMALL):
        _run.log_scalar("loss", step / 4, step)
    _run.flush()
    settled(_run)
    before = peak()
    for step in range(SMALL, size):
        _run.log_scalar("loss", step / 4, step)
    return before

run = ex.run()
store, offset, seen = stores.open(url), 0, 0
assert store.load(run._id).status == "COMPLETED"
while batch := store.read(run._id, StreamKey(POINTS), offset, SMALL):
    for name, step, value, *_ in batch:
        if name == "loss":  # a long run also has those of its monitor
            assert (step, value) == (seen, seen / 4), (seen, step, value)
            seen += 1
    offset += len(batch)
print(json.dumps({"count": seen, "grown": peak() - run.result}), file=sys.stderr)
"""

PRINTED = """
LINE, SMALL, WINDOW = 100, 1 << 22, 1 << 22
ex = Experiment("large", interactive=True, observers=[url])
printed = hashlib.sha256()

def say(first, last):
    for number in range(first, last):
        line = f"{number:099d}"
        print(line)
        printed.update(line.encode() + b"\\n")

@ex.main
def main(_run):
    say(0, SMALL // LINE)
    _run.flush()
    settled(_run)
    before = peak()
    say(SMALL // LINE, size // LINE)
    return before

run = ex.run()
store, read, offset = stores.open(url), hashlib.sha256(), 0
while data := store.read(run._id, StreamKey(OUTPUT), offset, WINDOW):
    read.update(data)
    offset += len(data)
print(json.dumps({"count": offset, "same": read.digest() == printed.digest(), "grown": peak() - run.result}), file=sys.stderr)
"""

FILES = """
ex = Experiment("large", interactive=True, observers=[url])

@ex.main
def main(_run, name):
    _run.add_artifact(name)

def make(name, size):
    with open(name, "wb") as file:
        file.writelines(os.urandom(1 << 16) for _ in range(size >> 16))

make("small.bin", 1 << 22)
make("large.bin", size)
ex.run(config_updates={"name": "small.bin"})
before = peak()
ids = [ex.run(config_updates={"name": "large.bin"})._id for _ in range(2)]
store = stores.open(url)
[one], [other] = (store.load(id).files_of("artifact") for id in ids)
with open("large.bin", "rb") as made, store.open_blob(one.sha256) as kept:
    (count, wanted), found = digest(made.read), digest(kept.read)
same = (one.sha256, found) == (other.sha256, (count, wanted)) and one.sha256 == wanted
print(json.dumps({"count": count, "same": same, "grown": peak() - before}), file=sys.stderr)
"""


def done(world, program, size):
    """What a program says of itself."""
    (world.folder / "program.py").write_text(HEAD + program)
    command = [sys.executable, "program.py", world.url(), str(size)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    ended = subprocess.run(command, cwd=world.folder, env=environment(), timeout=LIMIT, check=False, **pipes)
    assert ended.returncode == 0, ended.stderr
    if world.backend.name == "mongodb":
        assert_small_documents(world.url())
    return json.loads(ended.stderr.splitlines()[-1])


def assert_small_documents(url):
    """No document is near the 16 MB that a MongoDB server takes; the test server would take more."""
    from bson.raw_bson import RawBSONDocument
    from pymongo import MongoClient

    with MongoClient(url, document_class=RawBSONDocument) as client:
        database = client.get_default_database()
        sizes = {name: largest(database[name]) for name in database.list_collection_names()}
    assert sizes
    assert max(sizes.values()) < LARGEST_DOCUMENT, sizes


def largest(collection):
    """Bytes of the largest document; fetched one by one, for the test server holds a whole answer in memory."""
    names = [document["_id"] for document in collection.find({}, {"_id": 1})]
    return max((len(collection.find_one({"_id": name}).raw) for name in names), default=0)


SAMPLE = ("mongodb", "s3")
every = pytest.mark.parametrize("world", BACKENDS if FAULTS else SAMPLE, indirect=True)


@every
def test_metrics(world, record_property):
    """As many points as anybody logs come back, each as it was; memory does not grow with them."""
    found = done(world.start(), METRICS, POINTS)
    record_property("grown", found["grown"])
    assert found["count"] == POINTS
    assert found["grown"] < STREAMS_TAKE


@every
def test_output(world, record_property):
    """Long output comes back byte by byte; memory does not grow with it."""
    found = done(world.start(), PRINTED, OUTPUT)
    record_property("grown", found["grown"])
    assert (found["count"], found["same"]) == (OUTPUT, True)
    assert found["grown"] < STREAMS_TAKE


@every
def test_artifacts(world, record_property):
    """A large artifact comes back as it was; it is there once when two runs have it, and never as a whole in memory."""
    from expkit import open_store

    found = done(world.start(), FILES, ARTIFACT)
    record_property("grown", found["grown"])
    assert (found["count"], found["same"]) == (ARTIFACT, True)
    assert found["grown"] < ARTIFACTS_TAKE
    assert world.backend.doubles(open_store(world.url())) == []
