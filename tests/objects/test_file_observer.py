"""FileStorageObserver as scripts use it: its attributes, files beside the record, and subclasses of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from expkit import Experiment
from expkit.errors import ObserverError
from expkit.observers import FileStorageObserver, RunObserver
from expkit.stores.folder.store import FolderStore


@pytest.fixture
def ex(tmp_path, monkeypatch):
    """An experiment in a folder of its own; tests add the observer and main."""
    monkeypatch.chdir(tmp_path)
    return Experiment("files", interactive=True, observers=[], save_git_info=False)


def record(folder="runs", run="1"):
    """``run.json`` of a run."""
    return json.loads(Path(folder, str(run), "run.json").read_text())


def whole(folder="runs", run="1"):
    """The record of a run that has nothing missing in it."""
    found = FolderStore(folder).load(run)
    assert (found.status, found.gaps) == ("COMPLETED", ())
    for ref in found.files:
        assert FolderStore(folder).has_blob(ref.sha256)
    return found


class TestAttributes:
    """What an observer tells about the run that it is told of."""

    def test_folders(self, ex):
        """Folders are as they were given; the run's folder is known from the start of the run on, and stays known."""
        ex.observers.append(FileStorageObserver("runs"))

        @ex.main
        def main(_run):
            observer = _run.observers[0]
            assert observer is ex.observers[0] and observer.dir == os.path.join("runs", "1")
            assert (observer.basedir, observer.priority, observer.template) == ("runs", 20, None)
            assert (observer.resource_dir, observer.source_dir) == (Path("runs/_resources"), Path("runs/_sources"))

        assert ex.observers[0].dir is None
        ex.run()
        assert ex.observers[0].dir == os.path.join("runs", "1")

    def test_folders_hold_where_the_program_goes_elsewhere(self, ex, tmp_path):
        """A program that changes its folder still finds the run's."""
        ex.observers.append(FileStorageObserver("runs"))
        (tmp_path / "elsewhere").mkdir()

        @ex.main
        def main(_run):
            os.chdir("elsewhere")
            assert _run.observers[0].dir == str(tmp_path / "runs" / "1")
            assert _run.observers[0].basedir == str(tmp_path / "runs")

        ex.run()

    def test_run_entry(self, ex, tmp_path):
        """The entry has the predecessor's keys, as the run stands."""
        ex.observers.append(FileStorageObserver("runs"))
        (tmp_path / "data.txt").write_text("data")

        @ex.main
        def main(_run):
            observer = _run.observers[0]
            entry = observer.run_entry
            assert {"experiment", "command", "host", "start_time", "meta", "status", "heartbeat"} <= set(entry)
            assert (entry["_id"], entry["command"], entry["status"]) == ("1", "main", "RUNNING")
            assert (entry["resources"], entry["artifacts"]) == ([], [])
            assert entry["start_time"] == _run.start_time.isoformat() and entry["experiment"]["name"] == "files"
            assert "stop_time" not in entry and "fail_trace" not in entry
            _run.add_artifact("data.txt", "kept.txt")
            _run.add_resource("data.txt")
            observer.run_entry["mine"] = 1
            assert observer.run_entry["artifacts"] == ["kept.txt"] and observer.run_entry["mine"] == 1
            assert Path("runs", observer.run_entry["resources"][0][1]).read_text() == "data"
            return 7

        assert ex.observers[0].run_entry is None
        run = ex.run()
        entry = ex.observers[0].run_entry
        assert (entry["status"], entry["result"], entry["stop_time"]) == ("COMPLETED", 7, run.stop_time.isoformat())
        whole()

    def test_config_info_and_output(self, ex):
        """The observer knows config, info and output of the run."""
        ex.observers.append(FileStorageObserver("runs"))
        ex.add_config(a={"b": 1}, seed=3)

        @ex.main
        def main(_run):
            print("hello")
            _run.info["k"] = 1
            _run.flush()
            observer = _run.observers[0]
            assert (dict(observer.config), dict(observer.info)) == ({"a": {"b": 1}, "seed": 3}, {"k": 1})

        assert (ex.observers[0].config, ex.observers[0].info, ex.observers[0].cout) == (None, None, "")
        ex.run()
        assert ex.observers[0].cout == "hello\n"

    def test_a_record_that_is_gone(self, ex):
        """Where somebody has removed the record, the observer answers with what it knew."""
        ex.observers.append(FileStorageObserver("runs"))
        ex.main(lambda: None)
        ex.run()
        known = ex.observers[0].run_entry["status"]
        FolderStore("runs").delete("1")
        assert ex.observers[0].run_entry["status"] == known == "COMPLETED"
        assert ex.observers[0].config is None

    def test_equality(self, ex):
        """Observers of one folder are equal, so scripts find and remove them."""
        one = FileStorageObserver("runs")
        assert one == FileStorageObserver("./runs") == FileStorageObserver(Path("runs").resolve())
        assert one != FileStorageObserver("others") and one != "runs"
        ex.observers.append(one)
        assert FileStorageObserver("runs") in ex.observers
        ex.observers.remove(FileStorageObserver("runs"))
        assert ex.observers == [] and len({one, FileStorageObserver("runs")}) == 1

    def test_older_spellings(self):
        """``create`` says what to write, at the line that says it; ``create_from`` leaves the constructor out."""
        with pytest.warns(DeprecationWarning, match=r"use FileStorageObserver\(\.\.\.\)") as caught:
            made = FileStorageObserver.create("runs", priority=5)
        assert caught[0].filename == __file__ and (made.basedir, made.priority) == ("runs", 5)

        class Own(FileStorageObserver):
            def __init__(self, name):
                raise AssertionError(name)

        assert Own.create_from("runs").basedir == "runs"
        with pytest.raises(ObserverError, match="templates"):
            FileStorageObserver("runs", template="report.html")


class TestFilesBesideTheRecord:
    """Scripts put files of their own into the run's folder."""

    def test_save_file_and_save_json(self, ex, tmp_path):
        """Files are copied under their own or another name, also into sub-folders; values become JSON."""
        import numpy as np

        ex.observers.append(FileStorageObserver("runs"))
        (tmp_path / "model.txt").write_text("one")

        @ex.main
        def main(_run):
            observer = _run.observers[0]
            observer.save_file("model.txt")
            observer.save_file("model.txt", target_name="source/deep/copy.txt")
            observer.save_file(os.path.join(observer.dir, "model.txt"))
            observer.save_json({"b": np.arange(2), "a": 1}, "own.json")

        ex.run()
        assert Path("runs/1/model.txt").read_text() == Path("runs/1/source/deep/copy.txt").read_text() == "one"
        assert json.loads(Path("runs/1/own.json").read_text())["a"] == 1
        whole()

    def test_files_of_the_record_are_safe(self, ex, tmp_path):
        """No script overwrites what the record consists of, nor leaves the run's folder."""
        ex.observers.append(FileStorageObserver("runs"))
        (tmp_path / "x.txt").write_text("x")

        @ex.main
        def main(_run):
            observer = _run.observers[0]
            for name in ("run.json", "config.json", "cout.txt", "metrics.json", "../x.txt"):
                with pytest.raises(FileExistsError):
                    observer.save_file("x.txt", name)
            observer.run_entry["mine"] = 1
            observer.save_json(observer.run_entry, "run.json")
            return 5

        ex.run()
        assert record()["result"] == 5 and whole().result == 5

    def test_bytes_that_others_share_are_safe(self, ex, tmp_path):
        """A saved file takes the place of an artifact that shows kept bytes; the bytes stay as they were."""
        ex.observers.append(FileStorageObserver("runs"))
        (tmp_path / "a.txt").write_text("kept")

        @ex.main
        def main(_run):
            _run.add_artifact("a.txt")
            (tmp_path / "a.txt").write_text("other")
            _run.observers[0].save_file("a.txt")

        ex.run()
        kept = whole().files_of("artifact")[0]
        with FolderStore("runs").open_blob(kept.sha256) as file:
            assert file.read() == b"kept"
        assert Path("runs/1/a.txt").read_text() == "other"

    def test_find_or_save(self, ex, tmp_path):
        """A file that runs share is copied once, under a name that tells its bytes."""
        observer = FileStorageObserver("runs")
        (tmp_path / "data.csv").write_text("data")
        place = observer.find_or_save("data.csv", observer.resource_dir)
        assert place == Path("runs/_resources/data_8d777f385d3dfec8815d20f7496026dc.csv")
        assert observer.find_or_save("data.csv", observer.resource_dir) == place and place.read_text() == "data"

    def test_before_any_run(self, ex):
        """Without a run there is no folder to save into."""
        with pytest.raises(ObserverError, match="no run"):
            FileStorageObserver("runs").save_json({}, "x.json")


class TestSubclasses:
    """Subclasses that override event methods with the predecessor's signatures, and call ``super()``."""

    def run(self, ex, kind):
        observer = kind("runs")
        ex.observers.append(observer)
        ex.add_config(name="nn")

        @ex.main
        def main(_run):
            print("hello")
            assert os.path.isdir(observer.dir)
            _run.log_scalar("loss", 0.5)
            Path("made.txt").write_text("made")
            _run.add_artifact("made.txt")
            _run.add_resource("made.txt")
            _run.flush()
            return 42

        return ex.run(), observer

    def test_an_id_of_ones_own(self, ex):
        """The id that is handed to ``super()`` is the run's; the folder is there when it returns."""

        class Stamped(FileStorageObserver):
            def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
                _id = f"{config['name']}-{start_time:%Y}"
                found = super().started_event(ex_info, command, host_info, start_time, config, meta_info, _id)
                assert self.run_entry["status"] == "RUNNING" and self.run_entry["_id"] == _id
                Path(self.dir, "own.txt").write_text("own")
                os.makedirs(os.path.join(self.dir, "plots"))
                self.save_json({"k": 1}, "own.json")
                return found

        run, observer = self.run(ex, Stamped)
        assert run._id == f"nn-{run.start_time:%Y}" and observer.dir == os.path.join("runs", run._id)
        assert Path(observer.dir, "own.txt").read_text() == "own"
        found = whole(run=run._id)
        assert (found.result, [ref.path for ref in found.files_of("artifact")]) == (42, ["made.txt"])

    @pytest.mark.skipif(os.name == "nt", reason="no folder there can have a colon in its name")
    def test_a_time_of_day_as_id(self, ex):
        """A time is an id like others."""

        class Timed(FileStorageObserver):
            def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
                return super().started_event(
                    ex_info, command, host_info, start_time, config, meta_info, _id=str(start_time)
                )

        run, observer = self.run(ex, Timed)
        assert run._id == str(run.start_time) and os.path.basename(observer.dir) == run._id
        assert whole(run=run._id).result == 42

    def test_an_answer_of_ones_own(self, ex):
        """What the method returns is the run's id, also where the folder has another one, and where it is nothing."""

        class Answers(FileStorageObserver):
            answer = "other"

            def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
                super().started_event(ex_info, command, host_info, start_time, config, meta_info, "mine")
                return self.answer

        class Forgets(Answers):
            answer = None

        run, observer = self.run(ex, Answers)
        assert run._id == "other" and observer.run_entry["_id"] == "mine" and whole(run="mine").result == 42
        ex.observers = [Forgets("more")]
        assert ex.run().status == "COMPLETED" and whole("more", "mine").result == 42

    def test_trouble_after_super(self, ex):
        """What the method raises stops the run, and the record says so."""

        class Fails(FileStorageObserver):
            def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
                super().started_event(ex_info, command, host_info, start_time, config, meta_info, _id)
                raise ZeroDivisionError("mine")

        ex.observers.append(Fails("runs"))
        ex.main(lambda: 1)
        with pytest.raises(ZeroDivisionError, match="mine"):
            ex.run()
        assert record()["status"] == "FAILED"

    def test_by_keyword(self, ex):
        """A method that takes everything by keyword passes it on."""

        class Keywords(FileStorageObserver):
            def started_event(self, **event):
                assert set(event) >= {"ex_info", "command", "host_info", "start_time", "config", "meta_info", "_id"}
                event["_id"] = event["_id"] or "one"
                return super().started_event(**event)

        run, _ = self.run(ex, Keywords)
        assert run._id == "one" and whole(run="one").result == 42

    def test_a_folder_for_each_kind_of_run(self, ex):
        """The folder of all runs may be changed before ``super()`` is called, even with what was typed."""

        class Sorted(FileStorageObserver):
            def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
                self.basedir = os.path.join(self.basedir, "_".join([config["name"], *meta_info["options"]["UPDATE"]]))
                Path(self.basedir).mkdir(parents=True)
                return super().started_event(ex_info, command, host_info, start_time, config, meta_info, _id)

        ex.main(lambda: 42)
        ex.add_config(name="nn")
        ex.observers.append(Sorted("runs"))
        run = ex.run_commandline("train.py with name=mlp")
        folder = os.path.join("runs", "mlp_name=mlp")
        assert run._id == "1" and ex.observers[0].dir == os.path.join(folder, "1")
        assert whole(folder).result == 42
        stored = record(folder)["experiment"]["sources"]
        assert all(Path(folder, place).is_file() for _, place in stored) and Path("runs/_sources").is_dir()

    def test_folders_for_sources_and_resources(self, ex):
        """Folders that show sources and resources may be changed as well."""

        class Elsewhere(FileStorageObserver):
            def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
                self.source_dir, self.resource_dir = "code", Path("data")
                return super().started_event(ex_info, command, host_info, start_time, config, meta_info, _id)

        self.run(ex, Elsewhere)
        assert len(os.listdir("code")) >= 1 and len(os.listdir("data")) == 1
        whole()

    def test_every_event(self, ex):
        """All events reach their methods, and what these write into the folder stays there."""
        heard = []

        class Hears(FileStorageObserver):
            def heartbeat_event(self, info, captured_out, beat_time, result):
                super().heartbeat_event(info, captured_out, beat_time, result)
                heard.append(("heartbeat", captured_out))
                Path(self.dir, "beats.txt").write_text("beat")

            def log_metrics(self, metrics_by_name, info):
                super().log_metrics(metrics_by_name, info)
                heard.extend(("metrics", name, series["values"]) for name, series in metrics_by_name.items())

            def artifact_event(self, name, filename, metadata=None, content_type=None):
                heard.append(("artifact", name, Path(filename).read_text()))
                super().artifact_event(name, filename, metadata, content_type)

            def resource_event(self, filename):
                heard.append(("resource", os.path.basename(filename)))
                super().resource_event(filename)

            def completed_event(self, stop_time, result):
                super().completed_event(stop_time, result)
                heard.append(("completed", result, self.run_entry["status"]))
                Path(self.dir, "DONE").touch()

        _, observer = self.run(ex, Hears)
        assert [entry for entry in heard if entry[0] != "heartbeat"] == [
            ("artifact", "made.txt", "made"),
            ("resource", "made.txt"),
            ("metrics", "loss", [0.5]),
            ("completed", 42, "COMPLETED"),
        ]
        assert ("heartbeat", "hello\n") in heard
        assert {"beats.txt", "DONE", "made.txt", "metrics.json"} <= set(os.listdir(observer.dir))
        whole()

    @pytest.mark.parametrize("ends", ["failed", "interrupted"])
    def test_other_ends(self, ex, ends):
        """Failures and interrupts reach their methods."""
        heard = []

        class Ends(FileStorageObserver):
            def failed_event(self, fail_time, fail_trace):
                super().failed_event(fail_time, fail_trace)
                heard.append((self.run_entry["status"], self.run_entry["fail_trace"] == fail_trace))

            def interrupted_event(self, interrupt_time, status):
                super().interrupted_event(interrupt_time, status)
                heard.append((self.run_entry["status"], status == "INTERRUPTED"))

        ex.observers.append(Ends("runs"))
        kind = ValueError if ends == "failed" else KeyboardInterrupt

        @ex.main
        def main():
            raise kind

        with pytest.raises(kind):
            ex.run()
        assert heard == [(ends.upper(), True)] and record()["status"] == ends.upper()

    def test_queued(self, ex):
        """A run that is queued reaches ``queued_event``."""

        class Queues(FileStorageObserver):
            def queued_event(self, ex_info, command, host_info, queue_time, config, meta_info, _id):
                return super().queued_event(ex_info, command, host_info, queue_time, config, meta_info, "later")

        ex.observers.append(Queues("runs"))
        ex.main(lambda: None)
        ex.run(options={"--queue": True})
        assert record(run="later")["status"] == "QUEUED"

    def test_a_constructor_of_ones_own(self, ex):
        """A constructor may set attributes of any name before and after it calls ``super()``."""

        class Own(FileStorageObserver):
            def __init__(self, root, **more):
                self.more = more
                super().__init__(os.path.join(root, "inner"), copy_sources=False, copy_artifacts=False)
                self.info, self.cout = {"mine": 1}, "mine"

        ex.observers.append(Own("runs", k=1))
        ex.main(lambda: None)
        ex.run()
        assert (ex.observers[0].info, ex.observers[0].cout) == ({"mine": 1}, "mine")
        whole("runs/inner")


class TestAdditions:
    """Methods that the predecessor called by itself, and those that it had for itself."""

    def test_hooks_are_called(self, ex):
        """``save_sources``, ``save_cout`` and ``render_template`` of a subclass are called where Sacred called them."""
        heard = []

        class Mine(FileStorageObserver):
            def save_sources(self, ex_info):
                heard.append(("sources", [name for name, _ in ex_info["sources"]]))
                return super().save_sources(ex_info)

            def save_cout(self):
                heard.append("cout")
                super().save_cout()

            def render_template(self):
                heard.append(("template", self.run_entry["status"]))
                Path(self.dir, "report.html").write_text(self.cout)
                super().render_template()

        @ex.main
        def main(_run):
            print("hello")
            _run.flush()

        ex.observers.append(Mine("runs"))
        ex.run()
        assert heard[0][0] == "sources" and "tests/objects/test_file_observer.py" in heard[0][1]
        assert "cout" in heard and heard[-1] == ("template", "COMPLETED")
        assert Path("runs/1/report.html").read_text() == "hello\n"
        whole()

    def test_where_sources_are_shown(self, ex):
        """``save_sources`` says where each source lies below the folder."""
        given = []

        class Mine(FileStorageObserver):
            def save_sources(self, ex_info):
                given.extend(super().save_sources(ex_info))

        ex.main(lambda: None)
        ex.observers.append(Mine("runs"))
        ex.run()
        assert given and all(Path("runs", place).is_file() for _, place in given)

    def test_a_copy_of_the_old_started_event(self, ex):
        """An override that makes its folder by itself and calls no ``super()`` gets a whole record in that folder."""

        class Copy(FileStorageObserver):
            def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
                self.dir = os.path.join(self.basedir, "custom")
                os.makedirs(self.dir, exist_ok=True)
                self.run_entry = {"experiment": dict(ex_info), "status": "RUNNING", "artifacts": []}
                self.config, self.info, self.cout, self.cout_write_cursor = config, {}, "", 0
                self.save_json(self.run_entry, "run.json")
                self.save_json(self.config, "config.json")
                self.save_cout()
                return "custom"

        ex.main(lambda: 3)
        ex.observers.append(Copy("runs"))
        assert ex.run()._id == "custom"
        assert whole(run="custom").result == 3
        ex.run()  # the folder is taken: the run gets another one, and the first record stays
        assert whole(run="custom").uid != whole(run="1").uid

    @pytest.mark.parametrize("name", ["_make_run_dir", "_make_dir", "_maximum_existing_run_id"])
    def test_what_was_private(self, name):
        """Methods that only Sacred itself called are missing, with a sentence on what to write."""
        with pytest.raises(AttributeError, match=rf"no attribute '{name}'; .*super\(\).started_event\(...\)"):
            getattr(FileStorageObserver("runs"), name)
        with pytest.raises(AttributeError, match="no attribute 'nix'$"):
            FileStorageObserver("runs").nix  # noqa: B018

    def test_initialize(self, ex):
        """``initialize`` of a subclass is what the constructor and ``create_from`` call."""

        class Mine(FileStorageObserver):
            def initialize(self, basedir, *others, **more):
                super().initialize(os.path.join(basedir, "inner"), *others, **more)

        assert Mine("runs").basedir == Mine.create_from("runs", None, None, None).basedir == "runs/inner"
        ex.observers.append(Mine("runs", offline="journal"))
        ex.main(lambda: None)
        ex.run()
        whole("runs/inner")


class TestOtherObservers:
    """Observers that know nothing of stores."""

    def test_calls_of_super(self, ex, tmp_path):
        """Methods of the base class take what the predecessor's took, and do nothing."""
        heard = []

        class Old(RunObserver):
            def artifact_event(self, name, filename):
                heard.append(super().artifact_event(name, filename))

            def queued_event(self, ex_info, command, host_info, queue_time, config, meta_info, _id):
                return super().queued_event(ex_info, command, host_info, queue_time, config, meta_info, _id)

        (tmp_path / "a.txt").write_text("a")
        ex.observers += [Old(), FileStorageObserver("runs")]
        ex.main(lambda _run: _run.add_artifact("a.txt"))
        ex.run()
        assert heard == [None]
        whole()

    def test_one_that_passes_on(self, ex, tmp_path):
        """An observer that hands everything on to others, folders among them, leaves whole records there."""

        class Passes(RunObserver):
            def __init__(self, *others):
                self.others = others

            def started_event(self, **event):
                return [other.started_event(**event) for other in self.others][0]

            def heartbeat_event(self, *event, **more):
                for other in self.others:
                    other.heartbeat_event(*event, **more)

            def log_metrics(self, metrics_by_name, info):
                for other in self.others:
                    other.log_metrics(metrics_by_name, info)

            def artifact_event(self, name, filename, metadata, content_type):
                for other in self.others:
                    other.artifact_event(name, filename, metadata, content_type)

            def completed_event(self, stop_time, result):
                for other in self.others:
                    other.completed_event(stop_time=stop_time, result=result)

        (tmp_path / "a.txt").write_text("a")
        ex.observers.append(Passes(FileStorageObserver("runs"), FileStorageObserver("more")))

        @ex.main
        def main(_run):
            print("hello")
            _run.log_scalar("loss", 0.5)
            _run.add_artifact("a.txt")
            return 42

        assert ex.run()._id == "1"
        for folder in ("runs", "more"):
            assert whole(folder).result == 42 and Path(folder, "1", "cout.txt").read_text() == "hello\n"
            assert json.loads(Path(folder, "1", "metrics.json").read_text())["loss"]["values"] == [0.5]
            assert Path(folder, "1", "a.txt").read_text() == "a"

    def test_only_some_methods(self, ex):
        """An observer with some methods hears of those; ``join`` comes last; one that takes anything gets it all."""

        class Some(RunObserver):
            def __init__(self):
                self.heard = []

            def completed_event(self, stop_time, result):
                self.heard.append(result)

            def join(self):
                self.heard.append("join")

        class Duck:
            def __init__(self):
                self.heard = []

            def started_event(self, **event):
                self.heard.append(sorted(event))

            def completed_event(self, **event):
                self.heard.append(event["result"])

            def join(self):
                self.heard.append("join")

        some, duck = Some(), Duck()
        ex.observers += [some, duck]
        assert ex.main(lambda _run: [observer is one for observer, one in zip(_run.observers, (some, duck))])
        assert ex.run().result == [True, True]
        assert some.heard == [[True, True], "join"]
        events = ["_id", "command", "config", "ex_info", "host_info", "meta_info", "start_time"]
        assert duck.heard == [events, [True, True], "join"]
