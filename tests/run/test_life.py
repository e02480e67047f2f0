"""How runs begin, live and end, seen through the public API."""

import asyncio
import threading
import time

import pytest

from expkit import Experiment, RunInterrupt, StoreObserver, TimeoutInterrupt, start_run
from expkit.errors import AmbiguousRunError, CommandNotFoundError, NoActiveRunError, StoreNameError, UsageError
from expkit.record.model import OUTPUT, StreamKey
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import RecordingObserver


def recorded(experiment):
    """The experiment with a memory store as its only observer, and that store."""
    store = MemoryStore()
    experiment.observers.append(StoreObserver(store))
    return store


class TestEndings:
    """What main does decides the status; the record says the same as the handle."""

    def test_return(self, experiment):
        """A main that returns completes the run."""
        store = recorded(experiment)
        run = experiment.run(config_updates={"a": 5})
        assert (run.status, run.result, run.fail_trace) == ("COMPLETED", 5, None)
        assert store.load(run.uid).status == "COMPLETED"
        assert store.load(run.uid).result == 5

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (ValueError("no"), "FAILED"),
            (SystemExit(3), "FAILED"),
            (SystemExit("text"), "FAILED"),
            (SystemExit(0), "COMPLETED"),
            (SystemExit(), "COMPLETED"),
            (KeyboardInterrupt(), "INTERRUPTED"),
            (RunInterrupt("enough"), "INTERRUPTED"),
            (TimeoutInterrupt(), "TIMEOUT"),
        ],
    )
    def test_exceptions(self, experiment, error, status):
        """Each way to leave main has its status, output and metrics are complete, and the exception comes through."""
        store = recorded(experiment)

        @experiment.main
        def main(_run):
            print("said before the end")
            _run.log_scalar("loss", 0.5)
            raise error

        with pytest.raises(type(error)) as caught:
            experiment.run()
        assert caught.value is error
        run = experiment.current_run
        record = store.load(run.uid)
        assert (run.status, record.status) == (status, status)
        assert store.read(run.uid, StreamKey(OUTPUT)) == b"said before the end\n"
        assert [point.value for point in store.read(run.uid, StreamKey())] == [0.5]
        assert (record.stop_time is not None) and bool(record.fail_trace) == (status == "FAILED")

    def test_own_status(self, experiment):
        """An interrupt of the user's own gives its own status."""
        store = recorded(experiment)

        class Diverged(RunInterrupt):
            STATUS = "DIVERGED"

        @experiment.main
        def main():
            raise Diverged("loss is nan")

        with pytest.raises(Diverged):
            experiment.run()
        record = store.load(experiment.current_run.uid)
        assert (record.status, record.cause) == ("DIVERGED", "loss is nan")

    def test_fail_trace_is_the_users(self, experiment):
        """The kept traceback begins at the user's main."""

        @experiment.main
        def main():
            raise ValueError("inside")

        with pytest.raises(ValueError, match="inside"):
            experiment.run()
        trace = "".join(experiment.current_run.fail_trace)
        assert "in main" in trace
        assert "engine" not in trace

    def test_failing_hooks(self, experiment):
        """A hook that fails fails the run; hooks after main are not called if main fails."""
        store = recorded(experiment)
        called = []

        @experiment.post_run_hook
        def after(_run):
            called.append(_run.result)
            raise RuntimeError("hook")

        with pytest.raises(RuntimeError, match="hook"):
            experiment.run(config_updates={"a": 7})
        assert called == [7]
        assert store.load(experiment.current_run.uid).status == "FAILED"

    def test_hooks_run_in_order(self):
        """Hooks of ingredients come before those of the experiment, around main."""
        from expkit import Ingredient

        calls = []
        data = Ingredient("data", interactive=True)
        ex = Experiment("hooks", [data], interactive=True, observers=[])
        ex.pre_run_hook(lambda: calls.append("ex before"))
        data.pre_run_hook(lambda: calls.append("data before"))
        ex.post_run_hook(lambda: calls.append("ex after"))
        data.post_run_hook(lambda: calls.append("data after"))
        ex.main(lambda: calls.append("main"))
        ex.run()
        assert calls == ["data before", "ex before", "main", "data after", "ex after"]

    def test_a_run_starts_once(self, experiment):
        """A run is one run; a second call is an error."""
        run = experiment._create_run()
        run()
        with pytest.raises(RuntimeError, match="only be started once"):
            run()

    def test_coroutine_main(self, experiment):
        """A coroutine function as main is awaited."""

        @experiment.main
        async def main(a):
            await asyncio.sleep(0)
            return a + 1

        assert experiment.run().result == 2

    def test_arguments_for_main(self, experiment):
        """Arguments of the call of a run go to main."""

        @experiment.main
        def main(x, a):
            return x, a

        assert experiment._create_run()(9) == (9, 1)


class TestCommands:
    """Which function runs."""

    def test_by_name(self, experiment):
        """A command is run by its name, ingredients' commands by dotted name."""
        from expkit import Ingredient

        data = Ingredient("data", interactive=True)
        data.add_config(n=3)
        data.command(lambda n: n, prefix=None).__name__
        experiment.ingredients.append(data)

        @data.command
        def count(n):
            return n

        @experiment.command
        def twice(a):
            return 2 * a

        assert experiment.run("twice").result == 2
        assert experiment.run("data.count").result == 3

    def test_unknown(self, experiment):
        """An unknown command is an error with near names."""
        with pytest.raises(CommandNotFoundError, match=r"no command 'print_confg'; did you mean print_config"):
            experiment.run("print_confg")

    def test_none(self):
        """Without a main function a command must be named."""
        with pytest.raises(UsageError, match="has no main function"):
            Experiment("empty", interactive=True).run()


class TestHandle:
    """What the handle of a run offers."""

    def test_needs_a_start(self, experiment):
        """What writes needs a run that has started."""
        run = experiment._create_run()
        for attempt in (
            lambda: run.dir,
            lambda: run.log_scalar("x", 1),
            lambda: run.flush(),
            lambda: run.add_artifact(__file__),
            lambda: run.bind(print),
        ):
            with pytest.raises(NoActiveRunError, match="has started"):
                attempt()

    def test_experiment_without_run(self):
        """The experiment's shortcuts need a run."""
        with pytest.raises(NoActiveRunError, match="log_scalar needs a run"):
            Experiment("none", interactive=True).log_scalar("x", 1)

    def test_shortcuts_of_the_experiment(self, experiment, tmp_path):
        """The experiment's shortcuts mean the current run."""
        store = recorded(experiment)
        (tmp_path / "data.txt").write_text("data")

        @experiment.main
        def main():
            experiment.log_scalar("x", 1)
            experiment.log_scalars({"y": 2, "z": 3}, step=7)
            experiment.info["note"] = [1]
            with experiment.open_resource(tmp_path / "data.txt") as file:
                text = file.read()
            experiment.add_resource(tmp_path / "data.txt")
            experiment.add_artifact(tmp_path / "data.txt", "copy/of.txt", {"k": 1}, "text/x")
            return text

        run = experiment.run()
        record = store.load(run.uid)
        assert run.result == "data"
        points = [(point.name, point.step, point.value) for point in store.read(run.uid, StreamKey())]
        assert points == [("x", 0, 1), ("y", 7, 2), ("z", 7, 3)]
        assert record.info == {"note": [1]}
        artifact = record.files_of("artifact")[0]
        assert (artifact.path, artifact.metadata, artifact.content_type) == ("copy/of.txt", {"k": 1}, "text/x")
        assert store.open_blob(artifact.sha256).read() == b"data"
        assert len(record.files_of("resource")) >= 1

    def test_dir(self, experiment):
        """What lies in ``run.dir`` at the end belongs to the run's artifacts, also without a folder store."""
        store = recorded(experiment)

        @experiment.pre_run_hook
        def before(_run):
            (_run.dir / "sub").mkdir()
            (_run.dir / "sub" / "x.bin").write_bytes(b"\x00x")

        run = experiment.run()
        (ref,) = store.load(run.uid).files_of("artifact")
        assert ref.path == "files/sub/x.bin"
        assert store.open_blob(ref.sha256).read() == b"\x00x"

    def test_folder_as_artifact(self, experiment, tmp_path):
        """A folder is kept file by file."""
        store = recorded(experiment)
        (tmp_path / "out" / "deep").mkdir(parents=True)
        (tmp_path / "out" / "a.txt").write_text("a")
        (tmp_path / "out" / "deep" / "b.txt").write_text("b")
        experiment.main(lambda _run: _run.add_artifact(tmp_path / "out"))
        run = experiment.run()
        assert [ref.path for ref in store.load(run.uid).files_of("artifact")] == ["out/a.txt", "out/deep/b.txt"]

    def test_missing_artifact_is_a_gap(self, experiment, tmp_path, capsys):
        """A file that cannot be kept is named in the record and does not stop the program."""
        store = recorded(experiment)
        experiment.main(lambda _run: _run.add_artifact(tmp_path / "nothing.pkl"))
        run = experiment.run()
        (gap,) = store.load(run.uid).gaps
        assert run.status == "COMPLETED"
        assert gap.startswith("artifact nothing.pkl could not be kept")

    def test_artifact_names_stay_inside(self, experiment):
        """An artifact's name cannot leave the run."""
        recorded(experiment)
        experiment.main(lambda _run: _run.add_artifact(__file__, "../evil.py"))
        with pytest.raises(StoreNameError):
            experiment.run()

    def test_unobserved_runs_keep_nothing(self, experiment, tmp_path):
        """A run that nobody observes may use everything, and leaves nothing behind."""
        seen = []

        @experiment.main
        def main(_run):
            _run.log_scalar("x", 1)
            _run.add_artifact(__file__)
            (_run.dir / "x").write_text("x")
            seen.append(_run.dir)
            return _run.captured_out

        run = experiment.run()
        assert run.status == "COMPLETED"
        assert run._id is None
        assert not seen[0].exists()
        assert not (tmp_path / "state").exists()

    def test_flush(self, experiment):
        """After a flush, observers know what was reported."""
        witness = RecordingObserver()
        experiment.observers.append(witness)

        @experiment.main
        def main(_run):
            _run.log_scalar("x", 1)
            _run.info["k"] = 2
            _run.flush()
            deadline = time.monotonic() + 10
            while not witness.arguments("heartbeat_event") and time.monotonic() < deadline:
                time.sleep(0.01)
            return witness.arguments("heartbeat_event")[0]["info"], witness.points()

        assert experiment.run().result == ({"k": 2}, {"x": [(0, 1)]})

    def test_intermediate_result(self, experiment):
        """A result that is set early comes with the beats."""
        witness = RecordingObserver()
        experiment.observers.append(witness)

        @experiment.main
        def main(_run):
            _run.result = 0.1
            _run.flush()
            return 0.2

        experiment.run()
        assert witness.arguments("heartbeat_event")[-1]["result"] == 0.2
        assert witness.arguments("completed_event")[0]["result"] == 0.2

    def test_beats(self, experiment):
        """Beats come at their interval, with new points only."""
        witness = RecordingObserver()
        experiment.observers.append(witness)

        @experiment.main
        def main(_run):
            deadline = time.monotonic() + 10
            while len(witness.arguments("heartbeat_event")) < 3 and time.monotonic() < deadline:
                _run.log_scalar("x", 1)
                time.sleep(0.005)

        experiment.run(options={"--beat-interval": 0.02})
        steps = [step for step, _value in witness.points()["x"]]
        assert steps == list(range(len(steps)))
        assert len(witness.arguments("log_metrics")) > 1

    def test_without_beats_the_end_is_complete(self, experiment):
        """Switching beats off loses nothing."""
        witness = RecordingObserver()
        experiment.observers.append(witness)

        @experiment.main
        def main(_run):
            print("words")
            _run.log_scalar("x", 1)

        experiment.run(options={"--beat-interval": 0})
        assert witness.points() == {"x": [(0, 1)]}
        assert witness.arguments("heartbeat_event")[-1]["captured_out"] == "words\n"


class TestManyRuns:
    """Runs inside runs and beside each other."""

    def test_nested(self, experiment):
        """A nested run is a child of the outer one, and leaves it its config and handle."""
        store = recorded(experiment)

        @experiment.capture
        def seen(a, _run):
            return a, _run.uid

        @experiment.main
        def main(a, _run):
            inner = experiment.run(config_updates={"a": a + 1}) if a < 3 else None
            assert seen() == (a, _run.uid)
            return [a] + (inner.result if inner else [])

        run = experiment.run()
        assert run.result == [1, 2, 3]
        records = {record.config["a"]: record for record in map(store.load, (key.uid for key in store.ids()))}
        assert records[1].parent is None
        assert records[2].parent == records[1].uid
        assert records[3].parent == records[2].uid

    def test_threads(self, experiment):
        """Twenty runs of one experiment at once see their own config and handle each."""
        barrier = threading.Barrier(20)

        @experiment.capture
        def seen(a, _run):
            return a, _run.config["a"]

        @experiment.main
        def main(a):
            barrier.wait(timeout=30)
            return {seen() for _ in range(50)} == {(a, a)}

        runs = []
        threads = [
            threading.Thread(target=lambda i=i: runs.append(experiment.run(config_updates={"a": i}))) for i in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [run.result for run in runs] == [True] * 20

    def test_helper_threads(self, experiment):
        """A plain thread uses the only run there is; where there are several, ``bind`` says which is meant."""

        @experiment.capture
        def seen(a):
            return a

        def in_thread(function):
            found = []

            def work():
                try:
                    found.append(function())
                except AmbiguousRunError as error:
                    found.append(str(error))

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            return found[0]

        @experiment.main
        def main(a, _run):
            if a == 1:
                assert in_thread(seen) == 1
                return experiment.run(config_updates={"a": 2}).result
            return in_thread(seen), in_thread(_run.bind(seen))

        message, bound = experiment.run().result
        assert "bind(" in message
        assert bound == 2

    def test_runs_share_no_config(self, experiment):
        """What one run does to its config is unknown to the next."""
        experiment.add_config({"deep": {"list": [1]}})

        @experiment.main
        def main(deep, _run):
            deep["list"].append(2)
            _run.config["deep"]["list"].append(3)
            return deep["list"]

        assert experiment.run().result == [1, 2]
        assert experiment.run().result == [1, 2]


class TestConfigReports:
    """What the end of a run says about its config."""

    def test_unread_override(self, experiment, caplog):
        """An override that nobody read is reported and recorded."""
        store = recorded(experiment)
        experiment.add_config({"b": {"x": 1, "y": 2}})
        run = experiment.run(config_updates={"b.x": 5, "a": 2})
        facts = store.load(run.uid).facts
        assert facts.unread == ("b.x",)
        assert "config entry b.x was overridden, but nobody read it" in caplog.text
        assert "a" in facts.read

    def test_mutated_entry(self, experiment, caplog):
        """A function that changes its copy in place is told of at the end."""
        store = recorded(experiment)
        experiment.add_config({"layers": [1, 2]})

        @experiment.main
        def main(layers):
            layers.append(3)

        run = experiment.run()
        assert store.load(run.uid).facts.mutated == ("layers",)
        assert store.load(run.uid).config["layers"] == [1, 2]
        assert "config entry layers was changed in place" in caplog.text

    def test_read_only(self, experiment, monkeypatch):
        """Where the setting asks, what functions get refuses to be changed."""
        from expkit import SETTINGS
        from expkit.errors import ReadOnlyConfigError

        monkeypatch.setattr(SETTINGS.CONFIG, "READ_ONLY_CONFIG", True)
        experiment.add_config({"layers": [1, 2]})

        @experiment.main
        def main(layers):
            layers += [3]

        with pytest.raises(ReadOnlyConfigError):
            experiment.run()


class TestStartRun:
    """Recording without decorators."""

    def test_block(self, tmp_path):
        """A block is a run: its config, points and end are recorded."""
        store = MemoryStore()
        with start_run("loose", {"lr": 0.1}, observers=[StoreObserver(store)], tags=["t"]) as run:
            assert run.status == "RUNNING"
            run.log_scalar("loss", 1.0)
            run.result = 3
        record = store.load(run.uid)
        assert (record.status, record.config["lr"], record.result) == ("COMPLETED", 0.1, 3)
        assert (record.name, record.meta["tags"]) == ("loose", ["t"])
        assert record.experiment["mainfile"].endswith("test_life.py")

    def test_failing_block(self):
        """A block that raises is a failed run."""
        store = MemoryStore()
        with pytest.raises(ZeroDivisionError), start_run("loose", observers=[StoreObserver(store)]) as run:
            1 / 0
        assert store.load(run.uid).status == "FAILED"


def test_a_run_that_cannot_be_watched_fails(experiment):
    """A capture mode that does not exist ends the run as failed, with a clear error."""
    store = recorded(experiment)
    run = experiment._create_run()
    run.capture_mode = "everything"
    with pytest.raises(UsageError, match="no capture mode 'everything'"):
        run()
    assert (run.status, store.load(run.uid).status) == ("FAILED", "FAILED")


def test_templates_are_refused(tmp_path):
    """The predecessor's templates are refused with what to do instead."""
    from expkit import FileStorageObserver
    from expkit.errors import ObserverError

    with pytest.raises(ObserverError, match="post-run hook"):
        FileStorageObserver(tmp_path, template="x.html")


def test_points_after_the_end(tmp_path, caplog):
    """A point that comes after the end of its run is lost, says so once, and raises nothing."""
    with start_run("loose", observers=[f"folder:{tmp_path / 'runs'}"]) as run:
        run.log_scalar("x", 1)
    run.log_scalar("x", 2)
    run.log_scalar("x", 3)
    assert caplog.text.count("is not in its record") == 1


class TestWhatCannotBePrevented:
    """A run that has begun has an end, and nothing after it."""

    @pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), "INTERRUPTED"), (MemoryError(), "FAILED")])
    def test_interrupt_while_starting(self, experiment, monkeypatch, error, status):
        """What strikes between the start and main is written down."""
        store = recorded(experiment)

        def strike(*_):
            raise error

        monkeypatch.setattr("expkit.run.life.engine.capture", strike)
        with pytest.raises(type(error)):
            experiment.run()
        assert [store.load(key.uid).status for key in store.ids()] == [status]

    def test_odd_file_names(self, experiment, tmp_path):
        """A file that cannot be an artifact is a gap, not the loss of the end."""
        experiment.observers = [f"folder:{tmp_path / 'runs'}"]

        @experiment.main
        def main(_run):
            (_run.dir / "a\\b.txt").write_text("x")
            return 4

        run = experiment.run()
        assert (run.status, run.result) == ("COMPLETED", 4)
        assert any("b.txt" in gap for gap in run.record.gaps)

    def test_failing_last_steps(self, experiment, monkeypatch, caplog):
        """A fault of ours in the last steps loses neither result nor status."""
        store = recorded(experiment)
        monkeypatch.setattr("expkit.run.life.engine.last_facts", lambda run: 1 / 0)
        run = experiment.run()
        assert (run.status, store.load(run.uid).status, store.load(run.uid).result) == ("COMPLETED", "COMPLETED", 1)
        assert "the record lacks something" in caplog.text

    def test_nothing_after_the_end(self, experiment, tmp_path, caplog):
        """What is reported after the end changes nothing in the record, and is said once."""
        experiment.observers = [f"folder:{tmp_path / 'runs'}"]
        run = experiment.run()
        before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
        run.log_scalar("x", 1)
        run.add_artifact(__file__)
        run.flush()
        assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")} == before
        assert caplog.text.count("is not in its record") == 1

    def test_nothing_comes_back_into_a_spool(self, experiment, tmp_path):
        """A spool that is gone stays gone."""
        recorded(experiment)
        run = experiment.run()
        run.log_scalar("x", 1)
        run.flush()
        assert list((tmp_path / "state" / "spool").iterdir()) == []


def test_times_are_those_of_the_record(experiment):
    """The handle's times are the record's."""
    store = recorded(experiment)
    run = experiment.run()
    record = store.load(run.uid)
    assert run.start_time == record.start_time.replace(tzinfo=None)
    assert run.stop_time == record.stop_time.replace(tzinfo=None)
    queued = experiment.run(options={"--queue": True})
    assert (queued.start_time, queued.stop_time) == (None, None)


def test_coroutine_hooks(experiment):
    """Hooks that are coroutine functions are awaited."""
    called = []

    @experiment.pre_run_hook
    async def before(a):
        called.append(a)

    @experiment.post_run_hook
    async def after(a):
        called.append(a + 1)

    experiment.run()
    assert called == [1, 2]


def test_levels_come_back(experiment):
    """After runs that overlapped, the logger's level is what it was."""
    import logging

    logger = logging.getLogger("sample")
    inside = threading.Barrier(2)

    @experiment.main
    def main(a):
        inside.wait(timeout=30)
        time.sleep(0.02 * a)

    threads = [threading.Thread(target=experiment.run, kwargs={"config_updates": {"a": a}}) for a in (1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (logger.level, logger.handlers) == (logging.NOTSET, [])


def test_shortcuts_mean_the_callers_run(experiment):
    """The experiment's shortcuts mean the run of the calling code: the outer one after a nested one, none of several."""
    store = recorded(experiment)

    @experiment.main
    def main(a, _run):
        if a == 1:
            experiment.run(config_updates={"a": 2})
            experiment.log_scalar("outer", 1)
            return None
        found = []

        def work():
            try:
                experiment.log_scalar("lost", 1)
            except AmbiguousRunError as error:
                found.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return found

    run = experiment.run()
    logged = {key.uid: [point.name for point in store.read(key.uid, StreamKey())] for key in store.ids()}
    points = {uid: [name for name in names if not name.startswith("system/")] for uid, names in logged.items()}
    inner = next(uid for uid in points if uid != run.uid)
    assert points == {run.uid: ["outer"], inner: []}
    assert "run.bind(fn)" in store.load(inner).result[0]


def test_results_that_answer_everything(experiment):
    """A result is taken for a coroutine only if it is one."""
    from unittest.mock import MagicMock

    experiment.main(MagicMock)
    assert experiment.run().status == "COMPLETED"


def test_coroutine_main_in_a_running_loop(experiment):
    """A coroutine function as main works where a loop is running, as in notebooks."""

    @experiment.main
    async def main(a):
        await asyncio.sleep(0)
        return a

    async def cell():
        return experiment.run().result

    assert asyncio.run(cell()) == 1


def test_exceptions_that_cannot_be_shown(experiment):
    """An exception whose text cannot be had fails the run as any other."""
    store = recorded(experiment)

    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    @experiment.main
    def main():
        raise Mute

    with pytest.raises(Mute):
        experiment.run()
    record = store.load(experiment.current_run.uid)
    assert record.status == "FAILED"
    assert "Mute" in record.fail_trace[-1]


def test_what_is_no_file_is_a_gap(experiment, tmp_path):
    """Pipes, and names that are empty, are gaps: nothing waits, nothing is kept by mistake."""
    import os

    store = recorded(experiment)
    os.mkfifo(tmp_path / "pipe")

    @experiment.main
    def main(_run):
        _run.add_artifact(tmp_path / "pipe")
        _run.add_artifact("")

    run = experiment.run()
    assert len(store.load(run.uid).gaps) == 2
    assert store.load(run.uid).files_of("artifact") == ()


def test_config_of_the_handle_counts_as_read(experiment, caplog):
    """Who looks at ``_run.config`` reads entries."""
    experiment.add_config(b=1)
    experiment.main(lambda _run: _run.config["b"])
    assert experiment.run(config_updates={"b": 2}).result == 2
    assert "nobody read it" not in caplog.text


def test_the_store_is_no_artifact(experiment, tmp_path, monkeypatch):
    """A folder that is kept whole does not take the store in it along."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.txt").write_text("x")
    experiment.observers = ["folder:runs"]
    experiment.main(lambda _run: _run.add_artifact(".", "all"))
    run = experiment.run()
    assert [ref.path for ref in run.record.files_of("artifact")] == ["all/x.txt"]


def test_runs_are_not_pickled(experiment):
    """A run belongs to its process."""
    import pickle

    with pytest.raises(TypeError, match="run.uid"):
        pickle.dumps(experiment.run())


def test_cells_that_are_run_again():
    """In a notebook, a cell that is run again defines its config anew."""
    namespace = {"__name__": "__main__", "experiments": []}
    cell = """
from expkit import Experiment
if not experiments:
    experiments.append(Experiment("nb", interactive=True, observers=[]))
ex = experiments[0]
"""
    exec(cell, namespace)
    ex = namespace["ex"]

    def config():
        gone = 1

    def again():
        kept = 2

    again.__name__ = "config"
    for function in (config, again):
        ex.config(function)
        ex.named_config(function)
    ex.main(lambda _config: _config)
    assert set(ex.run().result) - {"seed"} <= {"kept"}
