"""Scripts in Sacred's style do here what they did there, with no more than their imports changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .. import console
from .imports import changed

HERE = Path(__file__).parent
TRANSCRIPTS = HERE / "transcripts"


@pytest.fixture
def folder(tmp_path):
    """The scripts, with their imports changed."""
    copy = tmp_path / "work"
    shutil.copytree(HERE / "scripts", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for path in copy.rglob("*.py"):
        path.write_text(changed(path.read_text("utf-8")), "utf-8")
    shutil.copy(HERE / "show.py", copy)
    return copy


def shell(command, folder):
    """What a command prints: stdout, then stderr with ``! `` before each line, then the exit code if it is not 0."""
    environment = {
        **{
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("EXPKIT_", "PYTHON", "NO_COLOR", "COLUMNS"))
        },
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(console.ROOT), os.environ.get("PYTHONPATH", "")))),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONWARNINGS": "ignore",
        "EXPKIT_STATE": str(folder.parent / "state"),
    }
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=300
    )
    lines = done.stdout.decode().splitlines()
    lines += [f"! {line}" for line in done.stderr.decode().splitlines()]
    return "\n".join([*lines, f"[{done.returncode}]"] if done.returncode else lines)


@pytest.mark.parametrize("name", sorted(path.stem for path in TRANSCRIPTS.glob("*.txt")))
def test_script(name, folder):
    """A script prints, returns and records what its transcript says."""
    for command, expected in console.steps((TRANSCRIPTS / f"{name}.txt").read_text("utf-8")):
        printed = shell(command, folder)
        assert console.agrees(printed, expected), f"$ {command}\n--- expected\n{expected}\n--- printed\n{printed}"


def test_every_script_is_tried():
    """There is a transcript for every script, none is left over, and all import the predecessor."""
    scripts = [path for path in (HERE / "scripts").glob("**/*.py") if "sacred" in path.read_text("utf-8")]
    transcripts = "\n".join(path.read_text("utf-8") for path in TRANSCRIPTS.glob("*.txt"))
    entries = {path.name for path in scripts if path.parent.name in ("scripts", "modular", "src_layout")} - {
        "dataset.py"
    }
    assert sorted(name for name in entries if name not in transcripts) == []


def test_imports_are_all_that_changes():
    """Lines that are no imports stay as they are."""
    source = (
        "from sacred import Experiment\nimport sacred\nx = 'sacred'\n    from sacred.utils import SacredInterrupt, X\n"
    )
    assert changed(source) == (
        "from expkit import Experiment\nimport expkit as sacred\nx = 'sacred'\n"
        "    from expkit import RunInterrupt as SacredInterrupt, X\n"
    )
