"""What Sacred itself recorded, in this test: shown by our stores, continued, and copied into ours without loss."""

import json
import math
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from functools import lru_cache

import pytest

from expkit.errors import BlobNotFoundError, StoreError
from expkit.record.codec import decode
from expkit.record.model import COMPLETED, OUTPUT, StreamKey
from expkit.record.uid import new_uid
from expkit.record.wire import record_to_json
from expkit.stores import copy, open_store
from expkit.stores.copying.run import COPIED, UNCHANGED, UPDATED
from expkit.stores.memory import MemoryStore
from expkit.stores.sacred import uid_of_run
from expkit.testing.samples import sample_annotation, sample_record

from ..servers import mongo
from . import recorded

PLACES = ("folder", "tinydb", "mongodb", "sql")
MODEL = bytes(range(256)) * 20


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Gives a new URL of what Sacred recorded into a place; every call records anew."""

    def get(place):
        folder = tmp_path_factory.mktemp("sacred") / "lab"
        server = f"mongodb://{mongo.shared(tmp_path_factory)}" if place == "mongodb" else ""
        database = f"sacred{new_uid()}"  # the server is that of all processes that test
        recorded.record(folder, server, database, place)
        return urls_in(folder, f"{server}/{database}")[place]

    return get


def urls_in(folder, database):
    places = (f"{folder}/folder", f"tinydb:{folder}/tiny", database, f"sqlite:///{folder}/sql.db")
    return dict(zip(PLACES, places, strict=True))


@pytest.fixture(scope="module")
def read_only(theirs):
    """The same, recorded once for all tests that only read."""
    return lru_cache(theirs)


def runs_of(store):
    return [store.load(key.uid) for key in store.ids()]


@pytest.mark.parametrize("place", PLACES)
def test_records(read_only, place):
    """Config, info, result, times, host, meta, output, metrics and traceback come out as they went in."""
    store = open_store(read_only(place))
    completed, failed, killed = runs_of(store)
    assert [run.status for run in (completed, failed, killed)] == ["COMPLETED", "FAILED", "RUNNING"]
    assert (completed.name, completed.command, completed.seed, completed.result) == ("digits", "main", 42, 0.75)
    assert completed.config == {
        "lr": 0.1,
        "layers": [{"units": 64}, {"units": 10}],
        "shape": [3, 4],
        "how": "completed",
        "seed": 42,
    }
    info = decode(completed.info)
    assert info.pop("epochs") == 4
    assert info.pop("weights")["a.b"][0] == 1.5
    assert info == {}
    assert timedelta(0) < completed.stop_time - completed.start_time < timedelta(minutes=2)
    assert completed.heartbeat is not None
    assert "sacred==0.8.7" in completed.experiment["dependencies"]
    assert completed.host["hostname"]
    assert completed.host["os"][0]
    assert "comment" in completed.meta or completed.meta["config_updates"] == {"how": "completed", "seed": 42}
    assert failed.fail_trace[0] == "Traceback (most recent call last):\n"
    assert failed.fail_trace[-1] == "ValueError: no data\n"
    assert store.read(completed.uid, StreamKey(OUTPUT)).decode() == "training with 0.1 ключ\n"
    assert "/lab" not in json.dumps(record_to_json(completed)["experiment"])
    assert [row["state"] for row in store.find(columns=["state"])][:2] == ["COMPLETED", "FAILED"]


def test_one_uid(tmp_path_factory):
    """What Sacred told to several observers at once is one run under one uid, whichever of them it is copied from."""
    folder, server = tmp_path_factory.mktemp("sacred") / "lab", f"mongodb://{mongo.shared(tmp_path_factory)}"
    recorded.record(folder, server, "sacred_at_once", *PLACES)
    stores = [open_store(url) for url in urls_in(folder, f"{server}/sacred_at_once").values()]
    uids = [[key.uid for key in store.ids()] for store in stores]
    assert uids == [uids[0]] * len(PLACES)
    assert len(set(uids[0])) == 3
    dst = MemoryStore()
    for store in stores:
        assert copy(store, dst).problems == ()
        store.close()
    assert [key.uid for key in dst.ids()] == uids[0]


def test_a_uid_is_made_of_what_all_places_keep():
    """Ids count as texts, times to the millisecond, and what nobody said is nothing, wherever it was not said."""
    start = datetime(2020, 1, 2, 3, 4, 5, 678_999, timezone.utc)
    uid = uid_of_run(7, start, {"name": "digits"}, {"hostname": "h"}, None)
    assert uid == uid_of_run("7", start.replace(microsecond=678_000), {"name": "digits"}, {"hostname": "h"}, "")
    others = [
        (8, start, {"name": "digits"}),
        (7, start + timedelta(milliseconds=1), {"name": "digits"}),
        (7, start, {}),
    ]
    assert len({uid, *(uid_of_run(*other, {"hostname": "h"}, "") for other in others)}) == 4
    assert len({len(uid), len(uid_of_run(7, None, None, None, None)), 32}) == 1


def test_remarks_go_with_their_run(theirs):
    """A database gives the number of a deleted row again; what was said about that run is said of no other."""
    url = theirs("sql")
    store = open_store(url)
    last = store.ids()[-1]
    store.annotate(last.uid, sample_annotation("bad", "tag"))
    path = url.partition("sqlite:///")[2]
    with closing(sqlite3.connect(path)) as database:
        (number,) = database.execute("SELECT max(id) FROM run").fetchone()
        database.execute("UPDATE run SET run_id = '77' WHERE id = ?", [number])  # as if it had been given again
        database.commit()
    again = open_store(url)
    assert again.annotations("77") == []
    again.annotate("77", sample_annotation("new", "tag"))
    again.delete("77")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT value FROM expkit_annotations").fetchall() == [('"bad"',)]


@pytest.mark.parametrize("place", ["folder", "mongodb"])
def test_metrics(read_only, place):
    """Metrics are points, with their steps, times and odd values; links to them are no part of info."""
    store = open_store(read_only(place))
    for run in runs_of(store):
        points = store.read(run.uid, StreamKey())
        assert [(point.step, point.value) for point in points if point.name == "loss"] == [
            (n, 1 / (n + 1)) for n in range(5)
        ]
        odd = [point.value for point in points if point.name == "acc"]
        assert (math.isnan(odd[1]), odd[2:]) == (True, [0.4, 0.6, 0.8])
        assert all(abs(point.time - run.start_time.timestamp()) < 120 for point in points)
        assert points[3:5] == store.read(run.uid, StreamKey(), 3, 2)
        assert "metrics" not in run.info


@pytest.mark.parametrize("target", ["memory", "folder", "mongodb", "sqlite"])
@pytest.mark.parametrize("place", PLACES)
def test_copied(read_only, url, place, target):
    """A copy in a store of ours has all of it, files by sha256, under the same ids; a second copy writes nothing."""
    src, dst = open_store(read_only(place)), open_store(url(target))
    report = copy(src, dst)
    assert (report.problems, [run.what for run in report.runs]) == ((), [COPIED] * 3)
    assert [str(run.id) for run in report.runs] == [str(run.source_id) for run in report.runs]
    for key in src.ids():
        here, there = src.load(key.uid), dst.load(key.uid)
        cause = there.cause if there.status == "RUNNING" else ""
        assert there == here.but(id=there.id, files=there.files, cause=cause)
        assert [(ref.role, ref.path) for ref in there.files] == [(ref.role, ref.path) for ref in here.files]
        for stream in (StreamKey(), StreamKey(OUTPUT)):
            assert repr(dst.read(key.uid, stream)) == repr(src.read(key.uid, stream))
        check_files(dst, there)
    done = dst.changes()
    assert [run.what for run in copy(src, dst).runs] == [UNCHANGED] * 3
    assert dst.changes() == done
    assert all(run.what == UNCHANGED for run in copy(dst, src).runs)
    dst.close()


def check_files(store, run):
    kept = {ref.role: ref for ref in run.files if ref.kept}
    with store.open_blob(kept["artifact"].sha256) as file:
        assert file.read() == MODEL
    with store.open_blob(kept["source"].sha256) as file:
        assert file.read().decode() == recorded.SCRIPT
    if "resource" in kept:
        with store.open_blob(kept["resource"].sha256) as file:
            assert file.read() == b"1,2\n"


def test_what_mongodb_keeps_beside(read_only):
    """What was said about artifacts is kept; a resource of which Sacred kept only the name and the hash says so."""
    store = open_store(read_only("mongodb"))
    source, resource, artifact = runs_of(store)[0].files
    assert (artifact.metadata, artifact.content_type, artifact.size) == (
        {"epoch": 4},
        "application/x-model",
        len(MODEL),
    )
    assert (resource.kept, len(resource.md5), resource.path) == (False, 32, "data.csv")
    with pytest.raises(BlobNotFoundError):
        store.open_foreign(runs_of(store)[0].uid, resource)


@pytest.mark.parametrize("place", PLACES)
def test_continued(theirs, place):
    """New runs join what Sacred began, under ids that follow its own; its runs are listed before them, and stay as they are."""
    store = open_store(theirs(place))
    before, keys = runs_of(store), store.ids()
    numbers = [int(key.id) for key in keys if str(key.id).isdigit()]
    records = [sample_record(files=(), status=COMPLETED) for _ in range(2)]
    ids = [int(store.create(record)) for record in records]
    assert ids == [max(numbers, default=0) + 1, max(numbers, default=0) + 2]
    again = open_store(store.url)
    assert again.ids()[:3] == keys
    assert [key.uid for key in again.ids()[3:]] == [record.uid for record in records]
    assert runs_of(again)[:3] == before
    assert again.load(keys[1].id) == before[1]
    assert [row["uid"] for row in again.find()] == [key.uid for key in again.ids()]


@pytest.mark.parametrize("place", PLACES)
def test_only_read(theirs, place):
    """Sacred's runs are not changed by us, but for later facts beside them, and for being deleted."""
    store = open_store(theirs(place))
    run = runs_of(store)[0]
    for change in (
        lambda: store.save(run.but(result=1)),
        lambda: store.set_status(run.uid, COMPLETED, "FAILED"),
        lambda: store.append(run.uid, StreamKey(OUTPUT), 0, b"x"),
    ):
        with pytest.raises(StoreError, match="recorded by Sacred"):
            change()
    assert str(store.create(run)) == str(run.id)
    assert store.lease(run.uid) is None
    store.annotate(run.id, sample_annotation("good", "tag"))
    assert [note.value for note in open_store(store.url).annotations(run.uid)] == ["good"]
    assert [row["tags"] for row in store.find(columns=["tags"])] == [["good"], [], []]
    store.delete(run.uid)
    assert len(open_store(store.url).ids()) == 2


@pytest.mark.parametrize("place", ["folder", "tinydb"])
def test_damaged_files(theirs, place):
    """A file that is not what Sacred kept is named among the gaps, and not copied."""
    store = open_store(theirs(place))
    (source,) = [
        path for path in store.root.rglob("*") if path.is_file() and path.read_bytes().startswith(b"\nimport os")
    ]
    source.chmod(0o644)
    source.write_text("import os  # another one")
    dst = MemoryStore()
    problems = copy(store, dst).problems
    assert len(problems) == 3
    assert all(
        "source 'train.py' was not copied: its bytes are not those that were recorded" in said for said in problems
    )
    assert [ref.kept for ref in runs_of(dst)[0].files] == [False, True, True]


def test_records_cannot_lead_elsewhere(theirs, tmp_path):
    """A record of Sacred's that names files outside of its folder does not make us copy them."""
    store = open_store(theirs("folder"))
    (tmp_path / "secret").write_text("secret")
    path = store.root / str(store.ids()[0].id) / "run.json"
    tree = json.loads(path.read_text())
    tree["artifacts"] = [f"../../../../../../../../..{tmp_path}/secret"]
    tree["experiment"]["sources"] = [["secret", f"../../../../../../../../..{tmp_path}/secret"]]
    path.write_text(json.dumps(tree))
    dst = MemoryStore()
    copy(store, dst, store.ids()[0].id)
    assert b"secret" not in [data for data, _ in dst._blobs.values()]
    assert [ref.kept for ref in runs_of(dst)[0].files] == [False, True, False]


def test_jsonpickle_stays_data(theirs):
    """What jsonpickle wrote about objects is copied as it is, and never decoded."""
    store = open_store(theirs("folder"))
    path = store.root / str(store.ids()[0].id) / "config.json"
    evil = {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["touch /tmp/evil"]}], "py/object": "os.Popen"}
    path.write_text(json.dumps({"evil": evil}))
    dst = MemoryStore()
    copy(store, dst, store.ids()[0].id)
    assert runs_of(dst)[0].config == {"evil": evil}


def test_runs_in_progress(theirs):
    """A run of Sacred's that went on when it was copied is completed by a later copy."""
    store, dst = open_store(theirs("folder")), MemoryStore()
    key = store.ids()[2]
    folder = store.root / str(key.id)
    copy(store, dst)
    assert dst.load(key.uid).status == "RUNNING"
    tree = json.loads((folder / "run.json").read_text())
    tree |= {"status": "COMPLETED", "stop_time": tree["heartbeat"], "result": 7}
    (folder / "run.json").write_text(json.dumps(tree))
    (folder / "model.bin").write_bytes(b"the last one")
    with (folder / "cout.txt").open("a") as file:
        file.write("done\n")
    report = copy(store, dst)
    assert [run.what for run in report.runs] == [UNCHANGED, UNCHANGED, UPDATED]
    run = dst.load(key.uid)
    assert (run.status, run.result, run.cause) == ("COMPLETED", 7, "")
    assert dst.read(key.uid, StreamKey(OUTPUT)).endswith(b"\ndone\n")
    with dst.open_blob(run.files_of("artifact")[0].sha256) as file:
        assert file.read() == b"the last one"
