"""What observers keep of runs that have ended: a process may have thousands of them."""

from __future__ import annotations

from expkit import FileStorageObserver
from expkit.observers import NotifyObserver, file


def test_a_folder_remembers_the_last_runs(experiment, tmp_path, monkeypatch):
    """A folder's observer can be asked about the last runs, and has nothing of those long before."""
    monkeypatch.setattr(file, "_MOST", 2)
    observer = FileStorageObserver(tmp_path / "runs")
    experiment.observers = [observer]
    uids = [experiment.run().uid for _ in range(4)]
    assert list(observer._seen) == uids[2:]
    assert observer.run_entry["_id"] == "4"


def test_notices_remember_nothing(experiment):
    """An observer that tells people has nothing of a run that has ended, not even of a message that could not be sent."""

    class Mute(NotifyObserver):
        def send(self, message):
            raise RuntimeError("refused")

    observers = NotifyObserver("http://127.0.0.1:9/hook"), Mute("http://127.0.0.1:9/hook")
    observers[0].send = lambda _: None
    experiment.observers = list(observers)
    experiment.run()
    assert [(each._names, each._gaps) for each in observers] == [({}, {})] * 2
