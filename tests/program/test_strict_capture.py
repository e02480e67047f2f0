"""``--strict-capture``: doubt about a record is an error."""

import json
import os
import subprocess

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


@pytest.mark.skipif(os.name != "posix", reason="nvidia-smi is a shell script here")
def test_a_slow_machine_and_a_private_file_are_no_doubt(script, tmp_path):
    """Neither a slow nvidia-smi nor an untracked `.env`, which is left out by rule."""
    tool = tmp_path / "tools" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\nsleep 0.7\n")
    tool.chmod(0o755)
    source = SCRIPT.format(names=[])
    (script.path / "script.py").write_text(source)
    for step in ("init -q", "add script.py", "-c user.name=a -c user.email=a@b.c commit -qm one"):
        subprocess.run(["git", *step.split()], cwd=script.path, check=True)
    (script.path / ".env").write_text("PASSWORD=canary")
    environment = {**os.environ, "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}
    done = script(source, "--strict-capture", env=environment)
    assert done.returncode == 0, done.stderr
    assert "missing" not in done.stderr
    record = json.loads((script.path / "runs" / "1" / "run.json").read_text())
    assert record["experiment"]["repositories"][0]["left_out"][0]["paths"] == [".env"]


def test_no_doubt_is_no_trouble(script):
    """A run whose record is complete completes."""
    done = script(SCRIPT.format(names=[]), "--strict-capture")
    assert (done.returncode, state(script)[0]) == (0, "COMPLETED")
    assert "Traceback" not in done.stderr
