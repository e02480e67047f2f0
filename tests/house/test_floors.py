"""Who may import whom: import-linter's contracts in pyproject.toml hold, and would notice."""

import os
import shutil
import subprocess
import sys

import pytest

from .. import console


def lint(folder):
    """What import-linter says about the package in ``folder``."""
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.fixture
def copy(tmp_path):
    """A copy of the package that may be spoilt."""
    shutil.copytree(console.ROOT / "expkit", tmp_path / "expkit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(console.ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold():
    """No file breaks a contract."""
    done = lint(console.ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("record/uid.py", "from expkit.run import plan"),  # a higher floor
        ("config/paths.py", "from expkit.capture import types"),  # another room on the floor
        ("_support/nearest.py", "import expkit.errors"),  # the ground imports nothing
        ("config/paths.py", "from expkit import Experiment"),  # the front door
        ("config/paths.py", "def late():\n    import expkit"),  # the front door, late
        ("run/plan.py", "from expkit.observers import RunObserver"),  # a room's front door
        ("record/model.py", "from expkit.record import fold"),  # a later file of its own room
        ("attic/__init__.py", "from expkit.errors import ExpkitError"),  # a room without a floor
    ],
)
def test_contracts_notice(copy, file, line):
    """Every rule is one that import-linter really checks."""
    path = copy / "expkit" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    assert lint(copy).returncode == 1
