"""What people add to runs afterwards."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from expkit import stores
from expkit.errors import StoreNameError
from expkit.readers import runs
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import sample_lease

from .. import console
from .conftest import add


@pytest.fixture
def run(fresh, kind):
    store = fresh(kind)
    add(store, 0.1, 1)
    return runs(store=store)[0]


def test_remarks(run):
    """Tags, notes, names and late results are added with author and time; the record stays as it was."""
    before = run.store.load(run.uid)
    run.tag("good", "better")
    run.untag("first")
    run.note("ran by night", author="ann")
    run.rename("final")
    run.add_result(0.9, "test")
    run.add_result({"a": (1, 2), "b": np.float64(0.5)})
    run.add_result([1])
    for seen in (run, runs(store=run.store)[0]):
        assert (seen.tags, seen.name) == (["good", "better"], "final")
        (note,) = seen.notes
        assert (note.value, note.author) == ("ran by night", "ann")
        assert seen.late == {"test": 0.9, "a": (1, 2), "b": 0.5, "result": [1]}
    assert run.store.load(run.uid) == before
    assert runs('"good" in tags and late.test > 0.8', run.store)[0] == run


def test_late_artifacts(run, tmp_path):
    """A file that was made later is found among the artifacts; the newest of a name counts."""
    for text in ("old", "plot"):
        (tmp_path / "plot.txt").write_text(text)
        run.add_artifact(tmp_path / "plot.txt", metadata={"dpi": 100})
    run.add_artifact(str(tmp_path / "plot.txt"), "plots/again.txt")
    for seen in (run, runs(store=run.store)[0]):
        assert set(seen.artifacts) == {"model.bin", "plot.txt", "plots/again.txt"}
        plot = seen.artifacts["plot.txt"]
        assert (plot.text, plot.metadata.dpi, plot.ref.content_type) == ("plot", 100, "text/plain")
        assert plot.path().read_text() == "plot"
        assert seen.artifacts["again.txt"].size == 4


def test_late_bytes_stay(run, tmp_path):
    """What was added later is no rubbish to a sweep, and is copied to other stores."""
    (tmp_path / "plot.txt").write_text("plot")
    run.add_artifact(tmp_path / "plot.txt")
    run.add_result(np.arange(5000), "curve")
    run.store.sweep(grace=0)
    other = MemoryStore()
    assert stores.copy(run.store, other).problems == ()
    for store in (run.store, other):
        seen = runs(store=store)[run.uid]
        assert seen.artifacts["plot.txt"].text == "plot"
        assert (seen.late.curve == np.arange(5000)).all()


def test_names_of_late_artifacts(run, tmp_path):
    """A name that leads out of the run's folder is refused."""
    (tmp_path / "x").write_text("x")
    with pytest.raises(StoreNameError):
        run.add_artifact(tmp_path / "x", "../x")
    assert list(run.artifacts) == ["model.bin"]


def test_several_people_at_once(run):
    """Nobody's remark is lost where several people make theirs at the same time."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: runs(store=run.store)[0].tag(f"t{number}"), range(16)))
    assert set(run.refresh().tags) == {"first", *(f"t{number}" for number in range(16))}


def test_several_processes_at_once(tmp_path):
    """Nor where they sit at different machines, which share a folder."""
    store = FolderStore(tmp_path / "runs")
    add(store, 0.1, 1)
    code = "import sys, expkit\nfor n in range(20): expkit.runs(store='runs')[0].tag(f'{sys.argv[1]}{n}')"
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": str(console.ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    started = [subprocess.Popen([*command, who], cwd=tmp_path, env=environment) for who in "ab"]
    assert [process.wait(120) for process in started] == [0, 0]
    assert len(runs(store=store)[0].tags) == 41


def test_authors(monkeypatch):
    """The author is who is logged in, or whom EXPKIT_AUTHOR names, or who is given."""
    store = MemoryStore()
    add(store, 0.1, 1)
    run = runs(store=store)[0]
    monkeypatch.setenv("LOGNAME", "login")
    run.note("a")
    monkeypatch.setenv("EXPKIT_AUTHOR", "ann")
    run.note("b")
    run.note("c", author="bob")
    assert [note.author for note in run.notes] == ["login", "ann", "bob"]


@pytest.mark.parametrize("add_it", [lambda run: run.tag(7), lambda run: run.note(""), lambda run: run.rename(None)])
def test_remarks_are_texts(add_it):
    """What is no text is refused, and nothing is added."""
    store = MemoryStore()
    add(store, 0.1, 1)
    run = runs(store=store)[0]
    with pytest.raises(TypeError, match="is a text, not"):
        add_it(run)
    assert run.annotations == []


def test_live_runs_take_remarks(fresh, kind):
    """A run in progress is tagged while it writes its record."""
    store = fresh(kind)
    uid = add(store, 0.1, 1, status="RUNNING", stop_time=None)
    store.renew(uid, sample_lease(1e6))
    run = runs(store=store)[0]
    run.tag("watched")
    store.save(store.load(uid).but(status="COMPLETED"))
    assert run.refresh().tags == ["first", "watched"]
