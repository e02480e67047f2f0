# ruff: noqa: F821 - `execute` is made by exec, so that its frames lie inside the package
import json
import linecache
import re
import sys
import traceback
import types
from functools import partial
from pathlib import Path

import pytest

from expkit import errors
from expkit.cli import failures
from expkit.cli.commands import explain
from expkit.cli.options import OptionValues, option_table
from expkit.config.containers import ReadOnlyDict, ReadOnlyList
from expkit.config.tracking import WatchedDict

SCRIPT = """\
def main(call):
    call(train)

def train():
    rate(0)

def rate(n):
    return 1 / n

def wrapped():
    try:
        train()
    except ZeroDivisionError as error:
        raise ValueError("no rate") from error

def never_raised():
    raise ValueError("no rate") from KeyError("never raised")

def during():
    try:
        train()
    except ZeroDivisionError:
        raise ValueError("no rate")

def missing():
    raise MissingConfigError("train() lacks a value for C")

def stop():
    raise KeyboardInterrupt

def gone(opener):
    opener("nowhere")
"""


@pytest.fixture
def script():
    """A user's module, whose lines tracebacks can show."""
    module = types.ModuleType("train")
    module.MissingConfigError = errors.MissingConfigError
    linecache.cache["/home/user/train.py"] = (
        len(SCRIPT),
        None,
        SCRIPT.splitlines(keepends=True),
        "/home/user/train.py",
    )
    exec(compile(SCRIPT, "/home/user/train.py", "exec"), vars(module))
    yield module
    del linecache.cache["/home/user/train.py"]


ENGINE = """\
def execute(function):
    return call(function)

def call(function):
    return function()
"""
exec(compile(ENGINE, str(Path(failures.__file__).parent.parent / "run" / "made_up.py"), "exec"))


def caught(function, *args):
    try:
        function(*args)
    except BaseException as error:  # noqa: BLE001
        error.__traceback__ = error.__traceback__.tb_next  # without the frame of this function
        return error
    raise AssertionError("nothing was raised")


def shown(error, capsys, **how):
    code = failures.show(error, program="train.py", **how)
    out, err = capsys.readouterr()
    assert out == ""
    return code, _stable(err)


def _stable(text):
    """Without what differs between versions of Python and lines of this file."""
    lines = [line for line in text.splitlines(keepends=True) if not re.fullmatch(r"[ |+]*[~^]+[~^ ]*\n", line)]
    text = "".join(lines)
    return re.sub(re.escape(__file__) + r'", line \d+', 'HERE", line N', text)


@pytest.mark.parametrize("name", ["main", "wrapped", "never_raised", "during", "missing"])
def test_a_failing_experiment_shows_the_frames_of_the_user(name, script, capsys, golden):
    """The user's frames in full, expkit's folded, in causes and contexts too; exit code 1."""
    arguments = [script.main, execute] if name == "main" else [execute, getattr(script, name)]
    code, text = shown(caught(*arguments), capsys, started=True)
    assert code == 1
    golden(f"failure-{name}.txt", text)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with 3.11")
def test_exception_groups_are_folded_inside(script, capsys, golden):
    """Each member of a group has its frames folded."""
    members = [caught(execute, script.train), caught(execute, script.missing)]

    def fail():
        raise ExceptionGroup("two workers failed", members)  # noqa: F821

    code, text = shown(caught(execute, fail), capsys, started=True)
    assert code == 1
    golden("failure-group.txt", text)


def test_debug_shows_every_frame(script, capsys):
    """With -d nothing is folded."""
    _, text = shown(caught(execute, script.train), capsys, debug=True)
    assert "[... expkit" not in text
    assert "made_up.py" in text


def test_a_fault_of_ours_is_shown_in_full(capsys):
    """Where the innermost frame is expkit's, its frames are what one needs to see."""
    code, text = shown(caught(option_table, [object()]), capsys, started=True)
    assert code == 1
    assert "[... expkit" not in text
    assert "AttributeError" in text
    assert text.endswith("this is a fault in expkit itself; please report it.\n")


@pytest.mark.parametrize(
    "container",
    [WatchedDict({"a": 1}, print), ReadOnlyDict({"a": 1}), ReadOnlyList([1]), OptionValues({"--a": 1})],
    ids=lambda container: type(container).__name__,
)
def test_a_key_that_our_containers_lack_is_no_fault_of_ours(container, capsys):
    """Who asks a dict for what is not in it is to blame."""

    def hook():
        return container["nope"] if isinstance(container, dict) else container[7]

    _, text = shown(caught(hook), capsys, started=True)
    assert "report it" not in text and 'container["nope"]' in text


def test_a_file_that_is_not_there_is_no_fault_of_ours(script, capsys):
    """An OSError in our frame is the world's fault: what the user wrote matters."""

    def opener(name):
        execute(lambda: open(name))  # noqa: SIM115

    _, text = shown(caught(script.gone, opener), capsys, started=True)
    assert "report it" not in text
    assert "[... expkit: 2 frames]" in text


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (errors.UsageError("no option --x"), 2, "train.py: no option --x\nTry: train.py help\n"),
        (errors.CommandNotFoundError("no command x"), 2, "train.py: no command x\nTry: train.py help\n"),
        (errors.ConfigAddedError("no entry model.CC"), 2, "train.py: no entry model.CC\n"),
        (
            errors.InvalidConfigError("too big", "a.b", config={"a": {"b": 3}}),
            2,
            "train.py: too big\n  a.b = 3\n",
        ),
        (errors.RunExistsError("the id 7 is taken"), 2, "train.py: the id 7 is taken\n"),
        (errors.ObserverError("no answer from db"), 1, "train.py: no answer from db\n"),
        (errors.ProvenanceError("uncommitted changes"), 1, "train.py: uncommitted changes\n"),
    ],
)
def test_what_is_wrong_before_the_start_is_one_message(error, code, text, capsys):
    """No traceback; exit code 2 where typing something else would help, 1 where it would not."""
    assert shown(error, capsys) == (code, text)


def test_the_same_error_in_a_running_experiment_is_a_failure(script, capsys):
    """Once the run has begun, the place of an error matters."""
    code, text = shown(caught(script.missing), capsys, started=True)
    assert code == 1
    assert "Traceback" in text
    assert "train() lacks a value for C" in text


def test_a_mistake_that_a_command_of_ours_finds_is_one_message(capsys):
    """Also in a running command: where no line of the user's had a part, there is nothing to show."""
    missing = partial(explain, "model.CC", {"model.C": []}, {}, lambda path: ())
    code, text = shown(caught(execute, missing), capsys, started=True)
    assert (code, text) == (
        2,
        "train.py: there is no config entry model.CC; did you mean model.C?\nTry: train.py help\n",
    )


def test_any_other_error_before_the_start_has_its_traceback(script, capsys):
    """A config function that divides by zero is shown where it does."""
    code, text = shown(caught(execute, script.train), capsys)
    assert code == 1
    assert "return 1 / n" in text


def test_ctrl_c_is_one_line(script, capsys):
    """Where the user's code was interrupted; exit code 130."""
    code, text = shown(caught(script.stop), capsys, started=True)
    assert (code, text) == (130, "train.py: interrupted in stop, train.py:29\n")
    assert shown(KeyboardInterrupt(), capsys) == (130, "train.py: interrupted\n")


def test_ctrl_c_names_the_line_of_the_user(script, capsys):
    """Frames of the standard library, in which one waits, are no help."""
    waiting = {}
    exec(compile("def wait(_):\n    raise KeyboardInterrupt", json.__file__, "exec"), waiting)
    error = caught(script.main, waiting["wait"])
    assert shown(error, capsys) == (130, "train.py: interrupted in main, train.py:2\n")


@pytest.mark.parametrize(
    ("raised", "code", "text"),
    [
        (SystemExit(), 0, ""),
        (SystemExit(0), 0, ""),
        (SystemExit(3), 3, ""),
        (SystemExit(143), 143, ""),
        (SystemExit("enough"), 1, "enough\n"),
    ],
)
def test_system_exit_has_its_own_code(raised, code, text, capsys):
    """As Python itself would end."""
    assert shown(raised, capsys) == (code, text)


def test_showing_leaves_the_error_as_it_was(script, capsys):
    """Tracebacks of the error and of its causes keep every frame."""
    error = caught(execute, script.wrapped)
    before = traceback.format_exception(error)
    first = shown(error, capsys, started=True)
    assert shown(error, capsys, started=True) == first
    assert traceback.format_exception(error) == before


def test_the_debugger_opens_where_the_error_was_raised(script, capsys, monkeypatch):
    """The whole traceback is printed first."""
    opened = []
    monkeypatch.setattr("pdb.post_mortem", opened.append)
    error = caught(execute, script.train)
    failures.post_mortem(error)
    assert opened == [error.__traceback__]
    assert "return 1 / n" in capsys.readouterr().err
