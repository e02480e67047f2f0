"""What is sent: in proportion to what is new, and such that it may be applied twice, or late."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

import bson
import pymongo
import pytest
from pymongo.collection import Collection
from pymongo.monitoring import CommandListener

from expkit.errors import StoreError
from expkit.record.model import COMPLETED, OUTPUT, Point, StreamKey
from expkit.record.wire import record_to_json
from expkit.stores.mongo import metrics
from expkit.stores.mongo.store import MongoStore
from expkit.testing.samples import sample_lease, sample_record

WRITES = ("insert", "update", "delete")


class Heard(CommandListener):
    """Every command that a client sends."""

    def __init__(self):
        self.commands = []

    def started(self, event):
        self.commands.append({**event.command})

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass

    def size(self):
        """How many commands there were since the last look, and their bytes."""
        found, self.commands = self.commands, []
        return len(found), sum(len(bson.encode(command)) for command in found)


@pytest.fixture
def heard():
    """What the store sends."""
    return Heard()


@pytest.fixture
def telling(url, heard):
    """A store that is listened to."""
    made = MongoStore(url, options={"event_listeners": [heard]})
    yield made
    made.close()


class Run:
    """A run under way, as an observer writes it."""

    def __init__(self, store, metrics=("loss",)):
        self.store, self.metrics = store, metrics
        self.record = sample_record(status="RUNNING")
        self.id = store.create(self.record, lease=sample_lease())
        self.count = self.length = 0

    def beat(self, count, lines=None):
        """Some more points and lines, as many unless it is said, and the time of the beat."""
        points = [Point(name, self.count + step, 0.5, 1.6e9) for step in range(count) for name in self.metrics]
        text = b"".join(b"line %09d\n" % number for number in range(count if lines is None else lines))
        self.store.append(self.id, StreamKey(), self.count * len(self.metrics), points)
        self.store.append(self.id, StreamKey(OUTPUT), self.length, text)
        self.record = self.record.but(
            heartbeat=(self.record.heartbeat or self.record.start_time) + timedelta(seconds=10)
        )
        self.store.save(self.record)
        self.store.renew(self.id, sample_lease())
        self.count, self.length = self.count + count, self.length + len(text)


def test_a_beat_costs_what_is_new(telling, heard):
    """A beat with ten new points and lines sends as much after 10 as after 10,000 and after 100,000; an idle one less."""
    run, sent = Run(telling), []
    run.beat(10)
    for many in (0, 10_000, 90_000):
        if many:
            run.beat(many)
            run.beat(10)
        heard.size()
        run.beat(10)
        sent.append(heard.size())
    run.beat(0)
    idle = heard.size()
    assert len({count for count, _ in sent}) == 1, sent
    assert max(size for _, size in sent) < 1.2 * min(size for _, size in sent), sent
    assert idle < sent[0]
    assert sent[0][1] < 6_000


def test_indexes_are_made_once(telling, heard):
    """A process asks for the indexes with its first run, never again."""
    for _ in range(3):
        Run(telling).beat(1)
    made = [command["createIndexes"] for command in heard.commands if "createIndexes" in command]
    assert sorted(made) == ["fs.chunks", "fs.files", "metrics", "runs", "runs.annotations"]


def seen(store, database, run):
    """All that is kept of a run, for us and for tools, once what nothing names is swept away."""
    store.sweep(-3600)
    (document,) = database["runs"].find({}, {"expkit.lease": 0, "expkit.version": 0})
    points = [(found["name"], found["steps"], found["values"]) for found in database["metrics"].find()]
    files = sorted((found["filename"], found["length"]) for found in database["fs.files"].find())
    chunks = sorted((chunk["files_id"], chunk["n"], bytes(chunk["data"])) for chunk in database["fs.chunks"].find())
    streams = [(stream, store.read(run, stream)) for stream in sorted(store.streams(run))]
    return document, sorted(points), files, chunks, streams, record_to_json(store.load(run))


@pytest.mark.parametrize("backwards", [False, True])
def test_writes_that_come_late(telling, heard, database, monkeypatch, backwards):
    """A server may apply a write long after it timed out, and after it was sent again: nothing changes by that."""
    monkeypatch.setattr(metrics, "PART", 15)
    run = Run(telling, ("loss", "accuracy"))
    for count, lines in ((10, 10), (100, 20_000), (3, 3), (2, 90_000), (1, 1)):
        run.beat(count, lines)
        run.record = run.record.but(info={"seen": "x" * lines})
    telling.save(run.record.but(status=COMPLETED, result=0.5))
    writes = [command for command in heard.commands if next(iter(command)) in WRITES]
    assert len(writes) > 30
    before = seen(telling, database, run.id)
    client = pymongo.MongoClient(telling.server.place.server)
    for write in reversed(writes) if backwards else writes:
        late = {key: value for key, value in write.items() if key not in ("lsid", "$db", "$clusterTime", "txnNumber")}
        client[database.name].command({**late, "ordered": False})
    client.close()
    assert seen(telling, database, run.id) == before


def test_a_name_that_comes_late(store, monkeypatch):
    """A file whose name was sent and not answered is whole when the server gives the name after all."""
    data, late, insert = b"bytes" * 1000, [], Collection.insert_one

    def unanswered(collection, document, *arguments, **named):
        if collection.name != "fs.files":
            return insert(collection, document, *arguments, **named)
        late.append(document)
        raise pymongo.errors.NetworkTimeout("nobody answers")

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "insert_one", unanswered)
        with pytest.raises(StoreError):
            store.put_blob(data)
    store.server.files.insert_one(late[0])
    with store.open_blob(sha256(data).hexdigest()) as file:
        assert file.read() == data


@pytest.mark.parametrize("use", ["put", "has"])
def test_bytes_that_are_used_once_more_are_new(store, use):
    """Old bytes that nobody names, put once more or looked for, outlive a sweep: a record is about to name them."""
    name = store.put_blob(b"bytes").sha256
    store.server.files.update_one({"sha256": name}, {"$set": {"uploadDate": datetime(2020, 1, 1)}})
    assert store.sweep(86400, dry_run=True) == 1
    assert store.put_blob(b"bytes").sha256 == name if use == "put" else store.has_blob(name)
    assert store.sweep(86400) == 0
    assert store.has_blob(name)
    assert store.sweep(0) == 1
    assert not store.has_blob(name)
