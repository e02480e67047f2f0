"""What type checkers say about calls of captured functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALLS = Path(__file__).with_name("typed_calls.py")


@pytest.mark.parametrize("checker", [["mypy", "--strict"], ["pyright"]])
def test_calls_are_fine(checker):
    """Arguments may be left out, results keep their types, in every kind of function; both checkers agree."""
    done = subprocess.run(
        [sys.executable, "-m", *checker, str(CALLS)], capture_output=True, text=True, timeout=300, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
