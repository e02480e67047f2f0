"""From what a user names an observer by to the observer."""

import importlib.metadata
from pathlib import Path

import pytest

from expkit import Experiment, FileStorageObserver, StoreObserver
from expkit.errors import NoObserverError
from expkit.observers.opening import open_observer
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import RecordingObserver


def opened(spec):
    return open_observer(spec, {}, {})


@pytest.fixture
def installed(monkeypatch):
    """Entry points as installed packages would add them: (group, name) to what it loads to."""
    points = {}

    def entry_points(group):
        return [importlib.metadata.EntryPoint(name, f"builtins:{name}", of) for of, name in points if of == group]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setattr(importlib.metadata.EntryPoint, "load", lambda point: points[point.group, point.name])
    return points


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("folder:runs", "runs"),
        ("a/b:c", "a/b:c"),
        ("/tmp/x:y/runs", "/tmp/x:y/runs"),
        (Path("mongodb:x"), "mongodb:x"),
        ("folder:mongodb:x", "mongodb:x"),
        ("folder:~/x", "HOME/x"),
        ("~/x", "HOME/x"),
    ],
)
def test_folders(spec, path, monkeypatch):
    """A folder is the one that open_store opens, too."""
    monkeypatch.setenv("HOME", "HOME")
    monkeypatch.setenv("USERPROFILE", "HOME")
    assert opened(spec) == FileStorageObserver(path)


def test_runs_below_a_folder_with_a_colon(tmp_path, monkeypatch):
    """A project may lie below a folder with a colon."""
    (tmp_path / "x:y").mkdir()
    monkeypatch.chdir(tmp_path / "x:y")
    ex = Experiment("colon", interactive=True)
    ex.main(lambda: None)
    assert ex.run().folder == tmp_path / "x:y" / "runs" / "1"


def test_stores_of_others(installed):
    """A scheme of a store is observed to by writing into that store."""
    store = MemoryStore()
    installed["expkit.stores", "cloud"] = lambda url: store if url == "cloud://bucket" else None
    observer = opened("cloud://bucket")
    assert isinstance(observer, StoreObserver)
    assert observer.store is store


def test_observers_of_others_come_first(installed):
    """A package that brings an observer for the scheme is asked before its store; our own schemes are never replaced."""
    mine = RecordingObserver()
    installed["expkit.observers", "cloud"] = lambda url: mine
    installed["expkit.observers", "memory"] = lambda url: mine
    installed["expkit.stores", "cloud"] = lambda url: MemoryStore()
    assert opened("cloud:x") is mine
    assert isinstance(opened("memory:"), StoreObserver)


def test_unknown_schemes(installed):
    """An unknown scheme is refused with all known ones and a near one; secrets are not shown."""
    installed["expkit.observers", "mail"] = installed["expkit.stores", "cloud"] = None
    with pytest.raises(NoObserverError) as caught:
        opened("clowd://me:secret@host/runs")
    text = str(caught.value)
    assert "'clowd:'; did you mean cloud?" in text
    assert all(f"{scheme}:, " in text for scheme in ("cloud", "folder", "mail", "memory", "mongodb", "s3"))
    assert "'expkit.observers' or 'expkit.stores'" in text
    assert "secret" not in text


def test_no_path():
    """A folder needs a path, and the message shows one."""
    with pytest.raises(NoObserverError, match="folder:runs"):
        opened("folder:")


def test_classes_are_no_observers(experiment):
    """A class instead of an instance is a slip that has its own words."""
    from expkit import RunObserver
    from expkit.errors import NoObserverError

    experiment.observers = [RunObserver]
    with pytest.raises(NoObserverError, match=r"give an instance: RunObserver\("):
        experiment.run()


@pytest.mark.parametrize(
    ("given", "opened_url", "offline"),
    [
        ("cloud://b/runs?offline=journal", "cloud://b/runs", "journal"),
        ("cloud://b/runs?tls=true&offline=journal&x=1", "cloud://b/runs?tls=true&x=1", "journal"),
        ("cloud://b/runs?tls=true", "cloud://b/runs?tls=true", None),
        ("cloud://b/offline=journal", "cloud://b/offline=journal", None),
    ],
)
def test_offline_in_a_url(installed, given, opened_url, offline):
    """``offline`` is taken from the URL of a store; the rest of the URL is the store's business."""
    seen = []
    installed["expkit.stores", "cloud"] = lambda url: seen.append(url) or MemoryStore()
    assert opened(given).offline == offline
    assert seen == [opened_url]


def test_offline_and_folders():
    """A folder's URL may have the parameter, a plain path may be called anything."""
    assert (opened("folder:a?offline=journal"), opened("folder:a?offline=journal").offline) == (
        FileStorageObserver("a"),
        "journal",
    )
    assert (opened("./a?offline=journal").basedir.endswith("a?offline=journal")) is True
    assert opened("./a?offline=journal").offline is None


def test_offline_is_for_stores(installed):
    """An observer of another kind cannot catch up, and the parameter says so instead of being passed over."""
    installed["expkit.observers", "mail"] = lambda url: RecordingObserver()
    with pytest.raises(NoObserverError, match="offline=journal is for stores"):
        opened("mail:me?offline=journal")
