"""Observers that hooks, or main, add, remove or replace."""

from __future__ import annotations

import pytest

from expkit import Experiment
from expkit.observers import FileStorageObserver, RunObserver
from expkit.record.model import OUTPUT, StreamKey
from expkit.stores.folder.store import FolderStore


class Hears(RunObserver):
    """An observer that remembers what it is told."""

    def __init__(self):
        self.heard = []

    def started_event(self, _id):
        self.heard.append(("started", _id))

    def log_metrics(self, metrics_by_name):
        self.heard.append(("metrics", sorted(metrics_by_name)))

    def completed_event(self, result):
        self.heard.append(("completed", result))


@pytest.fixture
def ex(tmp_path, monkeypatch):
    """An experiment that records into a folder."""
    monkeypatch.chdir(tmp_path)
    made = Experiment("late", interactive=True, observers=[FileStorageObserver("runs")], save_git_info=False)

    @made.main
    def main(_run):
        print("hello")
        _run.log_scalar("loss", 0.5)
        return len(_run.observers)

    return made


def whole(folder):
    """The only record in a folder, which lacks nothing."""
    (key,) = FolderStore(folder).ids()
    found = FolderStore(folder).load(key.id)
    assert (found.status, found.gaps) == ("COMPLETED", ())
    return found


@pytest.mark.parametrize("kind", ["option hook", "config hook", "config function"])
def test_added_before_the_start(ex, kind):
    """What is added to the experiment's observers until the config is resolved takes part in this very run."""
    own = Hears()

    def add():
        ex.observers += [own, FileStorageObserver("more")]
        return {}

    if kind == "option hook":
        ex.option_hook(lambda options: add())
    elif kind == "config hook":
        ex.config_hook(lambda config, command_name, logger: add())
    else:

        @ex.config
        def settings():
            a = 1
            add()

    assert ex.run().result == 3
    assert own.heard[0] == ("started", "1") and own.heard[-1] == ("completed", 3)
    assert whole("runs").result == whole("more").result == 3


def test_with_options(ex):
    """A hook's observers and those of the command line are told alike."""
    ex.option_hook(lambda options: ex.observers.append(FileStorageObserver("more")))
    assert ex.run(options={"--file_storage": "given"}).result == 3
    assert whole("runs").uid == whole("more").uid == whole("given").uid


@pytest.mark.parametrize("how", ["clear", "replace"])
def test_removed_by_a_config_hook(ex, tmp_path, how):
    """A hook may decide that nobody is told, or somebody else."""

    @ex.config_hook
    def quiet(config, command_name, logger):
        if how == "clear":
            ex.observers.clear()
        else:
            ex.observers = [FileStorageObserver("more")]
        return {}

    assert ex.run().result == (0 if how == "clear" else 1)
    assert not (tmp_path / "runs").exists() and (tmp_path / "more").exists() == (how == "replace")


def test_added_by_a_pre_run_hook(ex):
    """An observer that joins a run which has begun hears of its start, and of all that comes."""
    own = Hears()

    @ex.pre_run_hook
    def add(_run):
        _run.observers.append(own)
        _run.observers.append(FileStorageObserver("more"))
        ex.observers.append(FileStorageObserver("next"))

    assert ex.run().result == 3
    assert own.heard == [("started", "1"), ("metrics", ["loss"]), ("completed", 3)]
    assert whole("runs").uid == whole("more").uid and not FolderStore("next").root.exists()
    assert FolderStore("more").read("1", StreamKey(OUTPUT)) == b"hello\n"


def test_added_by_main(ex):
    """A folder that main adds gets the whole record, points and output included."""

    @ex.command
    def adds(_run):
        print("hello")
        _run.log_scalar("loss", 0.5)
        _run.observers.append(FileStorageObserver("more"))
        _run.flush()
        assert _run.observers[-1].run_entry["status"] == "RUNNING"
        _run.log_scalar("loss", 0.25)
        return 1

    run = ex.run("adds")
    assert whole("more").result == 1 and run.observers[1].dir is not None
    points = FolderStore("more").read(run.uid, StreamKey())
    assert [point.value for point in points] == [0.5, 0.25]


def test_added_where_nobody_observed(tmp_path, monkeypatch):
    """A run that nobody observed is recorded from the moment on when somebody comes."""
    monkeypatch.chdir(tmp_path)
    ex = Experiment("alone", interactive=True, observers=[], save_git_info=False)

    @ex.pre_run_hook
    def add(_run):
        _run.observers.append(FileStorageObserver("more"))

    @ex.main
    def main(_run):
        _run.log_scalar("loss", 0.5)
        return _run.observers[0].dir

    run = ex.run()
    assert run._id == "1" and run.result.endswith("1")
    assert whole("more").result == run.result
    assert len(FolderStore("more").read("1", StreamKey())) == 1


def test_one_that_cannot_join(ex, caplog):
    """An observer that fails to take in the run is a sentence in the record; the run goes on."""

    class Fails(RunObserver):
        def started_event(self, _id):
            raise OSError("no room")

    @ex.pre_run_hook
    def add(_run):
        _run.observers.append(Fails())
        _run.observers.append(42)

    assert ex.run().status == "COMPLETED"
    gaps = " ".join(FolderStore("runs").load("1").gaps)
    assert "no room" in gaps and "42" in gaps


def test_taken_away_while_it_runs(ex):
    """Emptying a run's observers does not leave half a record."""

    @ex.pre_run_hook
    def clear(_run):
        _run.observers.clear()
        ex.observers.clear()

    ex.run()
    assert whole("runs").status == "COMPLETED"
