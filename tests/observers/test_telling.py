"""How observers are told of a run: order, arguments, ids, failures."""

import logging
import threading
import time
from pathlib import Path

import pytest

from expkit import SETTINGS, Experiment, FileStorageObserver, RunObserver, StoreObserver
from expkit.errors import ObserverError, RunExistsError, StoreError
from expkit.observers.delivery import Delivery
from expkit.record.events import Completed
from expkit.record.model import OUTPUT, FileRef, StreamKey
from expkit.run.recording.log import PastLog
from expkit.stores.answers import Capabilities
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import RecordingObserver
from expkit.testing.samples import sample_record


@pytest.fixture
def quick(monkeypatch):
    """Lanes do not wait long."""
    monkeypatch.setattr(SETTINGS.LANES, "RETRY_FIRST", 0.01)
    monkeypatch.setattr(SETTINGS.LANES, "END_PATIENCE", 0.2)


class TestIds:
    """Where a run's id comes from."""

    def test_highest_priority_first(self, experiment):
        """The first answer by priority is the id, and is what the others are asked for."""
        low, high, none = RecordingObserver(1, "low"), RecordingObserver(9, "high"), RecordingObserver(20)
        experiment.observers = [low, high, none]
        assert experiment.run()._id == "high"
        assert none.arguments("started_event")[0]["_id"] is None
        assert low.arguments("started_event")[0]["_id"] == "high"

    def test_folders_answer_with_text(self, experiment, tmp_path):
        """A folder's ids are text, a memory store's numbers."""
        experiment.observers = [FileStorageObserver(tmp_path / "runs")]
        assert experiment.run()._id == "1"
        experiment.observers = [StoreObserver(MemoryStore())]
        assert experiment.run()._id == 1

    def test_taken_ids_are_no_trouble(self, experiment, tmp_path):
        """A store that has the id already takes its next one."""
        busy = MemoryStore()
        experiment.observers = [StoreObserver(busy)]
        experiment.run()
        experiment.observers = [FileStorageObserver(tmp_path / "runs", priority=30), StoreObserver(busy)]
        run = experiment.run()
        assert run._id == "1"
        assert len(busy.ids()) == 2
        assert busy.load(run.uid).status == "COMPLETED"

    def test_demanded_id_binds(self, experiment, tmp_path):
        """An id given by ``--id`` is used or refused."""
        experiment.observers = [FileStorageObserver(tmp_path / "runs")]
        assert experiment.run(options={"--id": "mine"})._id == "mine"
        with pytest.raises(RunExistsError, match="'mine'"):
            experiment.run(options={"--id": "mine"})


class TestArguments:
    """What event methods get."""

    def test_everything_is_told(self, experiment, tmp_path):
        """The predecessor's event methods get what they always got."""
        witness = RecordingObserver()
        experiment.observers.append(witness)
        (tmp_path / "in.txt").write_text("in")

        @experiment.main
        def main(_run):
            _run.add_resource(tmp_path / "in.txt")
            _run.add_artifact(tmp_path / "in.txt", "out.txt")
            _run.add_artifact(tmp_path / "in.txt", "told.txt", metadata={"k": 1})
            return 3

        experiment.run(config_updates={"a": 4}, meta_info={"comment": "hi"})
        started = witness.arguments("started_event")[0]
        assert started["config"]["a"] == 4
        assert started["command"] == "main"
        assert started["start_time"].tzinfo is None
        assert started["meta_info"]["comment"] == "hi"
        assert started["meta_info"]["config_updates"] == {"a": 4}
        assert set(started["ex_info"]) >= {"name", "base_dir", "sources", "dependencies", "repositories", "mainfile"}
        assert Path(started["ex_info"]["base_dir"]).is_absolute()
        name, md5 = started["ex_info"]["sources"][0]
        assert name.endswith(".py") and len(md5) == 32
        assert witness.arguments("resource_event") == [{"filename": str(tmp_path / "in.txt")}]
        artifact, told = witness.arguments("artifact_event")
        assert (artifact["name"], artifact["metadata"], told["metadata"]) == ("out.txt", None, {"k": 1})
        assert Path(artifact["filename"]).name == "in.txt"
        assert witness.arguments("completed_event")[0]["result"] == 3

    def test_only_what_is_named(self, experiment):
        """An event method may name what it wants and leave out the rest."""

        class Brief(RunObserver):
            def started_event(self, config):
                self.config = config
                return "brief"

            def completed_event(self, result, **more):
                self.end = (result, sorted(more))

        brief = Brief()
        experiment.observers = [brief]
        assert experiment.run()._id == "brief"
        assert brief.config["a"] == 1
        assert brief.end == (1, ["stop_time"])

    def test_gone_file(self, experiment, tmp_path):
        """A file that changed since, or is gone, is told by its kept copy, under its own name."""
        read = []

        class Reader(RunObserver):
            def artifact_event(self, filename):
                assert Path(filename).name == "x.txt"
                read.append(Path(filename).read_text())

        experiment.observers = [Reader()]

        @experiment.main
        def main(_run):
            for number in range(3):
                (tmp_path / "x.txt").write_text(f"version {number}")
                _run.add_artifact(tmp_path / "x.txt", f"{number}.txt")
            (tmp_path / "x.txt").unlink()

        experiment.run()
        assert read == ["version 0", "version 1", "version 2"]

    def test_notify_alone(self, experiment):
        """An observer may hear events instead of overriding event methods."""
        heard = []

        class Newer(RunObserver):
            def notify(self, event, record):
                heard.append((type(event).__name__, record.status))

        experiment.observers = [Newer()]
        experiment.run()
        assert heard[0] == ("Started", "RUNNING")
        assert heard[-1] == ("Completed", "COMPLETED")

    def test_one_thread(self, experiment):
        """All events of a run reach an observer from one thread, which is not the program's."""
        threads = set()

        class Threads(RunObserver):
            def notify(self, event, record):
                threads.add(threading.current_thread())

        experiment.observers = [Threads()]
        experiment.run()
        assert len(threads) == 1
        assert threading.main_thread() not in threads


class TestTrouble:
    """An observer is never the program's problem after the start."""

    def test_failing_start(self, experiment):
        """An observer that fails at the start stops the run; those who know of it hear that it failed."""
        first = RecordingObserver(9)
        experiment.observers = [RecordingObserver(1, fail_in=["started_event"]), first]
        with pytest.raises(RuntimeError, match="started_event was asked to fail"):
            experiment.run()
        assert first.names() == ["started_event", "failed_event", "join"]

    def test_failing_later(self, experiment, caplog):
        """Later failures are retried, told of once, and the rest of the events still comes."""
        broken = RecordingObserver(fail_in=["heartbeat_event"], tries=2)
        experiment.observers = [broken]
        assert experiment.run().status == "COMPLETED"
        assert len(broken.arguments("heartbeat_event")) == 2
        assert len(broken.arguments("completed_event")) == 1
        assert caplog.text.count("heartbeat_event was asked to fail; the run goes on") == 1
        assert "missed 1 events" in caplog.text

    def test_recovery(self, experiment, quick):
        """What failed once and is taken at the second try is not missed."""
        calls = []

        class Flaky(RunObserver):
            def completed_event(self, result):
                calls.append(result)
                if len(calls) == 1:
                    raise OSError("away")

        experiment.observers = [Flaky()]
        run = experiment.run()
        assert calls == [1, 1]
        assert run.recorder.lanes[0].missed == 0

    def test_slow_observers_slow_nobody(self, experiment):
        """A slow observer delays neither the program nor another observer."""
        release = threading.Event()

        class Slow(RunObserver):
            def artifact_event(self, name):
                release.wait(30)

        witness = RecordingObserver()
        experiment.observers = [Slow(), witness]

        @experiment.main
        def main(_run):
            start = time.perf_counter()
            for number in range(20):
                _run.add_artifact(__file__, f"{number}.py")
            while len(witness.arguments("artifact_event")) < 20 and time.perf_counter() - start < 20:
                time.sleep(0.01)
            release.set()
            return len(witness.arguments("artifact_event"))

        assert experiment.run().result == 20

    def test_hanging_observer(self, experiment, quick, caplog, tmp_path):
        """The end waits for an observer only while it makes progress; what is owed lies in the log, and it says where."""
        release = threading.Event()

        class Hanging(StoreObserver):
            def completed_event(self, stop_time, result):
                release.wait(30)

        experiment.observers = [Hanging(MemoryStore())]
        start = time.perf_counter()
        run = experiment.run()
        assert time.perf_counter() - start < 10
        assert run.status == "COMPLETED"
        assert run.folder.is_relative_to(tmp_path / "state" / "spool")
        assert (run.folder / "run.json").exists()
        assert str(run.folder) in caplog.text
        release.set()

    def test_spool_goes(self, experiment, tmp_path):
        """A spool is removed when everything is delivered."""
        experiment.observers = [StoreObserver(MemoryStore())]
        run = experiment.run()
        assert not run.folder.exists()
        assert list((tmp_path / "state" / "spool").iterdir()) == []

    def test_store_that_is_away_for_a_while(self, experiment, monkeypatch):
        """A store that fails for a while gets everything once it answers, nothing twice."""
        monkeypatch.setattr(SETTINGS.LANES, "RETRY_FIRST", 0.01)

        class Away(MemoryStore):
            failures = 5

            def append(self, run, stream, offset, batch):
                if self.failures:
                    self.failures -= 1
                    raise OSError("connection lost")
                return super().append(run, stream, offset, batch)

        store = Away()
        experiment.observers = [StoreObserver(store)]

        @experiment.main
        def main(_run):
            for number in range(1000):
                _run.log_scalar("x", number)
            print("words")

        run = experiment.run()
        assert [point.value for point in store.read(run.uid, StreamKey())] == list(range(1000))
        assert store.read(run.uid, StreamKey(OUTPUT)) == b"words\n"
        assert store.load(run.uid).status == "COMPLETED"


class TestNaming:
    """What may stand for an observer."""

    def test_urls_and_paths(self, experiment, tmp_path, monkeypatch):
        """URLs and paths name stores."""
        monkeypatch.chdir(tmp_path)
        experiment.observers = ["folder:one", Path("two"), "three", "memory:"]
        run = experiment.run()
        for name in ("one", "two", "three"):
            assert (tmp_path / name / "1" / "run.json").exists()
        assert run.observers[3].store.load(run.uid).status == "COMPLETED"

    def test_callables(self, experiment, tmp_path):
        """A callable of (config, options) makes the observer when the config is known."""
        asked = []

        def make(config, options):
            asked.append((config["a"], options["--comment"]))
            return f"folder:{tmp_path / 'made'}"

        experiment.observers = [make]
        experiment.run(config_updates={"a": 8}, options={"--comment": "c"})
        assert asked == [(8, "c")]
        assert (tmp_path / "made" / "1").is_dir()

    @pytest.mark.parametrize("wrong", [3, object(), lambda config, options: 3])
    def test_nothing_else(self, experiment, wrong):
        """Anything else is refused with a sentence that says what to give."""
        experiment.observers = [wrong]
        with pytest.raises(ObserverError, match="is no observer: give an instance"):
            experiment.run()

    def test_unknown_scheme(self, experiment):
        """An unknown scheme names the known ones."""
        experiment.observers = ["foldr:runs"]
        with pytest.raises(ObserverError, match="did you mean folder"):
            experiment.run()

    def test_default_store(self, tmp_path, monkeypatch):
        """Without a word about observers, runs go to the default store; any list, also an empty one, replaces it."""
        monkeypatch.chdir(tmp_path)
        ex = Experiment("default", interactive=True)
        ex.main(lambda: None)
        assert ex.run().folder == tmp_path / "runs" / "1"
        ex.observers.append(StoreObserver(MemoryStore()))
        ex.run()
        ex.observers = []
        ex.run()
        assert [path.name for path in (tmp_path / "runs").iterdir() if path.name.isdigit()] == ["1"]

    def test_options_replace_the_default_store(self, tmp_path, monkeypatch):
        """``-F`` and ``--observe`` replace the default store and extend a list."""
        monkeypatch.chdir(tmp_path)
        ex = Experiment("default", interactive=True)
        ex.main(lambda: None)
        ex.run(options={"--file-storage": "elsewhere"})
        assert not (tmp_path / "runs").exists()
        ex.observers = [StoreObserver(MemoryStore())]
        run = ex.run(options={"--observe": ["folder:third"]})
        assert len(run.observers) == 2
        assert (tmp_path / "elsewhere" / "1").is_dir() and (tmp_path / "third" / "1").is_dir()


class TestByHand:
    """Event methods of built-in observers may be called by hand: they write at once."""

    def test_a_life_by_hand(self, tmp_path):
        """A run told by hand is a whole record."""
        from datetime import datetime

        now = datetime(2026, 1, 2, 3, 4, 5)
        (tmp_path / "a.txt").write_text("a")
        observer = FileStorageObserver(tmp_path / "runs")
        run_id = observer.started_event({"name": "hand"}, "main", {"hostname": "h"}, now, {"a": (1,)}, {}, None)
        assert observer.dir == str(tmp_path / "runs" / run_id)
        series = {"steps": [0, 1], "values": [0.5, 0.25], "timestamps": [now, now], "name": "loss"}
        observer.log_metrics({"loss": series}, {})
        observer.heartbeat_event({"k": 1}, "one\n", now, None)
        observer.heartbeat_event({"k": 2}, "one\ntwo\n", now, 7)
        observer.artifact_event("a.txt", str(tmp_path / "a.txt"))
        observer.resource_event(str(tmp_path / "a.txt"))
        observer.completed_event(now, 8)
        store = FileStorageObserver(tmp_path / "runs").store
        record = store.load(run_id)
        assert (record.name, record.status, record.result, record.info) == ("hand", "COMPLETED", 8, {"k": 2})
        assert store.read(run_id, StreamKey(OUTPUT)) == b"one\ntwo\n"
        assert [(point.step, point.value) for point in store.read(run_id, StreamKey())] == [(0, 0.5), (1, 0.25)]
        assert [ref.role for ref in record.files] == ["artifact", "resource"]

    @pytest.mark.parametrize("status", ["FAILED", "TIMEOUT"])
    def test_other_ends(self, status):
        """Other ends are written as well."""
        from datetime import datetime

        now = datetime(2026, 1, 2)
        observer = StoreObserver(MemoryStore())
        run_id = observer.queued_event({"name": "hand"}, "main", {}, now, {}, {})
        if status == "FAILED":
            observer.failed_event(now, ["trace"])
        else:
            observer.interrupted_event(now, status)
        assert observer.store.load(run_id).status == status

    def test_nothing_before_the_start(self):
        """Events of a run that has not started are refused."""
        with pytest.raises(ObserverError, match="call started_event"):
            StoreObserver(MemoryStore()).resource_event(__file__)

    def test_more_from_an_override(self, experiment, tmp_path):
        """An override may add files beyond the one that it is told of; they belong to the record that it keeps."""

        class Generous(FileStorageObserver):
            def artifact_event(self, name, filename, metadata=None, content_type=None):
                super().artifact_event(name, filename, metadata, content_type)
                super().artifact_event(f"extra-{name}", filename, metadata, content_type)

        observer = Generous(tmp_path / "runs")
        experiment.observers = [observer]
        experiment.main(lambda _run: _run.add_artifact(__file__, "a.py"))
        run = experiment.run()
        names = [ref.path for ref in observer.store.load(run.uid).files_of("artifact")]
        assert names == ["a.py", "extra-a.py"]
        assert (run.folder / "extra-a.py").read_bytes() == Path(__file__).read_bytes()


def test_equality(tmp_path):
    """Folder observers of the same folder are equal."""
    assert FileStorageObserver(tmp_path) == FileStorageObserver(str(tmp_path))
    assert FileStorageObserver(tmp_path) != FileStorageObserver(tmp_path / "x")
    assert len({FileStorageObserver(tmp_path), FileStorageObserver(tmp_path)}) == 1


def test_queue(experiment, tmp_path, caplog):
    """A queued run keeps its sources and config, and starts once, later, under its own id."""
    observer = FileStorageObserver(tmp_path / "runs")
    experiment.observers = [observer, StoreObserver(MemoryStore())]
    queued = experiment.run(config_updates={"a": 9}, options={"--queue": True})
    record = observer.store.load(queued._id)
    assert (queued.status, record.status, record.start_time) == ("QUEUED", "QUEUED", None)
    assert all(observer.store.has_blob(ref.sha256) for ref in record.files_of("source"))
    run = experiment.run(options={"--id": queued._id})
    assert (run.status, run.result, run.uid, run._id) == ("COMPLETED", 9, queued.uid, queued._id)
    assert observer.store.load(run._id).queue_time == record.queue_time
    with pytest.raises(RunExistsError):
        experiment.run(options={"--id": queued._id})


def test_a_folder_that_cannot_be(experiment, tmp_path):
    """A folder that cannot be made stops the run with a sentence that names it."""
    (tmp_path / "runs").write_text("a file")
    experiment.observers = [FileStorageObserver(tmp_path / "runs")]
    with pytest.raises(ObserverError, match="runs'\\) cannot take in the run: "):
        experiment.run()


def test_a_log_that_takes_no_more(experiment, tmp_path, monkeypatch, caplog):
    """A disk that is full during the run is told of once; the program goes on and other observers hear everything."""
    from expkit.stores.folder.log import RunLog

    witness = RecordingObserver()
    experiment.observers = [FileStorageObserver(tmp_path / "runs"), witness]

    @experiment.main
    def main(_run):
        def full(*_arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(RunLog, "write", full)
        monkeypatch.setattr(RunLog, "flush", full)
        _run.info["k"] = 1
        _run.flush()
        return 5

    run = experiment.run()
    assert (run.status, run.result) == ("COMPLETED", 5)
    assert caplog.text.count("is not complete: something may be missing: [Errno 28]") == 1
    assert witness.arguments("completed_event")[0]["result"] == 5


def test_any_exception_is_one_lanes_business(experiment, quick):
    """Exceptions that are no ``Exception`` end neither a lane nor what it owes."""
    import asyncio

    told = []

    class Cancelled(RunObserver):
        tries = 1

        def heartbeat_event(self, info):
            raise asyncio.CancelledError

        def completed_event(self, result):
            told.append(result)

    experiment.observers = [Cancelled()]
    run = experiment.run()
    assert told == [1]
    assert run.recorder.lanes[0].missed > 0


def test_any_folder_store_is_the_log(experiment, tmp_path):
    """A folder store is the local log by what it can do, not by the observer's class."""
    from expkit import open_store

    experiment.observers = [StoreObserver(open_store(f"folder:{tmp_path / 'runs'}"))]
    run = experiment.run()
    assert run.folder == tmp_path / "runs" / "1"
    assert not (tmp_path / "state" / "spool").exists()


@pytest.mark.parametrize("priority", [30, 10])
def test_an_override_that_renames(experiment, tmp_path, priority):
    """Other observers keep the artifact under its own name, whether or not the log lies in the renaming one's folder."""

    class Renames(FileStorageObserver):
        def artifact_event(self, name, filename, metadata=None, content_type=None):
            super().artifact_event(f"my_{name}", filename, metadata, content_type)

    renames = Renames(tmp_path / "mine", priority=priority)
    other = FileStorageObserver(tmp_path / "other")
    experiment.observers = [renames, other]
    experiment.main(lambda _run: _run.add_artifact(__file__, "a.py"))
    run = experiment.run()
    mine, others = (observer.store.load(run.uid).files_of("artifact") for observer in (renames, other))
    assert ({ref.path for ref in mine}, {ref.path for ref in others}) == ({"a.py", "my_a.py"}, {"a.py"})
    assert (tmp_path / "mine" / "1" / "my_a.py").read_bytes() == Path(__file__).read_bytes()
    assert not (tmp_path / "other" / "1" / "my_a.py").exists()


def test_files_of_overrides_are_their_own(experiment, tmp_path):
    """What an override adds is heard by no other observer."""

    class Generous(FileStorageObserver):
        def artifact_event(self, name, filename, metadata=None, content_type=None):
            super().artifact_event(name, filename, metadata, content_type)
            super().artifact_event(f"extra-{name}", filename, metadata, content_type)

    witness = RecordingObserver()
    experiment.observers = [Generous(tmp_path / "runs"), witness]
    experiment.main(lambda _run: _run.add_artifact(__file__, "a.py"))
    experiment.run()
    assert [call["name"] for call in witness.arguments("artifact_event")] == ["a.py"]


def test_cost_of_many_files(experiment, tmp_path):
    """A store is asked once for each file, however many there are already."""
    asked = []

    class Counting(MemoryStore):
        def has_blob(self, sha256):
            asked.append(sha256)
            return super().has_blob(sha256)

    experiment.observers = [StoreObserver(Counting())]

    @experiment.main
    def main(_run):
        for number in range(50):
            (tmp_path / "x").write_text(str(number))
            _run.add_artifact(tmp_path / "x", f"{number}.txt")

    run = experiment.run()
    assert len(asked) == len(set(asked)) == len({ref.sha256 for ref in run.record.files if ref.kept})


class Far(MemoryStore):
    """A store that says how many files are brought at once; the first four wait for each other."""

    capabilities = Capabilities(at_once=4)

    def __init__(self):
        super().__init__()
        self.together = threading.Barrier(4, timeout=60)
        self.failing = 0

    def put_blob(self, source):
        if not self.together.broken:
            self.together.wait()
            self.together.abort()
        if self.failing:
            self.failing -= 1
            raise StoreError("the line was busy")
        return super().put_blob(source)


@pytest.mark.parametrize("failing", [0, 2])
def test_many_files_at_once(experiment, tmp_path, quick, failing):
    """Where every answer is far away files are brought several at once; where some of them fail all are brought in the end."""
    store = Far()
    store.failing = failing
    experiment.observers = [StoreObserver(store)]
    for number in range(9):
        (tmp_path / f"{number}.py").write_text(f"# {number}")
        experiment.add_source_file(tmp_path / f"{number}.py")
    run = experiment.run()
    assert (run.status, run.recorder.owed) == ("COMPLETED", [])
    assert all(store.has_blob(ref.sha256) for ref in store.load(run.uid).files)


def test_bytes_go_again_to_another_store_in_the_place():
    """What is noted as sent are hashes alone; where another store has come to stand in the place, it gets them again."""

    class Replaced(MemoryStore):
        opened = 0

        def replace(self):
            self.__init__()
            self.opened += 1

    home, store = MemoryStore(), Replaced()
    blob = home.put_blob(b"bytes")
    record = sample_record(files=(FileRef(path="a", role="artifact", sha256=blob.sha256, size=5),))
    home.create(record)
    observer = StoreObserver(store)
    observer.take_in(record, None, bind=False)
    event = Completed(time=record.start_time, result=None)
    delivery = Delivery(event=event, record=record, log=PastLog(home, record.uid))
    observer.catch_up(delivery)
    assert set(delivery.sent) == {blob.sha256}
    store.replace()
    observer.catch_up(delivery)
    assert store.has_blob(blob.sha256)
    assert set(delivery.sent) == {blob.sha256}
