"""Runs of MLflow, as MLflow itself reads them."""

import json
import re
import shutil
import sqlite3

import pytest

from expkit.errors import FormatError, StoreError
from expkit.stores import copy, open_store
from expkit.stores.memory import MemoryStore

from .conftest import expected, points_of

STATUSES = {
    "FINISHED": "COMPLETED",
    "FAILED": "FAILED",
    "KILLED": "INTERRUPTED",
    "RUNNING": "RUNNING",
}
INFINITE = {"1.7976931348623157e+308": "inf", "-1.7976931348623157e+308": "-inf"}
"""How MLflow's databases write it, and its own client gives it back."""

PLACES = [
    (name, place, uri)
    for name in ("mlflow", "mlflow-2.9")
    for place, uri in (("mlruns", "mlruns"), ("mlflow.db", "sqlite:///mlflow.db"))
]


def by_run_id(store):
    return {store.load(key.uid).info["mlflow"]["run_id"]: store.load(key.uid) for key in store.ids()}


@pytest.mark.parametrize(("name", "place", "uri"), PLACES)
def test_as_mlflow_reads_it(sample, name, place, uri):
    """Statuses, times, parameters, tags and every point are those that MLflow's own client found."""
    folder = sample(name)
    store = open_store(f"mlflow:{folder / place}")
    runs, told = by_run_id(store), {run["run_id"]: run for run in expected(folder)[uri]}
    assert sorted(runs) == sorted(told)
    for run_id, run in told.items():
        record = runs[run_id]
        assert record.status == STATUSES[run["status"]]
        assert record.start_time.timestamp() * 1000 == pytest.approx(run["start"])
        assert (record.stop_time and round(record.stop_time.timestamp() * 1000)) == run["end"]
        assert {key: str(value) for key, value in record.config.items()} == run["params"]
        points = {
            metric: sorted([step, value, round(time * 1000)] for step, value, time in series)
            for metric, series in points_of(store, record.uid).items()
        }
        assert points == {
            metric: sorted([step, INFINITE.get(value, value), time] for step, value, time in series)
            for metric, series in run["metrics"].items()
        }


@pytest.mark.parametrize(("name", "place", "uri"), PLACES)
def test_what_becomes_of_it(sample, name, place, uri):
    """Numbers are numbers again, names and descriptions are later facts, a parent is found, artifacts are files."""
    store = open_store(f"mlflow:{sample(name) / place}")
    dst = MemoryStore()
    report = copy(store, dst)
    assert report.problems == ()
    runs = {dst.annotations(key.uid)[0].value: dst.load(key.uid) for key in dst.ids()}
    assert sorted(runs) == ["bold-crow", "child", "failed", "killed", "running"]
    first = runs["bold-crow"]
    assert first.config == {
        "amp": True, "layers": "[64, 32]", "lr": 0.1, "name": "mnist", "net/units": 128, "none": None
    }  # fmt: skip
    assert runs["child"].parent == first.uid
    assert first.name == first.experiment["name"] == "digits"
    assert first.meta["tags"] == ["paper", "team=vision"]
    assert [note.value for note in dst.annotations(first.uid)] == ["bold-crow", "first try"]
    assert [ref.path for ref in first.files] == ["a.json", "model/model.txt"]
    with dst.open_blob(first.files[1].sha256) as file:
        assert file.read() == b"weights"
    row = next(store.find(columns=["metrics.loss.min", "metrics.loss.max", "metrics.train/acc.last"]))
    assert list(row.values()) == [float("-inf"), float("inf"), 0.95]
    assert [run.what for run in copy(store, dst).runs] == ["unchanged"] * 5


def test_no_paths_of_the_machine(sample):
    """A record names no absolute path."""
    store = open_store(f"mlflow:{sample('mlflow') / 'mlruns'}")
    assert not [key for key in store.ids() if "/samples/" in repr(store.load(key.uid))]


def test_a_run_that_goes_on(sample):
    """What a run logs after it was imported comes with the next import, and its end, too."""
    folder = sample("mlflow") / "mlruns"
    store, dst = open_store(f"mlflow:{folder}"), MemoryStore()
    copy(store, dst)
    (meta,) = [path for path in folder.glob("*/*/meta.yaml") if "run_name: running" in path.read_text()]
    text = meta.read_text()
    start = int(re.search(r"start_time: (\d+)", text)[1])
    lines = [f"{start + step} {0.5 ** (step + 1)} {step}\n" for step in range(3)]
    (meta.parent / "metrics").mkdir(exist_ok=True)
    (meta.parent / "metrics" / "loss").write_text("".join(lines[:2]) + lines[2][:5])
    assert [run.what for run in copy(store, dst).runs].count("brought up to date") == 1
    with (meta.parent / "metrics" / "loss").open("a") as file:
        file.write(lines[2][5:])
    (meta.parent / "metrics" / "acc").write_text(f"{start + 3} 1.0 2\n")
    meta.write_text(text.replace("status: 1", "status: 3").replace("end_time: null", f"end_time: {start + 4}"))
    assert [run.what for run in copy(store, dst).runs].count("brought up to date") == 1
    (key,) = [key for key in dst.ids() if dst.annotations(key.uid)[0].value == "running"]
    assert dst.load(key.uid).status == "COMPLETED"
    assert [point.value for point in dst.read(key.uid, *dst.streams(key.uid))] == [0.5, 0.25, 0.125, 1.0]


def test_only_for_reading(sample):
    """Nothing can be changed, and the message says what to do instead."""
    store = open_store(f"mlflow:{sample('mlflow') / 'mlruns'}")
    uid = store.ids()[0].uid
    for write in (
        lambda: store.delete(uid),
        lambda: store.save(store.load(uid)),
        lambda: store.set_status(uid, "COMPLETED", "FAILED"),
        lambda: store.put_blob(b"x"),
        lambda: store.sweep(),
    ):
        with pytest.raises(StoreError, match="recorded by MLflow and can only be read; 'expkit import"):
            write()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("metrics/loss", "1 2\nthree 4 5\n", "loss:2: this is no point of MLflow"),
        ("metrics/loss", "1795298352540 0.5 1e999\n", "loss:1: this is no point"),
        ("meta.yaml", "a: [", "is no YAML"),
        ("meta.yaml", "!!python/object/apply:os.system ['touch /tmp/pwned']", "is no YAML"),
        ("params/lr", "x" * 2_000_000, "is larger than"),
    ],
)
def test_broken_files(sample, tmp_path, file, text, said):
    """A broken file is a sentence, and costs its own run alone, as far as that can be told."""
    folder = sample("mlflow") / "mlruns"
    (run,) = {path.parents[1] for path in folder.glob("*/*/params/lr") if path.read_text() == "0.1"}
    (run / file).write_text(text)
    store = open_store(f"mlflow:{folder}")
    if file == "meta.yaml":
        with pytest.raises(FormatError, match=said):
            store.ids()
        return
    report = copy(store, MemoryStore())
    assert len(report.problems) == 1
    assert said in report.problems[0]
    assert report.count("copied") == 4


def test_not_led_astray(sample, tmp_path):
    """Neither links nor what a database says leads out of the folder."""
    (tmp_path / "secret" / "artifacts").mkdir(parents=True)
    (tmp_path / "secret" / "artifacts" / "key").write_text("secret")
    folder = sample("mlflow")
    artifacts = [
        path for path in folder.glob("mlruns/*/*/artifacts/model") if (path.parents[1] / "meta.yaml").exists()
    ][0]
    (artifacts / "key").symlink_to(tmp_path / "secret" / "artifacts" / "key")
    (artifacts / "all").symlink_to(tmp_path / "secret")
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute(
            "UPDATE runs SET experiment_id = '..', artifact_uri = ? WHERE name = 'bold-crow'", ["../../secret"]
        )
        database.execute("UPDATE runs SET run_uuid = '../../secret' WHERE name = 'bold-crow'")
    database.close()
    for place in ("mlruns", "mlflow.db"):
        store = open_store(f"mlflow:{folder / place}")
        assert not [ref for key in store.ids() for ref in store.load(key.uid).files if "key" in ref.path]


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"x" * 200, b"no database"])
def test_no_database(tmp_path, content):
    """What is no database of MLflow's is a sentence."""
    (tmp_path / "mlflow.db").write_bytes(content)
    with pytest.raises(FormatError, match=r"cannot be read as a database of MLflow"):
        open_store(f"mlflow:{tmp_path / 'mlflow.db'}").ids()


def test_moved(sample, tmp_path):
    """A folder that was moved gives the same runs with their artifacts: they are found beside the runs."""
    folder = sample("mlflow")
    before = {key.uid for key in open_store(f"mlflow:{folder / 'mlruns'}").ids()}
    shutil.move(folder / "mlruns", tmp_path / "elsewhere")
    dst = MemoryStore()
    assert copy(f"mlflow:{tmp_path / 'elsewhere'}", dst).problems == ()
    assert {key.uid for key in dst.ids()} == before
    assert json.dumps([len(dst.load(key.uid).files) for key in dst.ids()]) == "[2, 0, 0, 0, 0]"
