"""Runs that W&B wrote offline."""

import json
import math

import pytest

from expkit.errors import FormatError
from expkit.stores import copy, open_store
from expkit.stores.memory import MemoryStore

from .conftest import expected, points_of

SAMPLES = ("wandb", "wandb-0.16")


def runs_of(store):
    return {store.load(key.uid).info["wandb"]["run_id"]: key.uid for key in store.ids()}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_becomes_of_it(sample, name):
    """Config, history, summary, output, tags, notes, saved files and how it ended."""
    store, dst = open_store(f"wandb:{sample(name)}"), MemoryStore()
    assert copy(store, dst).problems == ()
    runs = runs_of(dst)
    record = dst.load(runs["abcd1234"])
    assert record.config == {
        "lr": 0.1, "layers": [64, 32], "net": {"units": 128, "act": "relu"}, "name": "mnist", "none": None, "late": True
    }  # fmt: skip
    assert (record.name, record.status, dst.load(runs["dead5678"]).status) == ("digits", "COMPLETED", "FAILED")
    assert dst.load(runs["dead5678"]).cause == "its exit code was 1"
    assert record.meta["tags"] == ["baseline", "paper"]
    assert {"project": "digits", "group": "sweep-1", "job_type": "train"}.items() <= record.info["wandb"].items()
    assert [note.value for note in dst.annotations(record.uid)] == ["bold crow", "first try"]
    assert (record.result["best"], record.result["train/acc"]) == (0.95, 0.95)
    (output,) = [key for key in dst.streams(record.uid) if key.content == "output"]
    assert "epoch 0: über\n" in dst.read(record.uid, output).decode()
    files = {ref.path: ref for ref in record.files}
    with dst.open_blob(files["model.txt"].sha256) as file:
        assert file.read() == b"weights"
    assert any("wandb==" in package for package in record.experiment["dependencies"]) is (name == "wandb")
    assert copy(store, dst).count("unchanged") == 2


@pytest.mark.parametrize("name", SAMPLES)
def test_every_point(sample, name):
    """Every value that was logged is there with its step and a time, whole numbers, NaN, infinities, texts included."""
    store = open_store(f"wandb:{sample(name)}")
    uid = runs_of(store)["abcd1234"]
    points = points_of(store, uid)
    logged = {name: [(step, value) for step, value, _ in series] for name, series in points.items()}
    assert [float(value) for _, value in logged["loss"][:20]] == [1 / (step + 1) for step in range(20)]
    assert [step for step, _ in logged["loss"]] == list(range(22))
    assert logged["loss"][20:] == [(20, "nan"), (21, "inf")]
    assert [float(value) for _, value in logged["train/acc"]] == [step / 20 for step in range(20)]
    assert [int(value) for _, value in logged["big"]] == [2**53 + step for step in range(20)]
    assert (logged["nested.a"], logged["nested.b.c"]) == ([(20, "1")], [(20, "2.5")])
    assert (logged["word"], logged["flag"]) == ([(20, "'done'")], [(20, "True")])
    assert not [name for name in points if name.startswith(("_", "hist", "table"))]
    start = store.load(uid).start_time.timestamp()
    assert all(start - 5 < time < start + 60 for series in points.values() for *_, time in series)


def test_as_wandb_reads_it(sample):
    """History is what W&B's own reader of such files gave, in the version that still had one."""
    folder = sample("wandb-0.16")
    store = open_store(f"wandb:{folder}")
    for run_id, rows in expected(folder).items():
        told = {}
        for row in rows:
            for key, text in row.items():
                value = json.loads(text)
                if not key.startswith("_") and not isinstance(value, dict):
                    told.setdefault(key, []).append(
                        (json.loads(row["_step"]), repr(value), json.loads(row["_timestamp"]))
                    )
        points = points_of(store, runs_of(store)[run_id])
        assert told
        assert {key: [tuple(item) for item in points[key]] for key in told} == told


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_left_out_is_counted(sample, name):
    """Histograms, tables in the history and the bytes of artifacts are counted."""
    store = open_store(f"wandb:{sample(name)}")
    uid = runs_of(store)["abcd1234"]
    assert {"histogram in the history": 1, "table-file in the history": 1, "bytes of artifacts of W&B": 2} == dict(
        store.dropped(uid)
    )
    assert {artifact["name"] for artifact in store.load(uid).info["wandb"]["artifacts"]} == {
        "data",
        "run-abcd1234-table",
    }


def log_of(folder, run_id="abcd1234"):
    (path,) = folder.glob(f"**/run-{run_id}.wandb")
    return path


def test_a_run_that_goes_on(sample):
    """What is not whole at the end of the file is left for the next time; without an end, the run goes on."""
    folder, dst = sample("wandb"), MemoryStore()
    path = log_of(folder)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    store = open_store(f"wandb:{folder}")
    copy(store, dst)
    uid = runs_of(dst)["abcd1234"]
    assert dst.load(uid).status == "RUNNING"
    path.write_bytes(data)
    assert copy(store, dst).count("brought up to date") == 1
    assert dst.load(uid).status == "COMPLETED"
    assert math.isinf(next(dst.find(columns=["metrics.loss.last"]))["metrics.loss.last"])


def test_damage(sample):
    """What stands before a damaged place is kept; that the rest is missing stands among the gaps."""
    folder = sample("wandb")
    path = log_of(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    store = open_store(f"wandb:{folder}")
    uid = runs_of(store)["abcd1234"]
    assert any("is damaged" in gap for gap in store.load(uid).gaps)
    assert 0 < len(points_of(store, uid)["loss"]) < 22
    assert copy(store, MemoryStore()).problems == ()


@pytest.mark.parametrize("content", [b"", b":W&B", b"nothing of the kind", b":W&B\xe1\xbe\x00" + b"y" * 50_000])
def test_no_log(sample, content):
    """A file that is none costs its own run, and is a sentence."""
    folder = sample("wandb")
    log_of(folder).write_bytes(content)
    report = copy(f"wandb:{folder}", MemoryStore())
    assert report.count("copied") == 1
    assert len(report.problems) == 1
    assert "W&B" in report.problems[0] or "damaged" in report.problems[0]
    with pytest.raises(FormatError):
        open_store(f"wandb:{log_of(folder)}").load(1)


def test_output_from_the_log(sample):
    """Where there is no file of the output, the run's own log has it."""
    folder = sample("wandb")
    (log_of(folder).parent / "files" / "output.log").unlink()
    store = open_store(f"wandb:{folder}")
    uid = runs_of(store)["abcd1234"]
    (output,) = [key for key in store.streams(uid) if key.content == "output"]
    assert store.read(uid, output).decode() == "epoch 0: über\n"
    assert store.read(uid, output, 6, 1) == b"0"


def test_not_led_astray(sample, tmp_path):
    """Links of ``wandb.save`` are followed inside of the project alone."""
    folder = sample("wandb")
    (tmp_path / "key").write_text("secret")
    (folder / "data.csv").write_text("a,b")
    files = log_of(folder).parent / "files"
    (files / "key").symlink_to(tmp_path / "key")
    (files / "data.csv").symlink_to(folder / "data.csv")
    store = open_store(f"wandb:{folder}")
    names = {ref.path for ref in store.load(runs_of(store)["abcd1234"]).files}
    assert ("key" in names, "data.csv" in names) == (False, True)
