"""What lies in the database: shapes that tools read, indexes, and nothing near a document's limit."""

from __future__ import annotations

import json
import math
import os

import bson
import pytest
from gridfs import GridFS

from expkit import Experiment
from expkit.observers import MongoObserver
from expkit.record.model import COMPLETED, OUTPUT, FileRef, Point, StreamKey
from expkit.stores.mongo import metrics as parts
from expkit.stores.mongo.store import MongoStore
from expkit.testing.samples import AWKWARD, sample_annotation, sample_points, sample_record

LARGEST = 16 * 1024 * 1024


def largest(database):
    """The size of the largest document of a database."""
    sizes = [
        len(bson.encode(document))
        for name in database.list_collection_names()
        for document in database[name].find(batch_size=8)
    ]
    return max(sizes)


@pytest.fixture
def finished(url, tmp_path, monkeypatch):
    """The observer of a run that has completed, with a bit of everything."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("1,2")
    (tmp_path / "plot.png").write_bytes(b"picture")
    observer = MongoObserver.at(url)
    experiment = Experiment("shapes", interactive=True, observers=[observer])
    experiment.add_config(lr=0.1, net={"units": [1, 2], "a.b": {"$set": math.nan}}, big=2**80)

    @experiment.main
    def main(_run):
        print("hello")
        for step in range(3):
            _run.log_scalar("loss", 1.0 / (step + 1), step)
            _run.log_scalar("acc", step)
        _run.info["note"] = [1, (2, 3)]
        _run.add_resource("data.csv")
        _run.add_artifact("plot.png", "figures/plot.png", content_type="image/png")
        return 0.5

    experiment.run()
    yield observer
    observer.store.close()


def test_a_run_document(finished):
    """Top-level keys and values are those that Omniboard and Incense read."""
    run = finished.run_entry
    assert (run["_id"], run["format"], run["command"], run["status"]) == (1, "MongoObserver-0.7.0", "main", "COMPLETED")
    assert run["experiment"]["name"] == "shapes"
    assert run["config"]["net"]["units"] == [1, 2]
    assert math.isnan(run["config"]["net"]["a,b"]["@set"])
    assert run["config"]["big"] == str(2**80)
    assert (run["result"], run["captured_out"], run["fail_trace"]) == (0.5, "hello\n", [])
    assert run["info"]["note"] == [1, [2, 3]]
    assert run["start_time"] <= run["heartbeat"] and run["start_time"] < run["stop_time"]
    assert run["start_time"].tzinfo is None
    ((name, md5),) = run["resources"]
    assert name.endswith("data.csv") and len(md5) == 32
    assert "hostname" in run["host"] and isinstance(run["meta"], dict)


def test_documents_of_metrics(finished):
    """Each metric is a document with three columns of the same length; ``info.metrics`` links to it."""
    links = [link for link in finished.run_entry["info"]["metrics"] if not link["name"].startswith("system/")]
    assert sorted(link["name"] for link in links) == ["acc", "loss"]
    for link in links:
        found = finished.metrics.find_one({"_id": bson.ObjectId(link["id"])})
        assert (found["run_id"], found["name"], found["steps"]) == (1, link["name"], [0, 1, 2])
        assert len(found["values"]) == len(found["timestamps"]) == 3
    assert found["timestamps"][0].year >= 2024


def test_files_in_gridfs(finished):
    """Sources and artifacts are in the GridFS, by the ids that the run's document gives, with their names and types."""
    run = finished.run_entry
    ((name, file_id),) = [source for source in run["experiment"]["sources"] if source[0].endswith("test_documents.py")]
    with open(__file__, "rb") as here:
        assert finished.fs.get(file_id).read() == here.read()
    (artifact,) = run["artifacts"]
    file = finished.fs.get(artifact["file_id"])
    assert (artifact["name"], file.read()) == ("figures/plot.png", b"picture")
    found = finished.mongo_store.server.files.find_one({"_id": artifact["file_id"]})
    assert (found["filename"], found["contentType"]) == ("artifact://runs/1/figures/plot.png", "image/png")


def test_queries_of_tools(finished):
    """A query on config, as tools ask it, finds the run."""
    assert finished.runs.count_documents({"config.lr": {"$lt": 0.2}, "status": "COMPLETED"}) == 1
    assert finished.runs.count_documents({"config.net.units": 3}) == 0


def test_indexes(store, database):
    """Indexes are there after the first run, and making them again changes nothing."""
    store.create(sample_record())
    before = database["runs"].index_information()
    assert any(dict(index["key"]) == {"expkit.uid": 1} and index["unique"] for index in before.values())
    other = MongoStore(store.url)
    other.create(sample_record())
    other.close()
    assert database["runs"].index_information() == before
    assert any("run_id" in dict(index["key"]) for index in database["metrics"].index_information().values())


def test_metrics_roll_over(store, database, monkeypatch):
    """Long metrics go on in further documents; what is read back is the same, and told twice is there once."""
    monkeypatch.setattr(parts, "PART", 70)
    run, points = store.create(sample_record()), sample_points(500)
    for start, end in [(0, 60), (60, 90), (90, 400), (30, 300), (400, 500)]:
        store.append(run, StreamKey(), start, points[start:end])
    assert store.read(run, StreamKey()) == points
    found = list(database["metrics"].find().sort("expkit.part", 1))
    assert [len(document["steps"]) for document in found] == [70] * 7 + [10]
    assert [step for document in found for step in document["steps"]] == list(range(500))
    names = [document["name"] for document in found]
    assert names == [f"{names[-1]} (part {number})" for number in range(1, 8)] + [names[-1]]
    assert [link["id"] for link in database["runs"].find_one()["info"]["metrics"]] == [
        str(document["_id"]) for document in database["metrics"].find().sort("expkit.part", 1)
    ]


def test_metrics_of_segments_and_ranks(store, database, monkeypatch):
    """Each document has a name of its own: tools show one for each name, and the plain one is the newest."""
    monkeypatch.setattr(parts, "PART", 3)
    run = store.create(sample_record())
    points = [Point("loss", step, 1.0, 0.0) for step in range(4)]
    for stream in (StreamKey(), StreamKey(segment=1), StreamKey(rank=1), StreamKey(segment=2)):
        store.append(run, stream, 0, points)
    assert {document["name"]: document["steps"] for document in database["metrics"].find()} == {
        "loss (part 1)": [0, 1, 2],
        "loss (segment 0, part 2)": [3],
        "loss (segment 1, part 1)": [0, 1, 2],
        "loss (segment 1, part 2)": [3],
        "loss (rank 1) (part 1)": [0, 1, 2],
        "loss (rank 1)": [3],
        "loss (segment 2, part 1)": [0, 1, 2],
        "loss": [3],
    }
    other = MongoStore(store.url)
    other.append(run, StreamKey(segment=2), 4, points[:1])
    other.append(run, StreamKey(segment=2), 0, points)
    assert database["metrics"].find_one({"name": "loss"})["steps"] == [3, 0]
    other.close()


def test_metrics_catch_up(store, database):
    """What a process could not add to the documents of metrics before it died, the next append adds."""
    run, points, stream = store.create(sample_record()), sample_points(30), StreamKey()
    store.append(run, stream, 0, points[:10])
    before = database["runs"].find_one()
    store.append(run, stream, 10, points[10:20])
    database["runs"].update_one({}, {"$set": {"expkit.ends": before["expkit"]["ends"]}})
    database["metrics"].update_one(
        {}, {"$set": {"steps": [], "values": [], "timestamps": [], "expkit.n": 0, "expkit.end": 10}}
    )
    other = MongoStore(store.url)
    assert other.append(run, stream, 10, points[10:]) == 30
    assert other.read(run, stream) == points
    assert database["metrics"].find_one()["steps"] == list(range(10, 30))
    other.close()


def test_no_document_is_large(store, database):
    """Whatever a run holds, no document comes near 16 MB, and all of it is read back."""
    huge = {f"key {number}": "x" * 1000 for number in range(17_000)}
    record = sample_record(config=huge, info=huge, fail_trace=("line\n" * 1_000_000,))
    run = store.create(record)
    store.save(record.but(status=COMPLETED, info={**huge, "more": 1}))
    text = b"output\n" * 3_000_000
    store.append(run, StreamKey(OUTPUT), 0, text)
    points = [Point("text", 0, os.urandom(4_500_000).hex(), 0.0), *sample_points(60_000, name="loss")]
    points = [point._replace(value=1.0) if point.name == "loss" else point for point in points]
    store.append(run, StreamKey(), 0, points)
    assert largest(database) < LARGEST / 2
    found = store.load(run)
    assert (found.config, found.info["more"], found.fail_trace) == (huge, 1, record.fail_trace)
    assert store.read(run, StreamKey(OUTPUT)) == text
    assert store.read(run, StreamKey()) == points
    assert database["runs"].find_one()["captured_out"].endswith("output\n")
    assert "expkit" in database["runs"].find_one()["config"]


@pytest.mark.parametrize("sizes", [[300], [9, 200_000, 3], [3 << 20], [1, 5 << 19, 7, 1 << 20, 1 << 20]])
def test_long_output(store, database, sizes):
    """Output is read back as it came; once the run has ended, long output is one file of the GridFS, stored once."""
    text = b"".join(b"line %d\n" % number for number in range(600_000))[: sum(sizes)]
    record, stream = sample_record(), StreamKey(OUTPUT)
    run, start = store.create(record), 0
    for size in sizes:
        assert store.append(run, stream, start, text[start : start + size]) == start + size
        start += size
        assert store.read(run, stream) == text[:start]
    assert store.append(run, stream, 0, text) == len(text)
    for _ in range(2):
        store.save(record.but(status=COMPLETED))
    other = MongoStore(store.url)
    assert other.read(run, stream) == other.read(record.uid, stream, 0, len(text)) == text
    assert other.read(run, stream, start // 3, 5) == text[start // 3 : start // 3 + 5]
    assert sum(len(piece["data"]) for piece in database["runs.streams"].find()) == start % 2**20
    shown = database["runs"].find_one()["captured_out"].encode()
    if len(text) > 100_000:
        assert (shown[:20_000], shown[-80_000:]) == (text[:20_000], text[-80_000:])
        name = database["fs.files"].find_one()["filename"]
        assert f"the GridFS has the file {name}]".encode() in shown
        assert GridFS(database).get_last_version(name).read() == text
    else:
        assert shown == text and database["fs.files"].count_documents({}) == 0
    other.append(run, stream, len(text), b"late")
    other.save(record.but(status=COMPLETED))
    assert other.read(run, stream) == text + b"late"
    assert database["runs"].find_one()["captured_out"].endswith("late")
    assert len(text) <= 100_000 or GridFS(database).find_one().read() == text + b"late"
    other.sweep(-3600)
    assert other.read(run, stream) == text + b"late"
    other.delete(run)
    assert [database[name].count_documents({}) for name in ("fs.files", "fs.chunks", "runs.streams")] == [0, 0, 0]
    other.close()


def test_a_save_sends_what_is_new(store, database):
    """A save changes the fields that have changed, not the whole document."""
    record = sample_record(config=AWKWARD)
    store.create(record)
    store.save(record)
    sent = []
    update = type(database["runs"]).update_one

    def spy(self, wanted, change, *more, **named):
        sent.append(change)
        return update(self, wanted, change, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(database["runs"]), "update_one", spy)
        store.save(record.but(info={"epoch": 2}))
        store.save(record.but(info={"epoch": 2}))
    assert [sorted(change.get("$set", {})) for change in sent] == [["expkit.record.info", "info"], []]
    assert store.load(record.uid).info == {"epoch": 2}


def test_ended_runs_are_let_go(store):
    """A process that makes many runs does not remember what it knew of those that have ended."""

    def remembered():
        holders = (store._documents._known, store._metrics._parts, store._metrics._links, store._screens._known)
        return [len(holder) for holder in holders]

    record = sample_record()
    run = store.create(record)
    store.append(run, StreamKey(), 0, sample_points(3))
    store.append(run, StreamKey(OUTPUT), 0, b"text")
    store.save(record)
    assert remembered() == [1, 1, 1, 1]
    store.save(record.but(status=COMPLETED))
    assert remembered() == [0, 0, 0, 0]


def test_long_fields_leave_nothing(store, database):
    """A long field that changes again and again is there once."""
    record = sample_record()
    store.create(record)
    for number in range(4):
        store.save(record.but(info={"text": f"{number}" * 100_000}))
    assert database["fs.files"].count_documents({"filename": {"$regex": "^record://"}}) == 1
    store.save(record.but(info={}))
    assert (database["fs.files"].count_documents({}), database["fs.chunks"].count_documents({})) == (0, 0)
    assert store.load(record.uid).info == {}


def test_bytes_are_kept_once(store, database, tmp_path):
    """The same bytes are stored once, whoever puts them, whatever they are called; what is broken off is swept."""
    data = bytes(range(256)) * 20_000
    (tmp_path / "weights").write_bytes(data)
    for source in (data, tmp_path / "weights", (tmp_path / "weights").open("rb")):
        store.put_blob(source)
        if hasattr(source, "close"):
            source.close()
    assert database["fs.files"].count_documents({}) == 1
    assert database["fs.chunks"].count_documents({}) == math.ceil(len(data) / 2**20)
    assert GridFS(database).find_one().read() == data


def test_sweep_leaves_others_alone(store, database):
    """Files that are none of ours, and those of uploads under way, stay."""
    foreign = GridFS(database).put(b"of another program", filename="mine.txt")
    store.put_blob(b"of nobody")
    half = bson.ObjectId()
    database["fs.chunks"].insert_one({"files_id": half, "n": 0, "data": b"half"})
    assert store.sweep(3600) == 0
    assert database["fs.chunks"].count_documents({"files_id": half}) == 1
    assert store.sweep(-3600) == 1
    assert database["fs.chunks"].count_documents({"files_id": half}) == 0
    assert GridFS(database).get(foreign).read() == b"of another program"


def test_delete_takes_everything(store, database):
    """A deleted run leaves bytes to be swept, and nothing else."""
    run = store.create(sample_record(files=(FileRef(path="f", role="artifact", sha256=store.put_blob(b"f").sha256),)))
    store.append(run, StreamKey(), 0, sample_points(5))
    store.append(run, StreamKey(OUTPUT), 0, b"text")
    store.annotate(run, sample_annotation("x"))
    store.delete(run)
    left = {name: database[name].count_documents({}) for name in database.list_collection_names()}
    assert {name for name, count in left.items() if count} == {"runs.changes", "runs.deleted", "fs.files", "fs.chunks"}
    store.sweep(-60)
    assert database["fs.chunks"].count_documents({}) == 0


def test_many_runs_are_found_with_few_questions(store):
    """Listing asks for batches, not for each run."""
    for number in range(30):
        record = sample_record(config={"lr": number}, status=COMPLETED)
        store.create(record)
        store.annotate(record.uid, sample_annotation(f"tag {number}", "tag"))
    asked = []
    ask = store.server.ask

    def spy(work, *more):
        asked.append(work)
        return ask(work, *more)

    store.server.ask = spy
    rows = list(store.find(columns=["config.lr", "tags"], order=["-config.lr"]))
    assert [row["config.lr"] for row in rows] == list(range(29, -1, -1))
    assert rows[0]["tags"] == ["first", "tag 29"]
    assert len(asked) < 10


def test_text_that_is_no_record(store, database):
    """A document that somebody has damaged is one unreadable run; the others are as ever."""
    bad, good = store.create(sample_record()), store.create(sample_record())
    database["runs"].update_one({"_id": bad}, {"$set": {"expkit.record.config": "{"}})
    rows = {row["id"]: row["state"] for row in store.find(columns=["id", "state"])}
    assert rows[bad] == "UNREADABLE" and rows[good] != "UNREADABLE"


def test_exact_text(store, database):
    """The record's own fields are JSON text that any program can read."""
    store.create(sample_record(config=AWKWARD))
    document = database["runs"].find_one()["expkit"]
    text = document["record"].get("config") or GridFS(database).get(document["long"]["config"]).read()
    assert json.loads(text) == AWKWARD
