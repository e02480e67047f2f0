"""What type checkers say about calls of captured functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALLS = [Path(__file__).with_name("typed_calls.py"), ROOT / "tests" / "typing" / "marked.py"]


@pytest.mark.parametrize("checker", [["mypy", "--strict"], ["pyright"]])
def test_calls_are_fine(checker):
    """Arguments may be left out, results keep their types, in every kind of function; both checkers agree.

    Where all parameters have defaults, marks of ``from_config`` say, wrong arguments are reported as well.
    """
    done = subprocess.run(
        [sys.executable, "-m", *checker, *map(str, CALLS)], capture_output=True, text=True, timeout=300, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_offers_what_functions_need(make_context):
    """The run that these tests use, and the engine's, have all that ``RunContext`` demands."""
    from expkit.capture.types import RunContext
    from expkit.run.context import Context

    demanded = {name for name in vars(RunContext) if not name.startswith("_")}
    assert demanded <= set(dir(make_context({})))
    assert demanded - {"run"} <= set(dir(Context))
