"""Runs that are not found any more where they lay, or cannot be read there: what is owed of them is not forgotten."""

import shutil

import pytest

from expkit import open_store
from expkit.record.model import StreamKey
from expkit.stores.folder.store import FolderStore

SMALL = """
from expkit import Experiment

ex = Experiment("small", interactive=True, observers=["folder:runs", "FAR?offline=journal"])

@ex.main
def main(_run):
    for number in range(30):
        _run.log_scalar("x", number)

ex.run()
"""


WAITING = """
import logging, time

class Told(logging.Handler):
    said = []
    def emit(self, record):
        self.said.append(record.getMessage())

logging.getLogger("expkit").addHandler(Told())
logging.getLogger("expkit").setLevel(logging.INFO)

def told():
    end = time.monotonic() + 60
    while sum("it is not found in" in line for line in Told.said) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    print("told" if time.monotonic() < end else Told.said)

@ex.main
"""


@pytest.fixture
def owed(world):
    """A world in which two runs are owed to a store that is away."""
    world.trouble("down")
    for _ in range(2):
        code, _, err = world.run(SMALL)
        assert code == 0, err
    assert len(world.notes()) == 2
    return world


def test_a_folder_that_was_moved(owed):
    """What is owed of runs whose folder was moved is kept, also where a new folder stands in its place and gets runs."""
    runs = owed.folder / "runs"
    runs.rename(owed.folder / "old")
    code, out = owed.sync("--list")
    assert (code, out.count(f"it is not found in {runs}")) == (1, 2)
    owed.run(SMALL)
    assert len(owed.notes()) == 3
    owed.mend()
    code, out = owed.sync()
    assert code == 1 and out.endswith("2 still owed\n") and "was deleted" not in out
    assert out.count(f"it is not found in {runs}; move its folder back, or give it up: expkit sync --forget") == 2
    runs.rename(owed.folder / "new")
    (owed.folder / "old").rename(runs)
    assert owed.sync()[0] == 0
    assert len(FolderStore(owed.far).ids()) == 3


def test_a_run_after_the_folder_was_moved(owed):
    """A run with the same observers, which delivers what others owe, keeps what it does not find."""
    (owed.folder / "runs").rename(owed.folder / "old")
    owed.mend()
    code, out, err = owed.run(SMALL.replace("@ex.main", WAITING).replace("ex.run()", "ex.run(); told()"))
    assert (code, out) == (0, "told\n"), err
    assert len(owed.notes()) == 2


def test_deleted_with_expkit(owed):
    """Of a run that was deleted in its store nothing is owed any more; sync says so."""
    store = open_store(owed.folder / "runs")
    store.delete("1")
    owed.mend()
    code, out = owed.sync()
    assert code == 0 and out.count(f"was deleted in {store.root}; nothing is owed of it any more") == 1
    assert [key.id for key in FolderStore(owed.far).ids()] == ["2"]


def test_forgetting(owed):
    """What is gone for good is forgotten when somebody says so; all else is delivered."""
    shutil.rmtree(owed.folder / "runs" / "1")
    owed.mend()
    code, out = owed.sync("--forget")
    assert code == 0, out
    assert "is forgotten" in out and "is delivered to" in out
    assert not owed.notes()


def test_forgetting_keeps_what_is_there(owed):
    """Nothing is forgotten of runs that are there, whatever becomes of the delivery."""
    code, out = owed.sync("--forget")
    assert code == 1 and "forgotten" not in out
    assert len(owed.notes()) == 2


def test_a_damaged_run_blocks_no_other(owed):
    """A run that cannot be read where it lies is named with its reason, and all behind it are delivered."""
    runs = owed.folder / "runs"
    (first, second) = open_store(runs).ids()
    (runs / "1" / "run.json").write_text("garbage")
    owed.mend()
    for _ in range(2):
        code, out = owed.sync()
        assert (code, len(owed.notes())) == (1, 1)
        line = next(line for line in out.splitlines() if "is still owed" in line)
        assert first.uid in line and f"{runs}/1/run.json" in line and second.uid not in line
    assert [key.uid for key in FolderStore(owed.far).ids()] == [second.uid]


def test_points_that_somebody_deleted(owed):
    """Points that were deleted where they lay leave a gap in the record that is delivered, and sync says so."""
    (owed.folder / "runs" / "1" / "metrics-0-0.points").unlink()
    owed.mend()
    code, out = owed.sync()
    assert code == 0
    assert "as run 1, but 30 points that metrics.json tells of are in no file of points any more" in out
    far = FolderStore(owed.far)
    assert "30 points" in far.load("1").gaps[0]
    assert (far.load("2").gaps, far.streams("2")[StreamKey()]) == ((), 30)
