"""Stores of every kind, filled with the same runs."""

import shutil
from datetime import timedelta

import pytest

from expkit.readers import runs
from expkit.record.model import COMPLETED, FAILED, OUTPUT, RUNNING, FileRef, Point, StreamKey
from expkit.record.tagged import tagged
from expkit.stores import open_store
from expkit.testing.samples import NOON, sample_lease, sample_record

from .. import console
from ..copying.conftest import KINDS, SERVERS, _credentials  # noqa: F401 - who asks for buckets, in every test

PLACES = {**KINDS, "s3": SERVERS["s3"]}
SOURCE = "import os\n\n\ndef main(lr):\n    return lr\n\n\nclass Net:\n    depth = 2\n\n    def forward(self, x):\n        return x\n"


@pytest.fixture
def fresh(tmp_path, tmp_path_factory):
    """Opens a new, empty store of a kind."""
    made = []

    def open_it(kind):
        made.append(open_store(PLACES[kind](tmp_path, tmp_path_factory)))
        return made[-1]

    yield open_it
    for store in made:
        store.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """Gives the store of a kind with :func:`fill`'s runs; nobody changes it."""
    made = {}

    def get(kind):
        if kind not in made:
            made[kind] = fill(open_store(PLACES[kind](tmp_path_factory.mktemp(kind), tmp_path_factory)))
        return made[kind]

    yield get
    for store in made.values():
        store.close()


@pytest.fixture(params=PLACES)
def kind(request):
    """Each kind of store."""
    return request.param


@pytest.fixture
def everything(kind, filled):
    """All runs of a filled store, of each kind."""
    return runs(store=filled(kind))


@pytest.fixture
def some(filled):
    """All runs of a filled store in memory."""
    return runs(store=filled("memory"))


@pytest.fixture
def sacred(tmp_path):
    """A folder that Sacred wrote."""
    shutil.copytree(console.ROOT / "tests" / "folder" / "sacred", tmp_path / "sacred")
    return tmp_path / "sacred"


def fill(store):
    """Seven runs: two learning rates with three seeds each, and one that failed; the first one is the parent of the second."""
    uids = []
    for number in range(6):
        lr, seed = (0.1, 0.5)[number % 2], number // 2
        uids.append(add(store, lr, seed, parent=uids[0] if number == 1 else None))
    failed = sample_record(
        name="broken",
        status=FAILED,
        stop_time=NOON,
        start_time=NOON - timedelta(seconds=3),
        config={"lr": 7, "seed": 0},
        fail_trace=("Traceback\n", "ValueError: no\n"),
        meta={},
        files=(),
        parent=None,
    )
    store.create(failed, id="baseline")
    return store


def add(store, lr, seed, parent=None, source=SOURCE, **changes):
    """A completed run with everything that runs have; its uid."""
    files = (
        kept(store, "lib/train.py", "source", source.encode()),
        kept(store, "model.bin", "artifact", f"model {lr}".encode(), metadata={"epoch": 3}),
        FileRef(path="large.csv", role="input", sha256="ab" * 32, size=10, kept=False),
        FileRef(path="out.csv", role="output", sha256="cd" * 32, size=11, mode="w", kept=False),
    )
    usual = {
        "name": "digits",
        "status": COMPLETED,
        "parent": parent,
        "start_time": NOON,
        "stop_time": NOON + timedelta(seconds=5 + seed),
        "heartbeat": NOON,
        "config": {
            "lr": lr,
            "net": {"units": [64, {"name": "x"}], "a.b": 1},
            "shape": tagged("tuple", value=[28, 28]),
            "seed": seed,
        },
        "meta": {"tags": ["first"], "config_updates": {"lr": lr}},
        "experiment": {
            "name": "digits",
            "dependencies": ["numpy==1.26", f"torch=={seed}"],
            "repositories": [{"url": "git@host:lab.git", "commit": "ab" * 20, "dirty": False}],
        },
        "result": {"acc": lr + seed / 10},
        "files": files,
    }
    record = sample_record(**{**usual, **changes})
    store.create(record.but(status=RUNNING, stop_time=None), lease=sample_lease(1e6))
    store.append(record.uid, StreamKey(), 0, [Point("loss", step, lr / (step + 1), 1e9 + step) for step in range(10)])
    store.append(record.uid, StreamKey(OUTPUT), 0, "ключ\n".encode())
    store.save(record)
    return record.uid


def kept(store, path, role, data, **more):
    """A file whose bytes are in the store."""
    blob = store.put_blob(data)
    return FileRef(path=path, role=role, sha256=blob.sha256, size=blob.size, first_seen=NOON, **more)
