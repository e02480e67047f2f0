"""``TinyDbReader``: the predecessor's questions, and its answers."""

from __future__ import annotations

import datetime
import shutil

import numpy as np
import pytest
from tinydb import Query, where

from expkit import Experiment
from expkit.errors import StoreError
from expkit.observers import TinyDbObserver, TinyDbReader


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A folder with the database of three runs, of which the last one failed."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPKIT_STATE", str(folder / "state"))
        patch.chdir(folder)
        _record()
    return folder / "db"


@pytest.fixture
def reader(recorded, tmp_path, monkeypatch):
    """A reader of a copy of it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(recorded, "db")
    return TinyDbReader("db")


def _record():
    for number, name in enumerate(["first", "second", "second try"]):
        experiment = Experiment(name, interactive=True, observers=[TinyDbObserver("db")])
        experiment.add_config(number=number, when=datetime.datetime(2026, 1, 1), array=np.arange(3), keys={"a.b": 1})
        experiment.main(_main)
        try:
            experiment.run()
        except ZeroDivisionError:
            assert number == 2


def _main(_run, number):
    print("number", number)
    with open("note.txt", "w") as file:
        file.write(f"note {number}")
    _run.add_artifact("note.txt")
    _run.add_resource("note.txt")
    _run.info["scale"] = np.float32(0.5)
    return 1 / (2 - number)


def ids(runs):
    return [run["_id"] for run in runs]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"indices": 0}, [1]),
        ({"indices": -1}, [3]),
        ({"indices": [2, 0, -2]}, [3, 1, 2]),
        ({"indices": (1,)}, [2]),
        ({"exp_name": "second"}, [2, 3]),
        ({"exp_name": "^first$"}, [1]),
        ({"exp_name": "third"}, []),
        ({"query": Query().config.number > 0}, [2, 3]),
        ({"query": where("start_time") > datetime.datetime(2026, 1, 1)}, [1, 2, 3]),
        ({"exp_name": "second", "query": Query().status == "COMPLETED"}, [2]),
        ({"exp_name": "second", "indices": [0, 1]}, [2]),
    ],
)
def test_which_runs(reader, query, found):
    """Runs are found by place, by a part of the experiment's name, by a query, or by all of these."""
    assert ids(reader.fetch_metadata(**query)) == found
    assert [files["exp_id"] for files in reader.fetch_files(**query)] == found
    assert [int(report.split("ID: ")[1].split()[0]) for report in reader.fetch_report(**query)] == found


@pytest.mark.parametrize("query", [{}, {"indices": 3}, {"indices": -4}, {"indices": [0, 99]}])
@pytest.mark.parametrize("method", ["fetch_metadata", "fetch_files", "fetch_report"])
def test_bad_questions(reader, method, query):
    """No condition, and a place where no run is, are an error."""
    with pytest.raises(ValueError, match="run"):
        getattr(reader, method)(**query)


def test_what_is_no_query(reader):
    """What cannot be asked is an error that shows what can."""
    with pytest.raises(TypeError, match="where"):
        reader.search("config.lr < 1")


def test_search(reader):
    """Queries of TinyDB; a run that lacks a value, or has none that compares, does not match."""
    assert ids(reader.search(where("result") > 0.6)) == [2]
    assert ids(reader.search(where("config")["keys"]["a.b"] == 1)) == [1, 2, 3]
    assert ids(reader.search(cond=where("config").nothing.exists())) == []


def test_documents(reader):
    """Values are natural, times are naive UTC, and the run's own output and trace are there."""
    first, last = reader.fetch_metadata(indices=[0, 2])
    assert first["config"]["when"] == datetime.datetime(2026, 1, 1)
    assert first["config"]["array"].tolist() == [0, 1, 2]
    assert (first["info"], first["result"], first["captured_out"]) == ({"scale": 0.5}, 0.5, "number 0\n")
    assert first["start_time"].tzinfo is None
    assert first["start_time"] <= first["stop_time"]
    assert (last["status"], last["result"], last["fail_trace"][-1]) == (
        "FAILED",
        None,
        "ZeroDivisionError: division by zero\n",
    )


def test_files(reader):
    """Files are open for reading, and of one that is asked for twice each is read from its beginning."""
    for number, files in enumerate(reader.fetch_files(exp_name=".")):
        assert files["artifacts"]["note.txt"].read() == f"note {number}".encode()
        with files["resources"]["note.txt"] as file:
            assert (file.read(4), file.tell(), file.read(), file.read()) == (b"note", 4, f" {number}".encode(), b"")
        with pytest.raises(ValueError, match="closed"):
            file.read()
    (_, _, digest, _) = reader.fetch_metadata(indices=0)[0]["artifacts"][0]
    with reader.fs.open(digest) as file:
        assert (reader.fs.exists(digest), file.seek(5), file.read()) == (True, 5, b"0")
    assert not reader.fs.exists("0" * 64)
    with pytest.raises(OSError, match="0000"):
        reader.fs.open("0" * 32)


def test_report(reader):
    """A report is a page of text."""
    report = reader.fetch_report(indices=1)[0]
    lines = [line.strip() for line in report.splitlines()]
    assert lines[2] == "Experiment: second"
    assert "Duration: 00:00:0" in report
    for title, value in {"Result:": "1.0", "Outputs:": "note.txt", "Resources:": "note.txt"}.items():
        assert lines[lines.index(title) + 1] == value
    assert "keys: {'a.b': 1}" in lines


def test_it_shows_the_present(reader):
    """A reader that was opened before shows what was written since, and runs that go on."""
    seen = []
    before = ids(reader.search(where("status") == "RUNNING"))
    experiment = Experiment("later", interactive=True, observers=[TinyDbObserver("db")])
    experiment.main(lambda: seen.extend(ids(reader.search(where("status") == "RUNNING"))))
    experiment.run()
    assert (before, seen, len(reader.runs)) == ([], [4], 4)
    assert ids(reader.search(where("status") == "RUNNING")) == []


def test_nothing_is_written_through_it(reader):
    """The tables of a reader are for reading."""
    with pytest.raises(StoreError, match=r"metadata\.json"):
        reader.runs.insert({"a": 1})
    assert len(reader.runs) == 3


def test_no_folder():
    """A reader of what is not there says so at once."""
    with pytest.raises(OSError, match="nowhere"):
        TinyDbReader("nowhere")
