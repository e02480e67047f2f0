"""Types, choices and what must be given, in `print_config`, `explain`, `help` and `save_config`."""

import re
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal, Optional

import pytest

from expkit import Experiment, Ingredient


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Opt:
    lr: float = 0.1  # the step
    colours: tuple[Colour, ...] = (Colour.RED,)


@dataclass
class Needy:
    path: Path


@pytest.fixture
def data():
    return Ingredient("data", interactive=True)


@pytest.fixture
def ex(data):
    experiment = Experiment("shown", [data], interactive=True, observers=[])

    @experiment.config
    def config():
        seed = 3
        lr: float = 0.1  # the rate
        kind: Literal["a", "b"] = "a"
        colour: Colour = Colour.RED
        best: Optional[Colour] = None
        free = Path("free")  # anything
        out: Path  # where to
        opt = Opt()

    @data.config
    def config():
        rows: int = 3
        source: Path

    @experiment.main
    def main(out):
        return out

    return experiment


def told(ex, capsys, words):
    """What a command prints."""
    capsys.readouterr()
    try:
        ex.run_commandline(f"train.py {words}")
    except SystemExit as end:
        assert not end.code, capsys.readouterr().err
    return capsys.readouterr().out


def test_print_config(ex, capsys):
    """Declared entries are shown with type, choices and doc, and as they are typed; missing ones stand in their places."""
    found = told(ex, capsys, "print_config with lr=1 colour=BLUE")
    assert (
        re.sub(" +#", "  #", found)
        == f"""\
Configuration (+ added, * changed, ! type changed):
  best = None  # Optional[Colour]: RED, BLUE
* colour = BLUE  # Colour: RED, BLUE
  free = {Path("free")!r}  # anything
  kind = 'a'  # Literal["a", "b"]
* lr = 1.0  # float; the rate
  out = (must be given)  # Path; where to
  seed = 3  # the root of all random numbers of this run
  opt:  # Opt
    colours = (RED,)  # tuple[Colour, ...]
    lr = 0.1  # float; the step

data:
  rows = 3  # int
  source = (must be given)  # Path
"""
    )


def test_given_ones(ex, capsys):
    """What was given is shown as it was typed."""
    found = told(ex, capsys, "print_config with out=x/y data.source=z")
    assert "* out = 'x/y' " in found
    assert "* source = 'z' " in found
    assert "must be given" not in found


def test_before_a_run(ex, capsys):
    """`--print-config` shows the same."""
    assert "* lr = 1.0                           # float; the rate" in told(
        ex, capsys, "-p with lr=1 out=x data.source=z"
    )


def test_fields_that_must_be_given(capsys):
    """A class of which only fields lack is shown with these."""
    ex = Experiment("needy", interactive=True, observers=[])

    @ex.config
    def config():
        need: Needy

    @ex.main
    def main(): ...

    assert "  need:                              # Needy\n    path = (must be given)           # Path\n" in told(
        ex, capsys, "print_config"
    )


def test_explain(ex, capsys):
    """The declared type and its place are told, also of what is missing and of fields."""
    found = told(ex, capsys, "explain lr with lr=1")
    assert found.splitlines()[0] == "lr = 1.0"
    assert found.splitlines()[1].startswith("  declared as float  (")
    assert "test_shown.py:" in found.splitlines()[1]
    assert found.splitlines()[-1].endswith("1.0  <- counts")
    missing = told(ex, capsys, "explain out")
    assert missing.startswith("out = (must be given)\n  declared as Path  (")
    assert "chosen for this run" not in missing
    assert told(ex, capsys, "explain colour").startswith("colour = RED\n  declared as Colour: RED, BLUE  (")
    assert told(ex, capsys, "explain opt.lr").startswith("opt.lr = 0.1\n  declared as float  (")


def test_explain_of_untyped_entries(ex, capsys):
    """Nothing is said about types where none is declared."""
    found = told(ex, capsys, "explain free")
    assert found.startswith(f"free = {Path('free')!r}\n  config")


def test_save_config_refuses(ex, tmp_path, monkeypatch, capsys):
    """A config in which something lacks is not saved: it could not be started either."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        ex.run_commandline("train.py save_config")
    assert end.value.code == 2
    assert "out" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_help(ex, capsys):
    """The page of the program lists the entries of declared types, with choices, defaults and docs."""
    page = told(ex, capsys, "help")
    assert (
        """
Config:
  lr           float = 0.1: the rate
  kind         Literal["a", "b"] = 'a'
  colour       Colour: RED, BLUE = RED
  best         Optional[Colour]: RED, BLUE = None
  out          Path, must be given: where to
  opt.lr       float = 0.1: the step
  opt.colours  tuple[Colour, ...] = (RED,)
  data.rows    int = 3
  data.source  Path, must be given
  ...          Entries without a type: print_config shows them, too.

Commands:
"""
        in page
    )
    assert ex.get_usage("train.py")[1] == page


def test_help_of_commands_and_untyped_scripts(capsys):
    """Without declared types there is no such section, and no config function runs."""
    ex = Experiment("untyped", interactive=True, observers=[])
    calls = []

    @ex.config
    def config():
        lr = 0.1
        calls.append(1)

    @ex.main
    def main():
        """Train."""

    assert "Config:" not in told(ex, capsys, "help")
    assert told(ex, capsys, "help main").startswith("main()")
    assert calls == []


@pytest.mark.parametrize("failure", ["1 / 0", "raise SystemExit(3)", "raise KeyError('x')"])
def test_help_survives_config_functions(failure, tmp_path):
    """A config function that fails or prints does not spoil the help: names and types are still told."""
    script = tmp_path / "broken.py"
    script.write_text(
        "from expkit import Experiment\nex = Experiment()\n@ex.config\ndef config():\n    lr: float = 0.1\n"
        f"    print('noise')\n    {failure}\n@ex.automain\ndef main(): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "broken.py", "help"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nConfig:\n  lr   float\n" in done.stdout
    assert "noise" not in done.stdout


def test_secrets_are_not_shown(capsys):
    """Neither help nor print_config shows the default of a secret."""
    ex = Experiment("secret", interactive=True, observers=[])

    @ex.config
    def config():
        api_key: str = "sk-do-not-show-this"

    @ex.main
    def main(): ...

    for command in ("help", "print_config", "explain api_key"):
        found = told(ex, capsys, command)
        assert "sk-do-not" not in found
        assert "***" in found
