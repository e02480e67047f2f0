"""``--strict-capture``: doubt about a record is an error."""

import json

import pytest

SCRIPT = """
import subprocess, sys
from expkit import Experiment

ex = Experiment("strict")

@ex.automain
def main(_run):
    if "lose" in {names!r}:
        _run.add_artifact("nowhere.txt")
    if "hide" in {names!r}:
        subprocess.run(["true"])
    return 7
"""


def state(script):
    record = json.loads((script.path / "runs" / "1" / "run.json").read_text())
    return record["status"], record["cause"]


@pytest.mark.parametrize(
    ("does", "said"),
    [(["lose"], "artifact nowhere.txt could not be kept"), (["hide"], "could not see subprocess true")],
)
def test_doubt_fails_the_run(script, does, said):
    """What could not be recorded fails the run at its end, by name; without the option it completes."""
    done = script(SCRIPT.format(names=does), "--strict-capture")
    assert done.returncode == 1
    assert "--strict-capture: the record of this run is not complete" in done.stderr
    assert said in done.stderr
    status, cause = state(script)
    assert status == "FAILED"
    assert said in cause
    assert script(SCRIPT.format(names=does)).returncode == 0


def test_no_doubt_is_no_trouble(script):
    """A run whose record is complete completes."""
    done = script(SCRIPT.format(names=[]), "--strict-capture")
    assert (done.returncode, state(script)[0]) == (0, "COMPLETED")
    assert "Traceback" not in done.stderr
