"""The contract catches stores that are broken: each of these in one way, which the failing test names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

STORES = Path(__file__).with_name("broken.py")

CAUGHT = {
    "LosesAppends": ("test_append_is_idempotent", "ends at 6; appending at 7 would leave a gap"),
    "AppendsTwice": ("test_append_is_idempotent", "assert"),
    "LeavesGaps": ("test_gaps_are_refused[3]", "DID NOT RAISE"),
    "MixesUpIds": ("test_runs_have_two_names", "assert"),
    "TakesSignsForText": ("test_numbers_as_text[as number--5]", "there is no run '-5'"),
    "CountsFromHugeIds": ("test_ids_of_choice_move_no_counter", "the counter stands at"),
    "GivesIdsAgain": ("test_ids_of_deleted_runs", "assert"),
    "ForgetsAnnotations": ("test_outlive_the_record", "assert"),
    "SweepsLateResults": ("test_what_later_facts_name", "the bytes of the late result were swept away"),
    "ClaimsToLast": ("test_durable_is_true", "it claims to be durable, and another process finds nothing in it"),
    "ClaimsNotToLast": ("test_durable_is_true", "it keeps runs, and claims not to be durable"),
    "ClaimsNotToCount": ("test_counts_is_true", "it counts, and claims that it does not"),
    "ClaimsAFolder": ("test_folder_is_true", "it claims folders, and lacks what IsLocalLog asks for"),
    "SharesContainers": ("test_shares_no_containers", "assert"),
    "RoundsNumbers": ("test_values_keep_their_kind[large]", "came back changed"),
    "KeepsHalves": ("test_a_source_that_fails", "DID NOT RAISE"),
    "StampsNoLease": ("test_renewed_by_the_stores_clock", "assert"),
    "TellsOfNoDeletion": ("test_changes_tell_what_happened", "deleted"),
    "ForgetsOldFormats": ("test_older_formats_are_read", "what version 1 wrote is not what is read"),
    "SaysNothingOfOldFormats": ("test_older_formats_are_read", "which formats have there been? Name them in `older`"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What pytest says of all of them."""
    tests = [f"test_broken_ones.py::Test{name}::{test}" for name, (test, _) in CAUGHT.items()]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--tb=short", *tests]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTEST_ADDOPTS": ""}
    folder = tmp_path_factory.mktemp("broken")  # away from the fixtures of these tests
    (folder / "test_broken_ones.py").write_text(STORES.read_text())
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", CAUGHT)
def test_broken_stores_are_caught(said, name):
    """A store that is broken in one way fails the test of that rule, with a message that says what is wrong."""
    test, message = CAUGHT[name]
    assert re.search(rf"^FAILED .*::Test{name}::{re.escape(test)}", said, re.M), said[-3000:]
    part = said.partition(f"_ Test{name}.{test} _")[2].partition("\n____")[0]
    assert message in part, part
