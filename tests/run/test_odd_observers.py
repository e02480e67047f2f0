"""Observers that do what nobody expects, and starts that are refused, leave nothing behind but what is true."""

import errno
import os

import pytest

from expkit import Experiment, RunObserver
from expkit.errors import StoreNameError
from expkit.record.events import Beat
from expkit.stores.disk import files
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import sample_lease, sample_record


class Unspeakable(Exception):
    """Its text cannot be had."""

    def __str__(self):
        raise RuntimeError("no text")


class Rude(RunObserver):
    """Does something odd at each beat."""

    def __init__(self, odd):
        self.odd, self.told = odd, []

    def __repr__(self):
        raise RuntimeError("no name")

    def notify(self, event, record):
        self.told.append((type(event).__name__, os.getpid()))
        if isinstance(event, Beat):
            self.odd()

    def join(self):
        raise Unspeakable


def run_with(observer, store=None):
    ex = Experiment("odd", observers=[observer, *([] if store is None else [store])], interactive=True)

    @ex.main
    def main(_run):
        _run.flush()
        return 7

    return ex.run()


def test_an_error_without_a_text_ends_no_lane(tmp_path):
    """An observer whose errors cannot be printed hears of all other events."""

    def fail():
        raise Unspeakable

    observer = Rude(fail)
    assert run_with(observer, tmp_path / "runs").result == 7
    assert observer.told[-1][0] == "Completed"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize(("wish", "code"), [("exit", 3), ("return", 0), ("raise", 1)])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_by_an_observer_takes_no_lane_along(tmp_path, wish, code):
    """Whichever way the child leaves the observer, it delivers nothing, writes nothing and ends."""
    codes = []

    def fork():
        if child := os.fork():
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        elif wish == "exit":
            raise SystemExit(3)
        elif wish == "raise":
            raise Unspeakable

    observer = Rude(fork)
    run_with(observer, tmp_path / "runs")
    assert set(codes) == {code}
    assert {pid for _, pid in observer.told} == {os.getpid()}
    assert FolderStore(tmp_path / "runs").load("1").status == "COMPLETED"


def test_an_id_that_no_folder_can_have(tmp_path):
    """A name that is too long for the disk is refused as a name."""
    store = FolderStore(tmp_path)
    with pytest.raises(StoreNameError):
        store.create(sample_record(), id="a" * 300)
    with pytest.raises(StoreNameError):
        ex = Experiment("long", observers=[tmp_path], interactive=True)
        ex.main(lambda: None)
        ex.run(options={"--id": "a" * 300})


def test_a_refused_start_leaves_nothing(tmp_path, monkeypatch):
    """Where a record cannot be written, no half-made folder stays behind, and its id is free again."""
    store = FolderStore(tmp_path)
    store.create(sample_record())
    real = files.replace

    def replace(path, data, scratch):
        if path.endswith("run.json"):
            raise OSError(errno.ENOSPC, "no inodes")
        real(path, data, scratch)

    record = sample_record()
    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", replace)
        with pytest.raises(OSError, match="no inodes"):
            store.create(record, lease=sample_lease())
    assert not (tmp_path / "2").exists()
    assert len(list((tmp_path / ".expkit/uids").iterdir())) == 1
    assert store.load(store.create(record)).uid == record.uid
