"""Folders that Sacred 0.8.7 wrote (``sacred/`` beside this file) are read, and continued."""

from __future__ import annotations

import json
import math
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest

from expkit.errors import StoreError
from expkit.record.codec import blobs_of
from expkit.record.model import OUTPUT, Annotation, StreamKey
from expkit.stores.folder.store import FolderStore

MD5 = "c8186098b9667501e76fded368cc999c"


@pytest.fixture
def sacred(root):
    shutil.copytree(Path(__file__).parent / "sacred", root)
    return FolderStore(root)


def test_a_completed_run(sacred):
    """Config, info, result, times, files and host of a completed run come out as they went in."""
    run = sacred.load("1")
    assert (run.id, run.name, run.command, run.status) == ("1", "digits", "main", "COMPLETED")
    assert (run.seed, run.result, run.info) == (42, 0.75, {"epochs": 4})
    assert run.start_time == datetime(2026, 11, 21, 12, 44, 23, 621906, tzinfo=timezone.utc)
    assert run.stop_time > run.start_time
    assert run.experiment["dependencies"] == ["numpy==2.4.6", "sacred==0.8.7"]
    assert (run.experiment["base_dir"], run.host["hostname"]) == ("lab", "lab")
    assert run.meta["config_updates"] == {"seed": 42}
    assert [(ref.role, ref.path, ref.md5[:8], ref.size) for ref in run.files] == [
        ("source", "train.py", MD5[:8], 877),
        ("resource", "data.csv", "3ecfad75", 4),
        ("artifact", "model.txt", "", 7),
    ]


def test_values_stay_data(sacred):
    """What jsonpickle encoded is not decoded, NaN is spelled as everywhere, and all of it is strict JSON."""
    config = sacred.load("1").config
    assert config["weights"] == {"dtype": "int64", "py/object": "numpy.ndarray", "values": [0, 1, 2]}
    assert config["sizes"]["test"] == {"!expkit": "float", "value": "nan"}
    assert json.loads(json.dumps(config, allow_nan=False)) == config
    assert blobs_of(config) == set()


def test_a_failed_run(sacred):
    """The traceback of a failed run is there."""
    run = sacred.load("2")
    assert (run.status, run.command, run.fail_trace[-1]) == ("FAILED", "broken", "ValueError: no data\n")


def test_a_queued_run(sacred):
    """A queued run has its sources, and no times that nobody can read without running code."""
    run = sacred.load("3")
    assert (run.status, run.start_time, run.queue_time) == ("QUEUED", None, None)
    assert [(ref.path, ref.md5, ref.size) for ref in run.files] == [("train.py", MD5, 877)]


def test_metrics_and_output_are_streams(sacred):
    """metrics.json and cout.txt are read as the streams of segment 0 and rank 0, from any offset."""
    points = sacred.read("1", StreamKey())
    assert [(point.name, point.step) for point in points][:4] == [("loss", 0), ("acc", 0), ("loss", 10), ("acc", 1)]
    assert [point.value for point in points if point.name == "loss"] == [1.0, 0.5, 1 / 3, 0.25]
    assert math.isnan(points[1].value)
    assert points[0].time == datetime(2026, 11, 21, 12, 44, 23, 625927, tzinfo=timezone.utc).timestamp()
    assert sacred.read("1", StreamKey(), 6, 1) == points[6:7]
    assert sacred.read("1", StreamKey(rank=1)) == []
    assert sacred.read("1", StreamKey(OUTPUT)).endswith(b"training\n")
    assert sacred.streams("1") == {StreamKey(): 8, StreamKey(OUTPUT): 88}
    assert sacred.streams("3") == {}


def test_a_folder_is_continued(sacred, new_record):
    """Ids go on, Sacred's runs stay as they are, and both kinds are listed, found and loaded together."""
    before = {path: path.read_bytes() for path in sacred.root.rglob("*") if path.is_file()}
    uids = [key.uid for key in sacred.ids()]
    record = new_record()
    assert sacred.create(record) == "4"
    assert {path: path.read_bytes() for path in before} == before
    assert [key.id for key in sacred.ids()] == ["1", "2", "3", "4"]
    assert [key.uid for key in FolderStore(sacred.root).ids()] == [*uids, record.uid]
    assert sacred.load(uids[1]).id == "2"
    assert [row["_id"] for row in sacred.find()] == ["1", "2", "3", "4"]
    assert sacred.lease("1") is None


def test_sacreds_runs_are_only_read(sacred):
    """Whoever would change a run of Sacred's is told that it can only be read; later facts may be added."""
    record = sacred.load("1")
    for change in (
        lambda: sacred.save(record),
        lambda: sacred.set_status("1", "COMPLETED", "RUNNING"),
        lambda: sacred.append("1", StreamKey(OUTPUT), 88, b"x"),
        lambda: sacred.open_log("1"),
    ):
        with pytest.raises(StoreError, match="Sacred"):
            change()
    note = Annotation(action="note", value="good", author="ada", time=record.stop_time)
    sacred.annotate("1", note)
    assert FolderStore(sacred.root).annotations(record.uid) == [note]


def test_nothing_of_sacreds_is_swept(sacred):
    """A sweep leaves everything that Sacred's runs name."""
    before = {path for path in sacred.root.rglob("*") if path.is_file()}
    assert sacred.sweep(grace=-10) == 0
    assert before <= set(sacred.root.rglob("*"))


def test_half_written_files(sacred):
    """Sacred rewrites files in place: what is cut off in the middle counts as not there, and the run stays readable."""
    (sacred.root / "1" / "metrics.json").write_text('{"loss": {"steps": [0')
    (sacred.root / "1" / "config.json").write_text("[1]")
    assert sacred.read("1", StreamKey()) == []
    assert sacred.load("1").config == {}
    (sacred.root / "2" / "run.json").write_text('{"artifacts": [')
    assert [key.id for key in FolderStore(sacred.root).ids()] == ["1", "3"]
