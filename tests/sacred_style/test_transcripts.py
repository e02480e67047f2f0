"""What ours prints of its own around scripts in Sacred's style: status lines, messages, configs, failures."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .. import console
from .comparison import SCRIPTS
from .sides import environment

TRANSCRIPTS = Path(__file__).parent / "transcripts"


@pytest.fixture
def folder(tmp_path):
    """The scripts in the style of Sacred's documentation."""
    copy = tmp_path / "work"
    shutil.copytree(SCRIPTS / "documentation", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def shell(command, folder):
    """What a command prints: stdout, then stderr with ``! `` before each line, then the exit code if it is not 0."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    modules = os.pathsep.join(filter(None, (str(console.ROOT), os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment(folder.parent / "state", PATH=path, PYTHONPATH=modules),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
    )
    lines = done.stdout.decode().splitlines()
    lines += [f"! {line}" for line in done.stderr.decode().splitlines()]
    return "\n".join([*lines, f"[{done.returncode}]"] if done.returncode else lines)


@pytest.mark.parametrize("name", sorted(path.stem for path in TRANSCRIPTS.glob("*.txt")))
def test_transcript(name, folder):
    """A script prints on stdout and stderr, and returns, what its transcript says."""
    for command, expected in console.steps((TRANSCRIPTS / f"{name}.txt").read_text("utf-8")):
        printed = shell(command, folder)
        assert console.agrees(printed, expected), f"$ {command}\n--- expected\n{expected}\n--- printed\n{printed}"
