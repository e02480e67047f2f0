"""What lies in a bucket: the folder store's layout, pieces while a run lasts, bytes once; and what is fetched of it."""

from __future__ import annotations

import io
import json
import os
from datetime import datetime, timezone

import pytest

from expkit import Experiment, open_store
from expkit.record.model import COMPLETED, OUTPUT, StreamKey
from expkit.stores import copy
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.stores.remote import layout
from expkit.stores.remote.drivers import modified_of
from expkit.stores.remote.media import Media
from expkit.stores.remote.store import RemoteStore
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT

from ..sync.conftest import seen


@pytest.fixture
def asked(monkeypatch):
    """Names of objects that are fetched, from here on."""
    names = []
    get = Media.get
    monkeypatch.setattr(Media, "get", lambda self, name, *span: names.append(name) or get(self, name, *span))
    return names


def download(store, folder):
    """Copy a bucket into a folder, as programs do that know nothing of runs."""
    for item in store.media.items(""):
        path = folder / item.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.media.get(item.name))


def recorded(url, folder, monkeypatch):
    """A run with everything in it."""
    monkeypatch.chdir(folder)
    (folder / "result.txt").write_text("a result")
    ex = Experiment("whole", interactive=True, observers=[url])

    @ex.main
    def main(_run):
        for step in range(500):
            _run.log_scalar("loss", 1 / (step + 1), step)
            _run.log_scalar("räume", step)
        print("hello")
        _run.add_artifact("result.txt", "sub/result.txt")
        _run.info["a.b$"] = [float("nan"), 2**80]
        return 3

    return ex.run()


def test_a_copy_is_a_folder(store, tmp_path, monkeypatch):
    """A bucket that was downloaded is opened by the folder store, which finds the same; it can be gone on with."""
    run = recorded(store.url, tmp_path, monkeypatch)
    download(store, tmp_path / "copy")
    copy = FolderStore(tmp_path / "copy")
    uid = run.uid
    assert json.dumps(seen(copy, uid)[0]) == json.dumps(seen(store, uid)[0])
    assert seen(copy, uid)[1:] == seen(store, uid)[1:]
    assert (tmp_path / "copy" / "1" / "cout.txt").read_text() == "hello\n"
    metrics = json.loads((tmp_path / "copy" / "1" / "metrics.json").read_text())
    assert metrics["räume"]["values"] == list(range(500))
    assert [key.id for key in copy.ids()] == ["1"]
    assert copy.create(sample_record()) == "2"
    assert [change.what for change in copy.changes()[0]][-1] == "created"


def test_a_folder_that_was_uploaded(store, tmp_path, monkeypatch):
    """A folder of runs that was copied into a bucket is a store, and its ids are not given again."""
    run = recorded(f"folder:{tmp_path}/runs", tmp_path, monkeypatch)
    store.create(sample_record())
    store.delete("1")
    for path in (tmp_path / "runs").rglob("*"):
        if path.is_file():
            store.media.put(path.relative_to(tmp_path / "runs").as_posix(), path.read_bytes())
    there, here = RemoteStore(store.url), open_store(tmp_path / "runs")
    assert [key.uid for key in there.ids()] == [run.uid]
    assert json.dumps(seen(there, run.uid)[0]) == json.dumps(seen(here, run.uid)[0])
    assert seen(there, run.uid)[1] == seen(here, run.uid)[1]
    assert there.create(sample_record()) == "2"
    there.close()


def test_pieces_are_joined(store):
    """Appended data lies in pieces, of which there are few; when the run ends they are joined."""
    record = sample_record()
    run = store.create(record)
    for start in range(100):
        store.append(run, LOSS, start, sample_points(1, start))
        store.append(run, TEXT, start * 3, b"abc")
    names = [item.name for item in store.media.items(layout.STREAMS)]
    assert 2 < len(names) < 80
    assert store.streams(run) == {LOSS: 100, TEXT: 300}
    before = store.read(run, LOSS), store.read(run, TEXT)
    assert before == (sample_points(100), b"abc" * 100)
    store.save(record.but(stop_time=record.start_time))
    assert len(store.media.items(layout.STREAMS)) == 2
    assert (store.read(run, LOSS), store.read(run, TEXT)) == before
    assert store.read(run, LOSS, 40, 5) == before[0][40:45]
    assert store.media.get(f"{run}/cout.txt") == before[1]
    store.append(run, TEXT, 300, b"late")
    store.save(record.but(stop_time=record.start_time))
    assert RemoteStore(store.url).read(run, TEXT) == store.media.get(f"{run}/cout.txt") == before[1] + b"late"


def test_two_writers_of_one_stream(store):
    """Pieces of two that wrote the same, cut differently, make one stream; late ones of a slow server do no harm."""
    record = sample_record()
    run = store.create(record)
    other = RemoteStore(store.url)
    points = sample_points(30)
    for each, step in ((store, 7), (other, 10)):
        each.append(run, LOSS, 0, points[:1])
        for start in range(0, 30, step):
            each._streams._written[record.uid, LOSS].end = start
            each.append(run, LOSS, start, points[start : start + step])
    assert RemoteStore(store.url).read(run, LOSS) == points
    store.save(record.but(stop_time=record.start_time))
    assert RemoteStore(store.url).read(run, LOSS) == points
    other.close()


def test_only_what_is_needed(store, asked):
    """Listing fetches a record each and no streams; a part of a stream fetches the pieces that hold it; ends fetch nothing."""
    ids = [store.create(sample_record(status=COMPLETED)) for _ in range(5)]
    for start in range(5):
        store.append(ids[0], TEXT, start * 2_000_000, b"x" * 2_000_000)
    reader = RemoteStore(store.url)
    asked.clear()
    list(reader.find(columns=["id", "status", "config.lr"]))
    fetched = [name for name in asked if name.endswith("run.json")]
    assert len(fetched) == 5 and not any(layout.STREAMS in name for name in asked)
    asked.clear()
    assert reader.streams(ids[0]) == {StreamKey(OUTPUT): 10_000_000}
    assert asked == []
    assert reader.read(ids[0], TEXT, 4_000_000, 10) == b"x" * 10
    assert len(asked) == 1
    reader.close()


def test_bytes_once(store, tmp_path, monkeypatch):
    """Bytes are sent once, whoever brings them, and large ones in constant memory, part by part."""
    sent = []
    upload, put = Media.upload, Media.put
    monkeypatch.setattr(Media, "upload", lambda self, name, parts: sent.append(name) or upload(self, name, parts))
    monkeypatch.setattr(Media, "put", lambda self, name, data: sent.append(name) or put(self, name, data))
    path = tmp_path / "large"
    path.write_bytes(os.urandom(20 << 20))
    first = store.put_blob(path)
    with path.open("rb") as file:
        assert RemoteStore(store.url).put_blob(file) == first
    assert store.put_blob(io.BytesIO(path.read_bytes())) == first
    assert [name for name in sent if name.startswith(layout.BLOBS)] == [layout.blob(first.sha256)]
    with store.open_blob(first.sha256) as file:
        file.seek(15 << 20)
        assert file.read(100) == path.read_bytes()[15 << 20 : (15 << 20) + 100]
    assert store.media.size(layout.blob(first.sha256)) == 20 << 20


def test_the_predecessors_runs(store):
    """Runs that Sacred's own observer put into the bucket are read, never changed, and their ids are not given again."""
    store.create(sample_record())
    tree = {"experiment": {"name": "old"}, "command": "main", "status": "COMPLETED", "host": {"hostname": "h"}}
    tree |= {"start_time": "2020-01-01T00:00:00", "stop_time": "2020-01-01T01:00:00", "result": 4}
    metrics = {"loss": {"steps": [0, 1], "values": [1.0, 0.5], "timestamps": ["2020-01-01T00:00:01"] * 2}}
    for name, value in (("run", tree), ("config", {"seed": 5, "lr": 0.1}), ("metrics", metrics)):
        store.media.put(f"2/{name}.json", json.dumps(value).encode())
    store.media.put("2/cout.txt", b"old output")
    there = RemoteStore(store.url)
    record = there.load(2)
    assert (record.name, record.config["lr"], record.seed, record.result) == ("old", 0.1, 5, 4)
    assert [key.id for key in there.ids()] == ["2", "1"]
    assert there.read(2, TEXT) == b"old output"
    assert [point.value for point in there.read(2, LOSS)] == [1.0, 0.5]
    assert there.create(sample_record()) == "3"
    there.close()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("20261122024713", datetime(2026, 11, 22, 2, 47, 13, tzinfo=timezone.utc)),
        ("20261122024713.250", datetime(2026, 11, 22, 2, 47, 13, tzinfo=timezone.utc)),
        ("2026-11-22T02:47:13Z", datetime(2026, 11, 22, 2, 47, 13, tzinfo=timezone.utc)),
        ("Nov 22 02:47", None),
        ("Nov 22 2025", None),
    ],
)
def test_times_of_listings(said, meant):
    """A time that leaves out the year or the hour is none, so that nothing is taken for older than it is."""
    assert modified_of({"modify": said}) == meant


def test_many_runs_are_brought_without_listing_all_each_time(url, monkeypatch):
    """What a copy costs for each run does not grow with the runs that are there: they are listed once, not for each."""
    source, listed, items = MemoryStore(), [], Media.items
    for _ in range(6):
        source.create(sample_record(files=()))
    monkeypatch.setattr(Media, "items", lambda self, folder: listed.append(folder) or items(self, folder))
    assert copy(source, url).problems == ()
    assert listed.count(layout.RUNS) == 1
