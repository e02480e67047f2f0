"""What all commands share: help, machines, pipes, terminals that know no Unicode, records of others."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from expkit.console.completion import SCRIPTS, completions
from expkit.console.main import COMMANDS, help_text, main
from expkit.readers import open_run, runs
from expkit.record.model import OUTPUT, Point, StreamKey
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import sample_record

from .. import console
from .conftest import add

LOOKING = ("ls", "show", "metrics", "output", "files", "cat", "open")
WORDS = {
    "ls": [],
    "show": ["1"],
    "metrics": ["1"],
    "output": ["1"],
    "files": ["1"],
    "cat": ["1", "train.py"],
    "open": ["1"],
}


def test_help_of_the_program():
    """The help has a line for every command, and none is too long."""
    text = help_text()
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\S", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 120


WITHOUT_STORE = ("sync", "copy", "schema")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    """Each command's help has its usage and the options that all have: --json, and --store where it looks at one."""
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out
    assert "Usage:" in told and f"  expkit {command}" in told
    assert "--json" in told
    assert "--store=URL" in told or command in WITHOUT_STORE


EVIL = "\x1b[31mX\x9b2J\x07"


@pytest.mark.parametrize(
    "words",
    [("show", f"~{EVIL}"), ("cat", "1", EVIL), ("ls", f"--{EVIL}"), ("import", EVIL), ("ls", f"--store={EVIL}")],
)
def test_errors_steer_no_terminal(expkit, home, words):
    """Control characters of whatever an error is about are shown, and not sent; so in the looks of Python."""
    store = FolderStore(home / "runs")
    store.create(sample_record(name=EVIL), id="1")
    done = expkit(*words)
    assert (done.code != 0, r"\x1b" in done.err) == (True, True), done
    assert not set(done.err) & set(EVIL[:1] + "\x9b\x07")
    run = open_run("1", store)
    for look in (repr(run), run._repr_html_(), repr(runs(store=store)), runs(store=store)._repr_html_()):
        assert r"\x1b" in look and not set(look) & set("\x1b\x9b\x07")


@pytest.mark.parametrize(
    "words", [("ls",), ("du",), ("gc",), ("verify",), ("export", "--csv"), ("copy", "{home}/runs", "sqlite:///x.db")]
)
def test_a_folder_that_is_gone(store, expkit, home, monkeypatch, words):
    """Where somebody has deleted the current folder that is said, and not only that something is missing."""
    here = home / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    done = expkit(*(word.format(home=home) for word in words))
    assert (done.code, done.err) == (
        1,
        "expkit: the current folder is gone: somebody has deleted it or moved it away; go to one that is there (cd)\n",
    )
    assert expkit("ls", f"--store={home}/runs").code == 0
    done = expkit("doctor")
    assert (done.code, "  the default store: the current folder is gone" in done.out) == (1, True)


@pytest.mark.parametrize("command", LOOKING)
def test_help_of_a_command(command, expkit):
    """Every command explains its arguments and options, and has examples that it understands."""
    done = expkit(command, "--help")
    assert (done.code, done.err) == (0, "")
    for part in ("Usage:", "Options:", "--json", "--store=URL", "Examples:"):
        assert part in done.out
    assert max(map(len, done.out.splitlines())) <= 125


@pytest.mark.parametrize("command", LOOKING)
def test_json_and_stores(command, store, expkit, monkeypatch, tmp_path):
    """Every command looks into the store that is named, and speaks JSON: a document, or one on each line."""
    monkeypatch.chdir(tmp_path.parent)
    done = expkit(command, *WORDS[command], "--json", f"--store={store.root}")
    assert (done.code, done.err) == (0, "")
    assert done.out.isascii()
    try:
        assert json.loads(done.out)
    except json.JSONDecodeError:
        assert all(json.loads(line) for line in done.out.splitlines())


@pytest.mark.parametrize("command", [name for name in LOOKING if name not in ("ls", "show")])
def test_commands_that_need_a_run(command, store, expkit):
    """Without a run it is a mistake, and the usage is shown."""
    done = expkit(command)
    assert (done.code, done.out) == (2, "")
    said = done.err.splitlines()
    assert [said[0], said[-1]] == [
        f"expkit: this cannot be understood: expkit {command}",
        f"Try: expkit {command} --help",
    ]
    assert said[1].startswith(f"Usage: expkit {command} ")


@pytest.mark.parametrize("command", LOOKING)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_other_encodings(command, encoding, store, program):
    """A terminal that knows no Unicode gets escapes, and plots of stars."""
    words = [*WORDS[command], "--plot"] if command == "metrics" else WORDS[command]
    process = program(command, *words, env={"PYTHONIOENCODING": encoding}, encoding="utf-8")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out
    assert command != "metrics" or "*" in out


@pytest.mark.parametrize(
    "words", [["ls", "--all"], ["ls", "--json"], ["ls", "--watch"], ["metrics", "6", "--csv"], ["output", "6"]]
)
def test_a_reader_that_goes_away(words, store, program):
    """Where the reader has seen enough (``| head``), the program ends quietly and without complaint."""
    run = add(store, 6, 0.1)
    store.append(run, StreamKey(), 24, [Point("loss", step, 0.5, 0.0) for step in range(20_000)])
    store.append(run, StreamKey(OUTPUT), len("начало\nstep 1\nstep \x1b[31m2\x1b[0m\n".encode()), b"line\n" * 400_000)
    reading, writing = os.pipe()
    process = program(*words, stdout=writing)
    os.close(writing)
    os.close(reading)
    assert process.wait(60) == 0
    assert process.stderr.read() == ""


def test_colours(store, program):
    """A terminal gets states in their colours, unless somebody asked for none."""
    assert "\x1b[32mCOMPLETED" in on_a_terminal(["ls"])
    assert "\x1b" not in on_a_terminal(["ls"], NO_COLOR="1")
    assert "\x1b[1;31mFAILED" in on_a_terminal(["show", "3"])
    assert "step 2" in on_a_terminal(["output", "1"], NO_COLOR="1")


@pytest.mark.parametrize(
    "words", ["output 5", "export 5 --csv", "export 5 --csv --points", "export 5 --html", "metrics 5 --csv"]
)
def test_what_runs_contain_steers_no_terminal(store, program, words):
    """A terminal gets no control characters of a run's names, values and output; a pipe gets them as they are."""
    run = open_run("5", store).uid
    ends = store.streams(run)
    store.append(run, StreamKey(), ends[StreamKey()], [Point(EVIL, 0, 0.5, 0.0)])
    store.append(run, StreamKey(OUTPUT), ends[StreamKey(OUTPUT)], f"{EVIL} \x1b]0;title\x07 \x9b2J\n".encode())
    assert re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", on_a_terminal(words.split())) is None
    if "--html" not in words:
        assert "\x1b[31m" in program(*words.split()).communicate()[0]


def on_a_terminal(words, start=("-m", "expkit"), **environment):
    """What a command prints on a terminal of 80 columns."""
    pty = pytest.importorskip("pty", reason="there are no terminals like that here")
    ours, theirs = pty.openpty()
    usual = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        [sys.executable, *start, *words],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env={**usual, **environment},
    )
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # it has ended
        pass
    os.close(ours)
    assert process.wait(60) == 0
    return b"".join(parts).decode()


def test_indexing_a_large_store(home):
    """At a terminal a line says how far the first look at a large store is; what is listed comes behind it."""
    store = FolderStore(home / "runs")
    for _ in range(6):
        store.create(sample_record(status="COMPLETED", files=()))
    code = (
        "import sys, expkit.console.main as m; from expkit import SETTINGS; from expkit.stores.folder import looking;"
        "SETTINGS.INDEX.FROM = 1; looking.BATCH = 2; sys.exit(m.main(['ls', '--columns=id']))"
    )
    shown = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", on_a_terminal([], start=["-c", code]))
    assert "indexing runs" in shown
    assert "6/6" in shown
    assert [line.strip() for line in shown.splitlines() if line.strip().isdecimal()] == ["6", "5", "4", "3", "2", "1"]


def test_pipes_need_no_rich(store):
    """Plain text for a pipe is made without rich, pandas or NumPy: starting is most of what a look costs."""
    code = (
        "import sys, expkit.console.main as m; m.main(sys.argv[1:]);"
        "sys.exit(bool({'rich', 'pandas', 'numpy', 'importlib.metadata'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, "ls"], capture_output=True, timeout=60)
    assert done.returncode == 0


def test_runs_by_sacred(expkit, home):
    """What the predecessor recorded is shown as well."""
    shutil.copytree(console.ROOT / "tests" / "folder" / "sacred", home / "runs")
    rows = [json.loads(line) for line in expkit("ls", "--json").out.splitlines()]
    assert rows
    for row in rows:
        for command in ("show", "metrics", "output", "files", "open"):
            done = expkit(command, row["id"])
            assert (done.code, command, row["id"]) == (0, command, row["id"])


# -- completion ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["me"], ["metrics"]),
        (["--v"], ["--version"]),
        (["ls", "--co"], ["--columns="]),
        (["output", "--fo"], ["--follow"]),
        (["show", ""], ["last", "5", "4", "3", "2", "1"]),
        (["cat", "1", "tr"], ["train.py"]),
        (["cat", "1", "--role", "=", "x"], []),
        (["metrics", "1", ""], ["loss", "val/acc"]),
        (["cat", "17", ""], []),
        (["nothing", ""], []),
        (["completion", "z"], ["zsh"]),
        ([], [*COMMANDS, "--help", "--version"]),
    ],
)
def test_completions(words, found, store):
    """Commands, options, runs, files and metrics are completed; mistakes are passed over in silence."""
    assert completions(words) == found


def test_completions_are_harmless(store):
    """What a shell might take for a command is never offered."""
    for name in ("$(touch x)", "a b", "`x`", "ev;il"):
        with open("file", "w") as file:
            file.write("x")
        open_run("1").add_artifact("file", name)
    assert [word for word in completions(["cat", "1", ""]) if not re.fullmatch(r"[\w./-]+", word)] == []


def test_completion_in_another_store(store):
    """Runs are looked for where the command line will look; bash splits words at ``=``."""
    assert completions(["show", "--store", "=", "nowhere", ""]) == ["last"]
    assert completions(["show", f"--store={store.root}", "1"]) == ["1"]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_scripts(shell, expkit):
    """There is a script for each shell, which asks this program."""
    assert "expkit completion words" in expkit("completion", shell).out
    assert json.loads(expkit("completion", shell, "--json").out)["shell"] == shell


def test_bash(store, home):
    """Bash completes with the script."""
    bash = shutil.which("bash")
    assert bash is not None
    path = home / "bin" / "expkit"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m expkit "$@"\n')
    path.chmod(0o755)
    text = (
        'eval "$(expkit completion bash)"; COMP_WORDS=(expkit cat 1 tr); COMP_CWORD=3; _expkit; echo "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{path.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([bash, "-c", text], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.stdout, done.stderr) == ("train.py\n", "")


def test_sync_for_machines(expkit):
    """``expkit sync --json`` says what is owed in one document."""
    done = expkit("sync", "--json")
    assert (done.code, json.loads(done.out)) == (
        0,
        {"owed": 0, "unreadable": 0, "runs": [], "said": ["nothing is owed"]},
    )


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("words", [("ls",), ("ls", "--json"), ("show", "1"), ("doctor",)])
def test_a_full_disk(program, words):
    """What cannot be written is said in a line, and the exit code is 1."""
    with open("/dev/full", "w") as full:
        started = program(*words, stdout=full)
        _, said = started.communicate(timeout=60)
    assert (started.returncode, said) == (1, "expkit: [Errno 28] No space left on device\n")
