"""``expkit import``: which tool wrote something is found out, what is kept and what is not is said."""

import json
import shutil

import pytest

from expkit.console.main import main
from expkit.stores import open_store
from expkit.testing.samples import sample_record


@pytest.mark.parametrize(
    ("name", "place", "tool", "count"),
    [
        ("mlflow", "mlruns", "MLflow", 5),
        ("mlflow", "mlflow.db", "MLflow", 5),
        ("tensorboard", "", "TensorBoard", 3),
        ("wandb", "", "W&B", 2),
        ("wandb", "wandb", "W&B", 2),
    ],
)
def test_found_out(sample, expkit, name, place, tool, count):
    """Folders, files and databases are recognised; importing twice adds nothing."""
    src = sample(name) / place
    code, printed = expkit("import", src, "dst")
    assert (code, f"to folder:dst: {count} copied" in printed) == (0, True), printed
    assert f"of {tool}'s records " in printed
    code, printed = expkit("import", src, "dst")
    assert (code, f"to folder:dst: {count} unchanged" in printed) == (0, True), printed


def test_sacred(expkit, tmp_path):
    """A folder of Sacred's is recognised, even where its runs have event files among their artifacts."""
    run = tmp_path / "my_runs" / "1"
    run.mkdir(parents=True)
    record = {"experiment": {"name": "old", "sources": []}, "command": "main", "status": "COMPLETED", "artifacts": []}
    (run / "run.json").write_text(json.dumps({**record, "start_time": "2024-05-01T12:00:00", "result": 3}))
    (run / "config.json").write_text('{"lr": 0.1}')
    (run / "events.out.tfevents.1.host").write_bytes(b"")
    assert expkit("import", "my_runs", "dst") == (0, "folder:my_runs to folder:dst: 1 copied\n")
    code, printed = expkit("import", "my_runs", "dst", "--json")
    assert (code, json.loads(printed)["tool"], json.loads(printed)["runs"][0]["what"]) == (0, "Sacred", "unchanged")


def test_two_places_of_mlflow(sample, expkit):
    """A folder with a database is recognised; where runs lie beside it as well, it is asked which are meant."""
    folder = sample("mlflow")
    code, printed = expkit("import", folder, "dst")
    assert (code, "name one of them" in printed) == (1, True)
    shutil.rmtree(folder / "mlruns")
    assert "5 copied" in expkit("import", folder, "dst")[1]


def test_default_store_and_json(sample, expkit, tmp_path):
    """Without DST runs go where a run would be recorded; --json says everything in one document."""
    src = sample("tensorboard")
    code, printed = expkit("import", src, "--json")
    told = json.loads(printed)
    assert code == 0
    assert (told["tool"], told["target"], len(told["runs"])) == ("TensorBoard", f"folder:{tmp_path / 'runs'}", 3)
    assert told["left_out"] == {"histograms": 1, "images": 1}
    assert len(open_store(tmp_path / "runs").ids()) == 3


def test_some(sample, expkit, tmp_path):
    """Questions choose runs."""
    src = sample("mlflow")
    code, printed = expkit("import", f"sqlite:///{src / 'mlflow.db'}", "--store=dst", "--where=config.lr >= 0.5")
    assert (code, printed.splitlines()[0]) == (0, f"mlflow:{src / 'mlflow.db'} to folder:dst: 1 copied")
    assert [open_store(tmp_path / "dst").load(key.uid).status for key in open_store(tmp_path / "dst").ids()] == [
        "FAILED"
    ]


def test_looked_at_where_it_is(sample, expkit):
    """What other tools wrote can be listed without being imported."""
    code, printed = expkit("ls", f"--store=mlflow:{sample('mlflow') / 'mlruns'}", "--json")
    assert code == 0
    assert {json.loads(line)["name"] for line in printed.splitlines()} == {
        "bold-crow", "child", "failed", "killed", "running"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "Try: expkit import --help"),
        (["nowhere"], 2, "there is no file or folder nowhere"),
        (["postgres//me:pw@h/x"], 2, "did you mean postgres://...?"),
        (["."], 2, "there are no runs of Sacred, MLflow, TensorBoard or W&B in ."),
        ([".", "--from=mlfow"], 2, "--from=mlfow is no tool that can be read; did you mean mlflow"),
        (["mlflow:nowhere"], 1, "there is no nowhere"),
        (["."], 2, "there are no runs"),
        (["--help"], 0, "Examples:"),
    ],
)
def test_mistakes(expkit, tmp_path, words, code, said):
    """What cannot work is said in a sentence."""
    found, printed = expkit("import", *words)
    assert said in printed
    assert (found, "Traceback" in printed) == (code, False)


@pytest.mark.parametrize("place", ["folder:ours", "ours", "sqlite:///ours.db"])
def test_our_own_runs_are_copied(expkit, tmp_path, place):
    """Runs that expkit recorded are of no other tool: the message names the command for them."""
    store = open_store(place.replace("///", f"///{tmp_path}/") if "///" in place else tmp_path / "ours")
    store.create(sample_record(status="COMPLETED"))
    store.close()
    code, printed = expkit("import", place, "dst")
    assert (code, f"use expkit copy {place} DST" in printed) == (2, True), printed
    assert not (tmp_path / "dst").exists()


def test_a_database_beside_a_folder(sample, tmp_path, monkeypatch, capsys):
    """MLflow's database beside its folder is named, with what to type; where the folder has no runs, that is the message."""
    src = sample("mlflow")
    monkeypatch.chdir(tmp_path)
    assert main(["import", "mlflow/mlruns"]) == 0
    assert capsys.readouterr().err.endswith("which may have other runs: expkit import mlflow/mlflow.db\n")
    shutil.rmtree(src / "mlruns")
    (src / "mlruns" / "0").mkdir(parents=True)
    for place in ("mlflow/mlruns", "mlflow:mlflow/mlruns", "mlflow/mlruns/"):
        assert main(["import", place]) == 2
        assert capsys.readouterr().err.endswith("so type: expkit import mlflow/mlflow.db\n")
    assert main(["import", "mlflow/mlflow.db", "other"]) == 0
    assert not capsys.readouterr().err
