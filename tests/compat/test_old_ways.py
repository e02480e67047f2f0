"""Older ways of Sacred work, and say what to write instead."""

import sys
import types

import pytest

from expkit import ExpkitError


@pytest.fixture
def ex(sacred):
    """An experiment that an observer without memory observes, so that facts are gathered."""
    made = sacred.Experiment("sample", interactive=True)
    made.observers = [sacred.observers.RunObserver()]
    made.main(main)
    return made


def main(_run):
    return _run


def test_host_info_getter(sacred, ex):
    """Functions of host_info_getter, bare or named, are asked in every run, and by get_host_info."""
    with pytest.warns(DeprecationWarning, match=r'@host_info_gatherer\("colour"\).*additional_host_info=\[colour\]'):

        @sacred.host_info_getter
        def colour():
            return "red"

    with pytest.warns(DeprecationWarning, match=r'@host_info_gatherer\("form"\)'):

        @sacred.host_info_getter(name="form")
        def shape():
            return "round"

    assert (colour(), shape()) == ("red", "round")
    host = ex.run().host_info
    assert (host["colour"], host["form"]) == ("red", "round")
    assert sacred.host_info.get_host_info()["form"] == "round"
    assert set(sacred.host_info.host_info_gatherers) == {"colour", "form"}


def test_a_getter_that_is_defined_again(sacred, ex):
    """A getter that is defined again, as in a notebook, replaces the former one."""
    for answer in (1, 2):
        with pytest.warns(DeprecationWarning):
            sacred.host_info_getter(lambda answer=answer: answer, name="fact")
    assert ex.run().host_info["fact"] == 2


def test_command_line_option(sacred, ex):
    """A subclass of CommandLineOption is an option of every experiment; only given ones are applied."""
    with pytest.warns(DeprecationWarning, match=r'@cli_option\("-g", "--my-greeting", is_flag=False\)'):

        class MyGreetingOption(sacred.commandline_options.CommandLineOption):
            """Greets somebody."""

            short_flag = "g"
            arg = "NAME"
            arg_description = "who is greeted"

            @classmethod
            def apply(cls, args, run):
                run.info["greeted"] = args

    with pytest.warns(DeprecationWarning, match=r'@cli_option\("-L", "--loud", is_flag=True\)'):

        class LoudOption(sacred.commandline_options.CommandLineOption):
            short_flag = "L"

            @classmethod
            def apply(cls, args, run):
                run.info["loud"] = args

    assert ex.run().info == {}
    assert ex.run_commandline(["x", "-g", "Ann", "--loud"]).info == {"greeted": "Ann", "loud": True}
    assert ex.run_commandline("x --my_greeting=Bob").info == {"greeted": "Bob"}
    assert "Greets somebody. (NAME: who is greeted)" in " ".join(str(ex.get_usage()).split())
    options = sacred.experiment.gather_command_line_options()
    assert {"apply", "_force"} <= set(map(sacred.commandline_options.get_name, options))


def test_disabled_option(sacred, ex):
    """An option with ``_enabled = False`` is none."""
    with pytest.warns(DeprecationWarning):

        class NoOption(sacred.commandline_options.CommandLineOption):
            """Never heard of."""

            _enabled = False

    assert "Never heard of." not in str(ex.get_usage())


@pytest.mark.parametrize(
    "name", ["FileStorageObserver", "MongoObserver", "TinyDbObserver", "S3Observer", "GoogleCloudStorageObserver"]
)
def test_create(sacred, tmp_path, name):
    """``create`` is the constructor, and says so."""
    kind = getattr(sacred.observers, name)
    arguments = {
        "MongoObserver": (),
        "S3Observer": ("bucket", "runs"),
        "GoogleCloudStorageObserver": ("bucket", "runs"),
    }
    with pytest.warns(DeprecationWarning, match=rf"{name}\.create\(\.\.\.\) is deprecated; use {name}\("):
        assert isinstance(kind.create(*arguments.get(name, (str(tmp_path / "runs"),))), kind)


def test_queue_observer(sacred):
    """QueueObserver gives the observer itself."""
    covered = sacred.observers.RunObserver()
    with pytest.warns(DeprecationWarning, match="write just the observer"):
        assert sacred.observers.QueueObserver(covered, interval=3) is covered


@pytest.fixture
def libraries(monkeypatch):
    """Stand-ins for the libraries that write summaries."""

    class FileWriter:
        def __init__(self, logdir, graph=None):
            self.given = logdir

    class SummaryWriter:
        def __init__(self, log_dir=None, comment=""):
            self.log_dir = log_dir or f"runs/now{comment}"

    tensorflow = types.ModuleType("tensorflow")
    first = types.SimpleNamespace(FileWriter=FileWriter)
    tensorflow.compat = types.SimpleNamespace(v1=types.SimpleNamespace(summary=first))
    tensorflow.summary = types.SimpleNamespace(create_file_writer=lambda logdir, name=None: ("writer", logdir))
    board = types.ModuleType("torch.utils.tensorboard")
    board.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", board)
    return types.SimpleNamespace(first=first, second=tensorflow.summary, board=board)


def test_log_file_writer(sacred, ex, libraries):
    """While a LogFileWriter is active, the folders of all summary writers are noted, each once."""
    LogFileWriter = sacred.stflow.LogFileWriter
    before = libraries.first.FileWriter.__init__, libraries.second.create_file_writer

    @ex.command
    @LogFileWriter(ex)
    def train(_run):
        assert libraries.first.FileWriter("one").given == "one"
        assert libraries.second.create_file_writer("two", name="x") == ("writer", "two")
        with LogFileWriter(ex):
            libraries.second.create_file_writer(logdir="three")
        assert isinstance(libraries.board.SummaryWriter(comment="!"), libraries.board.SummaryWriter)
        return _run.info["tensorflow"]["logdirs"]

    assert ex.run("train").result == ["one", "two", "three", "runs/now!"]
    libraries.first.FileWriter("four")
    assert ex.run("train").info == {"tensorflow": {"logdirs": ["one", "two", "three", "runs/now!"]}}
    assert before == (libraries.first.FileWriter.__init__, libraries.second.create_file_writer)


def test_log_file_writer_after_an_error(sacred, ex, libraries):
    """An error leaves the libraries as they were; outside a run nothing is noted."""
    made = libraries.second.create_file_writer
    with pytest.raises(ValueError, match="x"), sacred.stflow.LogFileWriter(ex):
        assert libraries.second.create_file_writer("a") == ("writer", "a")
        raise ValueError("x")
    assert libraries.second.create_file_writer is made


def test_log_file_writer_without_libraries(sacred, ex):
    """Where no such library is imported, nothing happens."""
    before = set(sys.modules)
    with sacred.stflow.LogFileWriter(ex):
        assert not {"tensorflow", "torch", "tensorboardX"} & (set(sys.modules) - before)


def test_commands_by_hand(sacred, ex, capsys, tmp_path, monkeypatch):
    """The built-in commands can be called by scripts."""
    monkeypatch.chdir(tmp_path)
    ex.add_config(lr=0.5)

    @ex.named_config
    def small():
        """A small one."""
        lr = 0.1

    run = ex.run(config_updates={"lr": 0.25})
    capsys.readouterr()
    sacred.commands.print_config(run)
    assert "lr = 0.25" in capsys.readouterr().out
    sacred.commands.print_named_configs(ex)()
    assert "small" in capsys.readouterr().out
    sacred.commands.save_config(run.config, None, "saved.json")
    assert sacred.config.load_config_file("saved.json")["lr"] == 0.25
    assert "lr = 0.25" in sacred.commands._format_config(run.config, run.config_modifications)


def test_create_run(sacred, ex):
    """``create_run`` gives an unstarted run; ``force`` skips the checks."""
    run = sacred.initialize.create_run(ex, "main", {"unknown": 1}, force=True)
    assert run.status is None
    assert run() is run
    with pytest.raises(sacred.utils.ConfigAddedError):
        sacred.initialize.create_run(ex, "main", {"unknown": 1})


def test_nothing_in_a_tree_is_executed(sacred):
    """``restore`` never runs what a tree names."""
    tree = {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["exit 3"]}]}
    assert not isinstance(sacred.serializer.restore(tree), int)
    with pytest.raises(ExpkitError):
        raise sacred.utils.SacredError("the root of all errors")


def test_the_run_that_options_get(sacred, ex):
    """Option functions see a run by the old name; it is planned later, and has what they put on it."""
    seen = []

    @sacred.cli_option("-Y", "--year")
    def year(args, run):
        run.mine = args
        seen.append(isinstance(run, sacred.run.Run))

    ex.additional_cli_options.append(year)
    run = ex.run_commandline("x --year=3")
    assert (seen, run.mine, isinstance(run, sacred.run.Run)) == ([True], "3", True)


def test_sources_and_packages(sacred, ex):
    """What an experiment gives as source files and packages is of the old classes."""
    assert isinstance(ex.mainfile, sacred.dependencies.Source)
    assert all(isinstance(found, sacred.dependencies.PackageDependency) for found in ex.dependencies)


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("db", {"db_name": "db"}),
        ("db.runs!20", {"db_name": "db", "collection": "runs", "priority": 20}),
        ("host.com:123:db.runs:7", {"url": "host.com:123", "db_name": "db", "collection": "runs", "overwrite": "7"}),
        ("host:123", {"url": "host:123"}),
    ],
)
def test_the_argument_of_m(sacred, argument, arguments):
    """An argument of -m as arguments of MongoObserver."""
    assert sacred.observers.mongo.parse_mongo_db_arg(argument) == arguments
    with pytest.raises(ValueError, match="no place in MongoDB"):
        sacred.observers.mongo.parse_mongo_db_arg("a b:c:d")
