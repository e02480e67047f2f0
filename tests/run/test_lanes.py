"""Lanes: whatever an observer does after the start, the program goes on, and its end is bounded."""

import _thread
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from expkit import SETTINGS, Experiment, FileStorageObserver, RunObserver, StoreObserver, open_store
from expkit.errors import ObserverError
from expkit.record.model import OUTPUT, StreamKey
from expkit.record.tagged import record_blobs
from expkit.run.recording import lanes
from expkit.run.recording.overdue import deliver, deliver_in_background
from expkit.run.recording.owed import Note, owed_notes, target_of
from expkit.stores.base import Capabilities
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import RecordingObserver
from expkit.testing.samples import sample_record


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Lanes do not wait long."""
    for name, seconds in {"RETRY_FIRST": 0.01, "RETRY_LONGEST": 0.05, "END_PATIENCE": 0.3}.items():
        monkeypatch.setattr(SETTINGS.LANES, name, seconds)


def experiment(*observers, main=lambda: None):
    made = Experiment("lanes", interactive=True, observers=list(observers))
    made.main(main)
    return made


def eventually(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class Remote(MemoryStore):
    """A store that outlives the process, as far as anybody can tell, and may be away or stuck."""

    url = "remote:"
    capabilities = Capabilities(durable=True)

    def __init__(self):
        super().__init__()
        self.away = False
        self.stuck = threading.Event()
        self.stuck.set()
        self.saves = 0

    def save(self, record):
        assert self.stuck.wait(30)
        if self.away:
            raise ConnectionError("nobody answers")
        self.saves += 1
        super().save(record)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_exceptions_that_end_programs(error):
    """Not even an exception that ends programs, raised by an observer, ends its lane or the program."""

    class Leaving(RunObserver):
        def __init__(self):
            self.told = []

        def artifact_event(self, name):
            raise error

        def completed_event(self, result):
            self.told.append(result)

    observer = Leaving()
    run = experiment(observer, main=lambda _run: _run.add_artifact(__file__, "a") or 5).run()
    assert (run.result, observer.told) == (5, [5])
    assert run.recorder.lanes[0].missed == 1


def test_hanging_overrides_and_joins(tmp_path, caplog, monkeypatch):
    """One patience is for the whole end: an override that hangs and a join that hangs do not add up."""
    monkeypatch.setattr(SETTINGS.LANES, "END_PATIENCE", 6.0)
    release = threading.Event()

    class Stuck(FileStorageObserver):
        def artifact_event(self, name, filename, metadata=None, content_type=None):
            release.wait(30)

    class Clinging(RunObserver):
        def join(self):
            release.wait(30)

    made = experiment(Stuck(tmp_path / "runs"), Clinging(), main=lambda _run: _run.add_artifact(__file__, "a"))
    start = time.monotonic()
    run = made.run()
    assert time.monotonic() - start < 11
    release.set()
    assert run.status == "COMPLETED"
    assert "has been told everything, but does not come back from join()" in caplog.text
    assert caplog.text.count("has not taken everything") == 1


def test_no_answer_at_the_start(monkeypatch):
    """An observer that never answers at the start is an error that names it."""
    monkeypatch.setattr(SETTINGS.LANES, "START_LIMIT", 0.2)
    release = threading.Event()

    class Mute(RunObserver):
        def started_event(self):
            release.wait(30)

    with pytest.raises(ObserverError, match=r"Mute\(\) cannot take in the run: it has not answered within 0.2 s"):
        experiment(Mute()).run()
    release.set()


def test_a_store_that_is_slow_at_the_start(tmp_path, monkeypatch, caplog):
    """A store that takes long to take in a run holds it up only so long; it gets the run later, and that is said."""
    monkeypatch.setattr(SETTINGS.LANES, "STORE_LIMIT", 0.2)
    release = threading.Event()

    class Slow(Remote):
        def create(self, *args, **kwargs):
            assert release.wait(30)
            return super().create(*args, **kwargs)

    store = Slow()
    made = experiment(FileStorageObserver(tmp_path / "runs"), StoreObserver(store), main=lambda: release.set())
    assert made.run().status == "COMPLETED"
    assert "it has not answered within 0.2 s; the run goes on" in caplog.text
    eventually(lambda: [row["status"] for row in store.find(columns=["status"])] == ["COMPLETED"])


def test_a_store_that_has_not_answered_at_the_start(tmp_path, monkeypatch):
    """A store that has not answered even a first question is an error before main, and never hears of the run."""
    monkeypatch.setattr(SETTINGS.LANES, "STORE_LIMIT", 0.2)
    release, asked, began = threading.Event(), threading.Event(), []

    class Silent(Remote):
        def preflight(self):
            asked.set()
            assert release.wait(30)

    store, folder = Silent(), tmp_path / "runs"
    with pytest.raises(ObserverError, match=r"cannot take in the run: it has not answered within 0.2 s.*journal"):
        experiment(FileStorageObserver(folder), StoreObserver(store), main=lambda: began.append(1)).run()
    release.set()
    assert asked.is_set() and not began
    assert [row["status"] for row in FolderStore(folder).find(columns=["status"])] == ["FAILED"]
    lanes = [thread for thread in threading.enumerate() if thread.name == "lane StoreObserver"]
    eventually(lambda: not any(lane.is_alive() for lane in lanes))
    assert store.ids() == []


def test_a_silent_store_with_a_journal(tmp_path, monkeypatch):
    """With ``offline="journal"`` the run goes on at once, and the store gets it when it answers."""
    monkeypatch.setattr(SETTINGS.LANES, "JOURNAL_PATIENCE", 0.2)
    release = threading.Event()

    class Silent(Remote):
        def preflight(self):
            assert release.wait(30)

    store = Silent()
    far = StoreObserver(store, offline="journal")
    made = experiment(FileStorageObserver(tmp_path / "runs"), far, main=lambda: release.set())
    assert made.run().status == "COMPLETED"
    eventually(lambda: [row["status"] for row in store.find(columns=["status"])] == ["COMPLETED"])


def test_a_start_that_takes_long_says_for_whom_it_waits(monkeypatch, caplog):
    """Once, and Ctrl-C names the observer, too."""
    monkeypatch.setattr(lanes, "_NOTICE", 0.05)
    release = threading.Event()

    class Slow(RunObserver):
        def started_event(self):
            eventually(lambda: "waiting" in caplog.text)
            if release.is_set():
                _thread.interrupt_main()
                eventually(lambda: "interrupted" in caplog.text)

    assert experiment(Slow()).run().status == "COMPLETED"
    assert caplog.text.count("waiting for observer Slow() to take in the run, up to 60 s ...") == 1
    caplog.clear()
    release.set()
    with pytest.raises(KeyboardInterrupt):
        experiment(Slow()).run()
    assert "interrupted while observer Slow() was taking in the run" in caplog.text


def test_an_event_that_takes_long_is_mentioned_during_the_run(monkeypatch, caplog):
    """Once, while it is under way."""
    monkeypatch.setattr(SETTINGS.LANES, "SLOW", 0.05)
    release = threading.Event()

    class Stuck(RunObserver):
        def heartbeat_event(self):
            release.wait(30)

    def main(_run):
        eventually(lambda: _run.flush() or "has taken more than 0.05 s for one event; the run goes on" in caplog.text)
        _run.flush()
        release.set()

    assert experiment(Stuck(), main=main).run().status == "COMPLETED"
    assert caplog.text.count("has taken more than") == 1


def test_what_a_custom_observer_lacks_is_said_as_it_is(caplog):
    """It is told while the program goes on; nothing claims that the rest lies somewhere for it."""
    release = threading.Event()

    class Stuck(RunObserver):
        def completed_event(self):
            release.wait(30)

    experiment(Stuck()).run()
    release.set()
    assert "the rest reaches it only while this program goes on" in caplog.text
    assert "what it is owed lies in" not in caplog.text


def test_reports_after_the_end(tmp_path, caplog):
    """What a thread reports after the end is said once not to be in the record, and nothing is said to go on."""
    runs = []
    experiment(
        FileStorageObserver(tmp_path / "runs"), main=lambda _run: runs.append(_run) or _run.log_scalar("x", 1)
    ).run()
    caplog.clear()
    for number in range(3):
        runs[0].log_scalar("x", number)
        runs[0].flush()
    (said,) = [entry.message for entry in caplog.records]
    assert said.startswith("the run in ") and said.endswith("from now on is not in its record")


def test_signs_of_life_reach_stores(monkeypatch):
    """A store that observes gets the lease at its interval, without any beat."""
    monkeypatch.setattr(SETTINGS, "LEASE_INTERVAL", 0.05)
    store = MemoryStore()

    def main(_run):
        eventually(lambda: store.lease(_run.uid))
        first = store.lease(_run.uid).renewed
        eventually(lambda: store.lease(_run.uid).renewed > first)

    made = experiment(StoreObserver(store), main=main)
    assert made.run(options={"--beat-interval": "0"}).status == "COMPLETED"


def test_signs_of_life_while_a_store_refuses_events(monkeypatch):
    """A run is seen to live, too, while its store refuses what it is told and pauses between tries grow long."""
    monkeypatch.setattr(SETTINGS, "LEASE_INTERVAL", 0.05)
    for name in ("RETRY_FIRST", "RETRY_LONGEST"):
        monkeypatch.setattr(SETTINGS.LANES, name, 60.0)
    store, refused = Remote(), threading.Event()

    def save(record):
        refused.set()
        raise ConnectionError("not now")

    def main(_run):
        monkeypatch.setattr(store, "save", save)
        _run.info["new"] = 1
        _run.flush()
        assert refused.wait(20)
        first = store.lease(_run.uid)
        eventually(lambda: store.lease(_run.uid) != first)

    assert experiment(StoreObserver(store), main=main).run().status == "COMPLETED"


def test_points_between_beats():
    """What comes between two beats is in the store after the next one, however many there are."""
    store = MemoryStore()

    def main(_run):
        for number in range(60):
            _run.log_scalar("x", number)
            print(number)
            if number % 7 == 0:
                _run.flush()
                eventually(lambda: len(store.read(_run.uid, StreamKey())) == number + 1)

    run = experiment(StoreObserver(store), main=main).run()
    assert [point.value for point in store.read(run.uid, StreamKey())] == list(range(60))
    assert store.read(run.uid, StreamKey(OUTPUT)).split() == [b"%d" % number for number in range(60)]


def test_arrays_travel(tmp_path):
    """The bytes of arrays in a record are in every store that has the record."""
    store = MemoryStore()

    def main(_run):
        _run.info["array"] = np.arange(100_000)
        return np.ones(100_000)

    run = experiment(FileStorageObserver(tmp_path / "runs"), StoreObserver(store), main=main).run()
    wanted = record_blobs(store.load(run.uid)) - {ref.sha256 for ref in run.record.files}
    assert len(wanted) == 2
    assert all(store.has_blob(sha256) for sha256 in wanted)


def test_a_backlog_is_one_step():
    """Whatever a store has missed while it was stuck, it is caught up with in one step."""
    store = Remote()

    def main(_run):
        store.stuck.clear()
        for number in range(100):
            _run.add_artifact(__file__, f"{number}.py")
            _run.info["number"] = number
            _run.flush()
        store.stuck.set()

    run = experiment(StoreObserver(store), main=main).run()
    assert store.saves < 10
    assert len(store.load(run.uid).files_of("artifact")) == 100
    assert store.load(run.uid).info == {"number": 99}


def test_a_slow_way_is_no_standstill(tmp_path):
    """A large artifact that takes longer than the patience, but moves, is waited for."""

    class Slow(MemoryStore):
        def put_blob(self, source):
            while source.read(100_000):
                time.sleep(0.05)
            source.seek(0)
            return super().put_blob(source)

    store = Slow()
    (tmp_path / "large").write_bytes(bytes(range(256)) * 5000)
    run = experiment(StoreObserver(store), main=lambda _run: _run.add_artifact(tmp_path / "large")).run()
    assert run.recorder.owed == []
    assert store.load(run.uid).status == "COMPLETED"


def test_trying_again_is_no_progress(tmp_path):
    """The end of a run does not wait for a store that reads an artifact again and again and has no room for it."""

    class Full(MemoryStore):
        tries = 0

        def put_blob(self, source):
            self.tries += 1
            source.read()
            raise OSError("no space left")

    store = Full()
    (tmp_path / "large").write_bytes(bytes(1000))
    begun = time.monotonic()
    run = experiment(StoreObserver(store), main=lambda _run: _run.add_artifact(tmp_path / "large")).run()
    assert store.tries > 1
    assert time.monotonic() - begun < SETTINGS.LANES.END_LIMIT / 2
    assert len(run.recorder.owed) == 1


def test_after_the_end(caplog):
    """In a process that lives on, a store gets what it is owed as soon as it answers; note and spool go."""
    store = Remote()

    def main():
        store.away = True

    run = experiment(StoreObserver(store), main=main).run()
    (note,) = owed_notes()
    assert (note.uid, note.target, note.is_free) == (run.uid, "remote:", False)
    assert (len(run.recorder.owed), run.folder.exists()) == (1, True)
    store.away = False
    eventually(lambda: store.load(run.uid).status == "COMPLETED")
    eventually(lambda: not run.folder.exists())
    assert list(owed_notes()) == []
    assert run.recorder.owed == []


def test_no_notes_for_what_is_not_owed(tmp_path):
    """A run in a folder, and one in a store that dies with the process, write no notes."""
    states = tmp_path / "state"
    seen = []
    for observers in (["folder:runs"], ["folder:runs", "memory:"], ["folder:runs", "folder:runs"]):
        observers = [each.replace("runs", str(tmp_path / "runs")) for each in observers]
        experiment(*observers, main=lambda: seen.append((states / "owed").exists())).run()
    assert seen == [False] * 3
    assert len(os.listdir(tmp_path / "runs")) == 3 + len([".expkit", "_sources"])


def test_a_folder_twice(tmp_path):
    """Two observers of one folder record one run there."""
    run = experiment(f"folder:{tmp_path / 'runs'}", FileStorageObserver(tmp_path / "runs"), main=lambda: 3).run()
    store = open_store(tmp_path / "runs")
    assert [key.uid for key in store.ids()] == [run.uid]
    assert (store.load(run.uid).status, store.load(run.uid).result) == ("COMPLETED", 3)


def test_offline_means_journal():
    """Another value of ``offline`` is refused, and so is the parameter for an observer that is no store."""
    with pytest.raises(ObserverError, match="use offline='journal'"):
        StoreObserver(MemoryStore(), offline="yes")
    with pytest.raises(ObserverError, match="offline='never' means nothing"):
        experiment("memory:?offline=never").run()


def test_journal_and_another_id(tmp_path):
    """With an observer that answers, a run has its id, also while another one is away; that one is told when it answers."""

    class Late(Remote):
        def create(self, *arguments, **named):
            if self.away:
                raise ConnectionError("nobody answers")
            return super().create(*arguments, **named)

    store = Late()
    store.away = True
    store.create(sample_record()) if not store.away else None

    def main(_run):
        store.away = False
        eventually(lambda: store.ids())
        return _run._id

    run = experiment(FileStorageObserver(tmp_path / "runs"), StoreObserver(store, offline="journal"), main=main).run()
    assert run.result == "1"
    assert store.load(run.uid).status == "COMPLETED"


def test_a_queued_run_that_was_started_meanwhile(tmp_path):
    """Late delivery of a queued run does not undo what became of it in the store."""
    source, target = FolderStore(tmp_path / "source"), FolderStore(tmp_path / "target")
    record = sample_record(status="QUEUED", start_time=None, files=())
    source.create(record)
    target.create(record)
    target.set_status(record.uid, "QUEUED", "RUNNING")
    note = Note(uid=record.uid, name="x", log=str(source.root), target=target_of(target)).write()
    assert deliver(note, target).id == "1"
    assert target.load(record.uid).status == "RUNNING"
    assert list(owed_notes()) == []


def test_one_of_many_takes_a_note(tmp_path):
    """Of many who want to deliver at the same moment, one does."""
    note = Note(uid="ab", name="x", log="", target="x:").write()
    note.release()
    (free,) = owed_notes()
    barrier = threading.Barrier(8)
    taken = []

    def take():
        barrier.wait()
        taken.append(free.take())

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([each for each in taken if each]) == 1
    (held,) = owed_notes()
    assert (held.is_free, held.pid) == (False, os.getpid())


def test_full_speed_beside_a_slow_observer(tmp_path):
    """A witness hears everything while another observer hangs in its first event."""
    release = threading.Event()

    class Hanging(RunObserver):
        def heartbeat_event(self, info):
            release.wait(30)

    witness = RecordingObserver()

    def main(_run):
        start = time.monotonic()
        _run.flush()
        for number in range(10_000):
            _run.log_scalar("x", number)
        _run.flush()
        eventually(lambda: len(witness.points().get("x", ())) == 10_000)
        return time.monotonic() - start

    run = experiment(FileStorageObserver(tmp_path / "runs"), Hanging(), witness, main=main).run()
    release.set()
    assert run.result < 5


def test_one_thread_delivers_to_a_store_however_many_runs_begin(monkeypatch):
    """While a store is away, further runs of the process do not bring further threads that wait for it."""
    release, asked = threading.Event(), []

    def notes():
        asked.append(threading.current_thread())
        release.wait(30)
        return iter(())

    monkeypatch.setattr("expkit.run.recording.overdue.owed_notes", notes)
    stores = [Remote()]
    for _ in range(5):
        deliver_in_background(stores)
    eventually(lambda: asked)
    release.set()
    threading.Thread.join(asked[0], 30)
    assert len(asked) == 1
    deliver_in_background(stores)
    eventually(lambda: len(asked) == 2)


def test_notes_are_taken_where_files_cannot_be_renamed_onto_others(monkeypatch):
    """On Windows, too, a note that somebody had before can be let go and taken again."""

    def rename(source, target):
        if os.path.exists(target):
            raise FileExistsError(target)
        os.replace(source, target)

    monkeypatch.setattr(os, "rename", rename)
    note = Note(uid="abc", name="x", log="", target="remote:").write()
    free = note.path.replace(os.path.basename(note.path), os.path.basename(note.path).partition(".")[0] + ".json")
    Path(free).write_text("")
    note.release()
    assert not os.path.exists(note.path)
    (found,) = owed_notes()
    note.write()
    mine = found.take()
    assert mine is not None
    assert mine.path == note.path
    mine.remove()
