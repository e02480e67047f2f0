"""Runs as scripts handle them: unstarted, while they run, and afterwards."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timezone

import pytest
import yaml

from expkit import Experiment
from expkit.observers import FileStorageObserver, RunObserver
from expkit.program import print_config


class Hears(RunObserver):
    """An observer that remembers what it is told."""

    def __init__(self):
        self.heard = []

    def started_event(self, meta_info, _id):
        self.heard.append(("started", _id))
        self.meta_info = meta_info

    def heartbeat_event(self, captured_out, result):
        self.heard.append(("beat", captured_out))

    def completed_event(self, result):
        self.heard.append(("completed", result))

    def failed_event(self, fail_trace):
        self.heard.append(("failed", fail_trace[-1]))


@pytest.fixture
def ex(tmp_path):
    """An experiment that records into a folder."""
    made = Experiment("runs", interactive=True, observers=[FileStorageObserver(tmp_path / "runs")], save_git_info=False)

    @made.config
    def settings():
        a = 1  # a number
        d = {"x": [1, 2]}

    @made.main
    def main(a, d):
        print("hello", a)
        return a

    return made


class TestUnstarted:
    """``_create_run()`` gives a run that has not started."""

    def test_it_has_not_happened_yet(self, ex):
        """Before the call there is a config, and nothing else has happened."""
        run = ex._create_run(config_updates={"a": 3}, info={"k": 1})
        assert ex.current_run is run and run.config["a"] == 3 and run.info == {"k": 1}
        assert (run._id, run.status, run.start_time, run.stop_time) == (None, None, None, None)
        assert (run.result, run.fail_trace, run.captured_out) == (None, None, "")
        assert (run.unobserved, run.queue_only, run.force, run.debug, run.pdb) == (False,) * 5
        assert ex.observers[0].dir is None
        assert {"name", "sources", "base_dir"} <= set(run.experiment_info) and "hostname" in run.host_info

    def test_it_is_called_once(self, ex):
        """The call runs main, gives its result, and works once."""
        run = ex._create_run()
        assert run() == 1 and run.status == "COMPLETED"
        with pytest.raises(RuntimeError, match="once"):
            run()
        assert ex.run().result == 1

    def test_unobserved(self, ex, tmp_path):
        """A run that is made unobserved before its start leaves nothing."""
        run = ex._create_run()
        run.unobserved = True
        run()
        assert run.observers == [] and not (tmp_path / "runs").exists()

    def test_observers(self, ex, tmp_path):
        """Observers that are set before the start are the ones that are told, those of higher priority first."""
        first, second = Hears(), Hears()
        second.priority = 10
        run = ex._create_run()
        run.observers = [first, second]
        run.observers.append(FileStorageObserver(tmp_path / "others"))
        run()
        assert [type(observer) for observer in run.observers] == [FileStorageObserver, Hears, Hears]
        assert run.observers[1] is second and first.heard[-1] == ("completed", 1)
        assert not (tmp_path / "runs").exists() and (tmp_path / "others" / "1").is_dir()

    @pytest.mark.parametrize("given", ["mine", 7, "2026-01-02_10-11-12"])
    def test_id(self, ex, tmp_path, given):
        """An id that is set before the start is the run's id."""
        run = ex._create_run()
        run._id = given
        run()
        assert str(run._id) == str(given) and (tmp_path / "runs" / str(given) / "run.json").is_file()

    def test_output(self, ex):
        """Capture mode and filter that are set before the start count."""
        run = ex._create_run()
        run.capture_mode, run.captured_out_filter = None, str.upper
        run()
        assert run.captured_out == "HELLO 1\n"
        silent = ex._create_run()
        silent.capture_mode = "no"
        silent()
        assert silent.captured_out == ""

    def test_queue_only(self, ex, tmp_path):
        """A run that is to be queued is written down and does not start."""
        run = ex._create_run()
        run.queue_only = True
        run()
        assert json.loads((tmp_path / "runs" / "1" / "run.json").read_text())["status"] == "QUEUED"

    def test_beats(self, ex):
        """The interval of beats can be set, and force and debug do no harm."""
        observer = Hears()
        ex.observers.append(observer)
        run = ex._create_run()
        run.beat_interval, run.force, run.debug, run.pdb = 0, True, True, False
        run()
        assert [kind for kind, _ in observer.heard] == ["started", "beat", "completed"]

    def test_what_is_said_about_it(self, ex, tmp_path):
        """What is added to ``meta_info`` before the start is recorded, and told."""
        observer = Hears()
        ex.observers.append(observer)
        run = ex._create_run(meta_info={"comment": "first"})
        run.meta_info["comment"] = "second"
        run.meta_info["api_token"] = "very-secret-text"
        run()
        record = json.loads((tmp_path / "runs" / "1" / "run.json").read_text())
        assert record["meta"]["comment"] == observer.meta_info["comment"] == "second"
        assert "very-secret-text" not in (tmp_path / "runs" / "1" / "run.json").read_text()


class TestAfterwards:
    """A run that is over tells what happened."""

    def test_a_completed_run(self, ex):
        """Times are naive UTC; result, output, id and docs are there."""
        before = datetime.now(timezone.utc).replace(tzinfo=None)
        run = ex.run(config_updates={"a": 2})
        assert before <= run.start_time <= run.stop_time and run.start_time.tzinfo is None
        assert (run._id, run.result, run.status, run.fail_trace) == ("1", 2, "COMPLETED", None)
        assert run.captured_out == "hello 2\n"
        assert run.config_modifications.docs["a"] == "a number"
        assert run.config_modifications.modified == {"a"} and run.config_modifications.added == set()

    def test_a_failed_run(self, ex):
        """The traceback is a list of texts."""

        @ex.command
        def fails():
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            ex.run("fails")
        run = ex.current_run
        assert run.status == "FAILED" and run.fail_trace[-1] == "ValueError: no\n"

    def test_attributes_of_ones_own(self, ex):
        """A run takes attributes of the user's, before and while it runs."""

        @ex.command
        def remembers(_run):
            _run.mine = [_run.earlier]

        run = ex._create_run("remembers")
        run.earlier = 1
        run()
        assert run.mine == [1]

    def test_attributes_under_our_names(self, ex, tmp_path):
        """Attributes of the user's may have names that are ours; the record does not mind."""

        @ex.command
        def covers(_run):
            _run.dir, _run.folder, _run.status, _run.seed, _run.config = "a", "b", "c", "d", {"e": 1}
            return _run.dir, _run.folder, _run.status, _run.seed, _run.config

        run = ex.run_commandline("train.py covers")
        assert run.result == ("a", "b", "c", "d", {"e": 1})
        record = json.loads((tmp_path / "runs" / "1" / "run.json").read_text())
        assert (record["status"], record["gaps"], record["config"]["a"]) == ("COMPLETED", [], 1)

    def test_info_is_replaced(self, ex, tmp_path):
        """``info`` may be replaced as a whole, and hold arrays."""
        import numpy as np

        @ex.command
        def reports(_run):
            _run.info["x"] = {"array": np.arange(2), "number": np.float32(1.5)}
            _run.result = 3
            ex.info["y"] = 1

        run = ex.run("reports")
        assert run.info["y"] == 1 and run.result is None
        info = json.loads((tmp_path / "runs" / "1" / "info.json").read_text())
        assert info["y"] == 1 and info["x"]["number"] == 1.5

    def test_from_the_command_line(self, ex, capsys):
        """``run_commandline`` returns the run, whose options say what was typed."""
        run = ex.run_commandline(["train.py", "with", "a=4", "d.x=[3]", "-f"])
        assert run.config["a"] == 4
        options = run.meta_info["options"]
        assert (options["UPDATE"], options["--force"], options["--enforce_clean"]) == (["a=4", "d.x=[3]"], True, False)
        assert ex.run_commandline("train.py").meta_info["options"]["UPDATE"] == []
        assert ex.run(options={"--loglevel": "ERROR"}).meta_info["options"]["--name"] is None
        capsys.readouterr()
        print_config(run)
        assert "a = 4" in capsys.readouterr().out

    def test_secrets_on_the_command_line(self, tmp_path):
        """What was typed for a secret entry is not shown among the options, nor recorded."""
        ex = Experiment("hush", interactive=True, observers=[FileStorageObserver(tmp_path / "runs")])
        ex.add_config(password="")
        ex.main(lambda password: None)
        run = ex.run_commandline(["train.py", "with", "password=hunter22222"])
        assert "hunter22222" not in str(run.meta_info["options"])
        assert "hunter22222" not in (tmp_path / "runs" / "1" / "run.json").read_text()


class TestConfig:
    """``_config`` is a dict like others."""

    def test_copied_and_dumped(self, ex):
        """It can be copied, extended, and written as JSON and YAML."""
        seen = {}

        @ex.command
        def looks(_config):
            seen["copy"] = copy.deepcopy(_config)
            seen["more"] = dict(_config, x=1)
            seen["json"] = json.loads(json.dumps(_config))
            seen["yaml"] = yaml.safe_load(yaml.dump(_config))

        config = ex.run("looks", config_updates={"seed": 5}).config
        assert seen["copy"] == seen["json"] == seen["yaml"] == config == {"a": 1, "d": {"x": [1, 2]}, "seed": 5}
        assert seen["more"] == {**config, "x": 1}

    def test_read_only(self, ex):
        """Where the setting asks for it, changes of the config are refused, and copies are plain."""
        from expkit import SETTINGS

        @ex.command
        def edits(_config, d):
            plain = copy.deepcopy(_config)
            plain["d"]["x"].append(3)
            with pytest.raises(TypeError, match="read-only"):
                _config["a"] = 2
            with pytest.raises(TypeError, match="read-only"):
                d["x"].append(3)

        before = SETTINGS.CONFIG.READ_ONLY_CONFIG
        SETTINGS.CONFIG.READ_ONLY_CONFIG = True
        try:
            assert ex.run("edits").status == "COMPLETED"
        finally:
            SETTINGS.CONFIG.READ_ONLY_CONFIG = before


class TestErrors:
    """The kinds of errors that scripts catch."""

    def test_a_name_that_nobody_set(self, ex):
        """A named config, or a config function, that reads an unset entry is a KeyError."""

        @ex.named_config
        def reads(nothing):
            b = nothing

        with pytest.raises(KeyError, match="nothing"):
            ex.run(named_configs=["reads"])
        with pytest.raises(KeyError, match="nothing"):
            ex.named_configs["reads"]()

    def test_an_undeclared_name(self, ex):
        """A name that a config function uses and nobody defines is a NameError."""

        @ex.config
        def broken():
            c = undeclared_name  # noqa: F821

        with pytest.raises(NameError, match="undeclared_name"):
            ex.run()

    def test_unknown_things(self, ex):
        """Unknown commands, named configs and entries are KeyErrors; a name twice is one, too."""
        for wrong in ({"command_name": "x"}, {"named_configs": ["x"]}, {"config_updates": {"x": 1}}):
            with pytest.raises(KeyError, match="x"):
                ex.run(**wrong)
        of_file = Experiment("of_file", observers=[])
        of_file.add_named_config("twice", a=1)
        with pytest.raises(KeyError, match="twice"):
            of_file.add_named_config("twice", a=2)

    def test_wrong_uses(self, ex):
        """Config from nothing, from two places, or from something else; no main function."""
        with pytest.raises(ValueError, match="either"):
            ex.add_config()
        with pytest.raises(ValueError, match="either"):
            ex.add_config({"a": 1}, b=2)
        with pytest.raises(OSError, match=r"nope\.json"):
            ex.add_config("nope.json")
        with pytest.raises(TypeError):
            ex.add_config(3)
        with pytest.raises(RuntimeError):
            Experiment("none", interactive=True, observers=[]).run()
        with pytest.raises(RuntimeError):
            ex.log_scalar("x", 1)


def test_a_run_without_capture_has_an_empty_output_file(ex, tmp_path):
    """Scripts that read all runs find the file in each of them."""
    run = ex._create_run()
    run.capture_mode = "no"
    run()
    assert (tmp_path / "runs" / run._id / "cout.txt").read_text() == ""
