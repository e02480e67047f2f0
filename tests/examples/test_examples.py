"""The examples do what they say."""

import json
import shutil
from pathlib import Path

import pytest

from .. import console

EXAMPLES = console.ROOT / "examples"
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def folder(tmp_path):
    """A copy of the examples, so that their runs are this test's own."""
    copy = tmp_path / "work"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    return copy


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_transcript(name, folder):
    """Every example prints what its transcript says."""
    console.check((GOLDEN / f"{name}.txt").read_text("utf-8"), folder)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_tried(path):
    """What an example's docstring invites to try is in its transcript."""
    transcript = (GOLDEN / f"{path.stem}.txt").read_text("utf-8")
    tried = {step.command.replace("'", "") for step in console.steps(transcript)}
    invited = {
        line.strip().replace("examples/", "").replace("'", "")
        for line in path.read_text("utf-8").split('"""')[1].splitlines()
        if line.startswith("    python")
    }
    assert invited
    assert invited <= tried


def test_digits_record(folder):
    """The record of the digits example holds metrics per step, the model, a picture, sources and the result."""
    printed, code = console.shell("python digits.py with small seed=1 --tag demo", folder)
    assert code == 0, printed
    run = folder / "runs" / "1"
    record = json.loads((run / "run.json").read_text())
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test.accuracy"]["steps"] == list(range(5))
    assert metrics["test.accuracy"]["values"][-1] == pytest.approx(record["result"], abs=1e-4)
    assert record["result"] > 0.9
    assert (run / "files" / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert {ref["path"] for ref in record["files"] if ref["role"] == "artifact"} == {
        "files/confusion.png",
        "files/model.pkl",
    }
    assert [ref["path"] for ref in record["files"] if ref["role"] == "source"] == ["digits.py"]
    assert record["config"]["data"]["classes"] == 3
    assert record["meta"]["tags"] == ["demo"]


def test_digits_repeats(folder):
    """The same seed gives the same points."""
    for _ in range(2):
        console.shell("python digits.py with small seed=7", folder)
    first, second = (json.loads((folder / "runs" / run / "metrics.json").read_text()) for run in "12")
    assert first["train.accuracy"]["values"] == second["train.accuracy"]["values"]
