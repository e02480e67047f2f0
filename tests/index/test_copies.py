"""Folders of runs that somebody copied by hand, or linked to: with and without an index they are no runs of their own."""

from __future__ import annotations

import shutil

import pytest

from expkit.errors import RunNotFoundError
from expkit.readers.selection import Runs
from expkit.record.model import COMPLETED
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import sample_annotation, sample_record


@pytest.fixture
def root(tmp_path):
    """A store of three runs."""
    store = FolderStore(tmp_path / "runs")
    for number in range(1, 4):
        store.create(sample_record(status=COMPLETED, result=number))
    return tmp_path / "runs"


def copied(root):
    shutil.copytree(root / "3", root / "3-copy")
    (root / "0").symlink_to("2", target_is_directory=True)


def shown(index, root):
    return [(row["id"], row["result"]) for row in index.find(root, None, ["id", "result"])]


RUNS = [("1", 1), ("2", 2), ("3", 3)]


@pytest.mark.parametrize("looked", [True, False])
def test_copies_are_left_out(index, root, caplog, looked):
    """Each run is listed once, in the folder of its own name; one warning names a copy and what it is a copy of."""
    index.settled(-1.0)
    if looked:
        shown(index, root)
    copied(root)
    for _ in range(2):
        assert shown(index, root) == RUNS
    assert [key.id for key in FolderStore(root).ids()] == ["1", "2", "3"]
    warned = sorted(message.partition("; ")[0] for message in caplog.messages)
    where = f"in {root} is left out: it is a"
    assert warned == [
        f"the folder '0' {where} link to run 2, which lies in the folder '2'",
        f"the folder '3-copy' {where} copy of run 3, which lies in the folder '3'",
    ]


@pytest.mark.parametrize("name", ["3-copy", "0"])
def test_nobody_changes_a_run_by_the_name_of_its_copy(index, root, name):
    """Who asks for a copy learns of which run it is one; neither is annotated or deleted."""
    copied(root)
    store = FolderStore(root)
    changes = (store.load, store.delete, lambda run: store.annotate(run, sample_annotation("x")))
    for change in changes:
        with pytest.raises(RunNotFoundError, match=f"the folder '{name}' .* is left out: it is a .* run"):
            change(name)
    assert shown(index, root) == RUNS
    assert not any(store.annotations(run) for run in "123")


def test_removing_a_run_leaves_its_copy(index, root):
    """A run goes by its id or uid from its own folder; what somebody copied is then the run."""
    index.settled(-1.0)
    copied(root)
    store = FolderStore(root)
    shown(index, root)
    store.delete(store.load("3").uid)
    assert not (root / "3").exists()
    assert shown(index, root) == [*RUNS[:2], ("3-copy", 3)]
    assert store.load("3-copy").id == "3-copy"
    shutil.copytree(root / "3-copy", root / "3")
    for _ in range(2):
        assert shown(index, root) == RUNS


def test_a_run_whose_folder_was_renamed(index, root):
    """A folder may have another name than its run had: where there is one only, it is the run."""
    (root / "3").rename(root / "best")
    assert shown(index, root) == [*RUNS[:2], ("best", 3)]
    (run,) = (run for run in Runs(FolderStore(root)) if run.id == "best")
    run.tag("good")
    assert "good" in Runs(FolderStore(root))["best"].tags
    assert shown(index, root) == [*RUNS[:2], ("best", 3)]
