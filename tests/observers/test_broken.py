"""The contract catches observers that are broken: each of these in one way, which the failing test names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

OBSERVERS = Path(__file__).with_name("broken.py")

CAUGHT = {
    "AnswersNonsense": ("test_the_start_is_answered", "the start was answered by ['run', 1]; return an id"),
    "WantsAResult": ("test_several_runs", "1 events were told and not taken; the last problem: TypeError"),
    "HearsOneRunOnly": ("test_several_runs", "I know a run already"),
    "OpensTheOriginal": ("test_files", "1 events were told and not taken; the last problem: FileNotFoundError"),
    "ExitsAtTheEnd": ("test_ends[time is over]", "the last problem: SystemExit('TIMEOUT')"),
    "ChangesTheResult": ("test_what_is_handed_out_is_a_copy", "it has changed what others hear"),
    "WritesDownSecrets": ("test_secrets", "it has written down a secret"),
    "LosesTheEnd": ("test_a_run_that_completes", "status is 'RUNNING', and was 'COMPLETED'"),
    "LosesBytes": ("test_files", "of a file or an array are missing"),
    "CountsTwice": ("test_order", "these are not the points that the run logged"),
    "ForgetsTheFirstSegment": ("test_a_further_segment", "assert [1, 0] == [1, 1]"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What pytest says of all of them."""
    tests = [f"test_broken_ones.py::Test{name}::{test}" for name, (test, _) in CAUGHT.items()]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--tb=short", *tests]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTEST_ADDOPTS": ""}
    folder = tmp_path_factory.mktemp("broken")  # away from the fixtures of these tests
    (folder / "test_broken_ones.py").write_text(OBSERVERS.read_text())
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", CAUGHT)
def test_broken_observers_are_caught(said, name):
    """An observer that is broken in one way fails the test of that rule, with a message that says what is wrong."""
    test, message = CAUGHT[name]
    assert re.search(rf"^FAILED .*::Test{name}::{re.escape(test)}", said, re.M), said[-3000:]
    part = said.partition(f"_ Test{name}.{test} _")[2].partition("\n____")[0]
    assert message in part, part
