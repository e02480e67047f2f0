"""A database that Sacred 0.8.7 wrote (``sacred/`` beside this file) is read, and continued."""

from __future__ import annotations

import json
import math
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tinydb import TinyDB, where

from expkit.errors import StoreError
from expkit.observers import TinyDbObserver, TinyDbReader
from expkit.record.codec import decode
from expkit.record.model import COMPLETED, OUTPUT, StreamKey
from expkit.stores.tinydb.store import TinyDbStore
from expkit.testing.samples import sample_annotation, sample_record

FIRST = "eb0e6ee8cb52473aad189873d8cb5694"


@pytest.fixture
def sacred(tmp_path):
    shutil.copytree(Path(__file__).parent / "sacred", tmp_path / "db")
    return TinyDbStore(tmp_path / "db")


def test_a_completed_run(sacred):
    """Config, info, result, times, output, files and host of a completed run come out as they went in."""
    run = sacred.load(FIRST)
    assert (run.id, run.name, run.command, run.status, run.seed) == (FIRST, "digits", "main", COMPLETED, 42)
    assert (run.config["lr"], run.config["weights"], run.result) == (0.1, [0.5, 1.5], 0.2)
    assert decode(run.info) == {"epochs": 4, "began": datetime(2026, 3, 1, 12, 0)}
    assert run.start_time == datetime(2026, 11, 21, 17, 59, 7, 946896, tzinfo=timezone.utc)
    assert run.stop_time > run.start_time
    assert (run.experiment["dependencies"], run.host["hostname"]) == (["numpy==2.4.6", "sacred==0.8.7"], "lab")
    assert "/home" not in json.dumps(run.experiment)
    assert b"training with 0.1" in sacred.read(FIRST, StreamKey(OUTPUT))
    assert [(ref.role, ref.path, ref.size) for ref in run.files] == [
        ("source", "train.py", 894),
        ("resource", "data.csv", 4),
        ("artifact", "model.txt", 10),
    ]
    with sacred.open_file(run.files[2].md5) as file:
        assert file.read() == b"model 0.1\n"


def test_all_runs(sacred):
    """Runs that failed, that were killed, with ids of choice and with NaN are read, in order."""
    assert [str(key.id)[:8] for key in sacred.ids()] == [FIRST[:8], "8f5eabe5", "77", "baseline", "d470614f"]
    rows = list(sacred.find(columns=["status", "config.seed"]))
    assert [row["status"] for row in rows] == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED", "RUNNING"]
    assert [row["config.seed"] for row in rows] == [42, 1, 2, 3, 4]
    assert math.isnan(decode(sacred.load("77").result))
    assert "ValueError: too fast\n" in sacred.load("8f5eabe5" + sacred.ids()[1].id[8:]).fail_trace


def test_uids_stay(sacred):
    """The uid of a run is found again by every reader, also after somebody has written."""
    before = sacred.ids()
    sacred.create(sample_record())
    assert TinyDbStore(sacred.root).ids()[:5] == before


def test_it_is_continued(sacred):
    """New runs join the database, and go on from its ids; what Sacred wrote stays as it is, to the last value."""
    before = json.loads((sacred.root / "metadata.json").read_text())["runs"]
    records = [sample_record() for _ in range(2)]
    assert [sacred.create(record) for record in records] == [78, 79]
    sacred.save(records[0].but(status=COMPLETED))
    after = json.loads((sacred.root / "metadata.json").read_text())["runs"]
    assert repr({key: after[key] for key in before}) == repr(before)
    assert list(after) == [*before, "6", "7"]
    with TinyDB(sacred.root / "metadata.json") as db:
        assert len(db.table("runs").search(where("experiment").name == "digits")) == 5


@pytest.mark.parametrize("given", [[0, 2], ["0", 2], ["2", "baseline", FIRST]], ids=str)
def test_ids_that_another_observer_of_sacreds_gave(sacred, given):
    """Numbers that Sacred's runs have, as numbers or as text, are followed, also once their runs are deleted."""
    path = sacred.root / "metadata.json"
    runs = json.loads(path.read_text())["runs"].values()
    path.write_text(
        json.dumps({"runs": {str(at): {**run, "_id": id} for at, (id, run) in enumerate(zip(given, runs), 1)}})
    )
    assert sacred.create(sample_record()) == 3
    sacred.delete(3)
    sacred.delete("2")
    assert sacred.create(sample_record()) == 4


def test_sacreds_runs_are_not_changed(sacred):
    """Nobody writes into a run of Sacred's; later facts about it are kept beside it."""
    run = sacred.load(FIRST)
    for use in (
        lambda: sacred.save(run),
        lambda: sacred.set_status(FIRST, COMPLETED, "FAILED"),
        lambda: sacred.append(FIRST, StreamKey(OUTPUT), 0, b"x"),
    ):
        with pytest.raises(StoreError, match="recorded by Sacred"):
            use()
    sacred.annotate(FIRST, sample_annotation("good", "tag"))
    assert [row["tags"] for row in sacred.find(columns=["tags"])][0] == ["good"]
    sacred.delete(FIRST)
    assert len(sacred.ids()) == 4


def test_the_reader_shows_both(sacred, experiment):
    """Runs of Sacred's and of ours are found by the same queries, with their files."""
    experiment.observers.append(TinyDbObserver(sacred.root))
    experiment.run()
    reader = TinyDbReader(sacred.root)
    assert [run["config"]["seed"] for run in reader.fetch_metadata(exp_name="digits")] == [42, 1, 2, 3, 4]
    assert [run["_id"] for run in reader.search(where("config").a == 1)] == [78]
    (files,) = reader.fetch_files(indices=0)
    assert files["date"] == datetime(2026, 11, 21, 17, 59, 7, 946896)
    assert files["artifacts"]["model.txt"].read() == b"model 0.1\n"
    assert files["resources"]["data.csv"].read(2) == b"1,"
    assert reader.fetch_report(indices=4)[0].count("not ended") == 1


def test_texts_that_look_like_marks(sacred):
    """A text of the user's that begins like one of Sacred's marks, and is none, stays what it is."""
    path = sacred.root / "metadata.json"
    path.write_text(
        path.read_text().replace('"epochs": 4', '"odd": ["{TinyDate}:today", "{TinyArray}:[1", "{Tiny}:1"]')
    )
    assert sacred.load(FIRST).info["odd"] == ["{TinyDate}:today", "{TinyArray}:[1", "{Tiny}:1"]
