import io
import json
import os
import sys
from types import SimpleNamespace

import pytest

from expkit.cli import commands
from expkit.cli.terminal import emit, wants_colour
from expkit.errors import UsageError

SUMMARY = SimpleNamespace(added=set(), modified={"lr"}, typechanged={}, docs={}, places={})


def layer(value):
    return SimpleNamespace(value=value, kind="config", origin="digits.py:3")


def test_print_config_writes_plain_text_where_nobody_sees_colour(capsys):
    """Into a pipe there go no escape codes."""
    commands.print_config({"lr": 0.1}, SUMMARY, [])
    assert capsys.readouterr().out.splitlines()[1:] == ["* lr = 0.1"]


def test_print_dependencies(capsys):
    """The facts come out on standard output."""
    commands.print_dependencies({"dependencies": ["numpy==1.26.4"]})
    assert "numpy  == 1.26.4" in capsys.readouterr().out


def test_print_named_configs(capsys):
    """The names come out on standard output."""
    commands.print_named_configs({"small": "A small one."})
    assert "small  # A small one." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("model.C", ["model.C = 1"]),
        ("model", ["model.C = 1", "model.layers = [2]"]),
        ("model.layers", ["model.layers = [2]"]),
        ("mode", ["mode = 3"]),
        ('"model" . C', ["model.C = 1"]),
        ("seed", ["seed = 7"]),
        ("layers[0]", ["layers[0] = 5"]),
    ],
)
def test_explain_shows_an_entry_or_all_below_it(key, shown, capsys):
    """A section is explained by its entries."""
    layers = {"model.C": [layer(1)], "model.layers": [layer([2])], "mode": [layer(3)]}
    config = {"model": {"C": 1, "layers": [2]}, "mode": 3, "seed": 7, "layers": [5]}
    commands.explain(key, layers, config, lambda path: [layer(5)])
    assert [line for line in capsys.readouterr().out.splitlines() if line and line[0] != " "] == shown


def test_explain_names_near_entries():
    """An entry that does not exist is the user's mistake."""
    with pytest.raises(UsageError, match=r"no config entry model.CC; did you mean model.C\?"):
        commands.explain("model.CC", {"model.C": [layer(1)]}, {}, lambda path: ())


def test_explain_asks_for_what_is_in_lists(capsys):
    """An element of a list, and what is in it, was set together with the list, or by itself."""
    config = {"layers": [{"units": 3}]}
    asked = []

    def inside(path):
        asked.append(path)
        return [layer(3)]

    commands.explain("layers[0].units", {"layers": [layer([{"units": 3}])]}, config, inside)
    commands.explain("layers[0]", {"layers[0].units": [layer(3)]}, config, inside)
    assert asked == [("layers", 0, "units"), ("layers", 0)]
    assert "chosen for this run" not in capsys.readouterr().out
    with pytest.raises(UsageError, match=r"no config entry layers\[7\]"):
        commands.explain("layers[7]", {}, config, inside)


def test_save_config_writes_what_can_be_read_again(tmp_path, capsys):
    """The extension decides on the format; where it went is said."""
    path = tmp_path / "config.json"
    commands.save_config({"lr": 0.1}, str(path))
    assert json.loads(path.read_text()) == {"lr": 0.1}
    assert capsys.readouterr().out == f"config saved to {path}\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals(environment, wanted, monkeypatch):
    """On a terminal, unless the environment says no."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(Terminal()) is wanted
    assert wants_colour(io.StringIO()) is False
    assert wants_colour(None) is False


def test_a_reader_that_has_gone_is_no_error():
    """`print_config | head -1` ends quietly."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as stream:
        emit("first\n", stream)
        emit("second\n", stream)


def test_commands_colour_their_output_on_a_terminal(monkeypatch):
    """What goes to a terminal has escape codes."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", Terminal())
    commands.print_config({"lr": 0.1}, SUMMARY, [])
    assert "\x1b[34m* lr = 0.1" in sys.stdout.getvalue()
