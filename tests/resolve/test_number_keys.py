"""Dicts that are keyed by numbers: their keys are data, not names."""

import pytest

from expkit import Experiment


def config():
    table = {1: 2}
    empty = {}
    outer = {"inner": {1: 2}}
    named = {"a": 1}


@pytest.fixture
def resolved():
    def resolved(words=(), **updates):
        ex = Experiment("keys", interactive=True, observers=[])
        ex.config(config)
        ex.main(lambda: None)
        if words:
            return ex.run_commandline(["prog", "--unobserved", "with", *words]).config
        return ex.run(config_updates=updates).config

    return resolved


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("table={1: 3}", "table", {1: 3}),
        ("table={2: 3}", "table", {1: 2, 2: 3}),
        ("table[1]=3", "table", {1: 3}),
        ("table[2]=3", "table", {1: 2, 2: 3}),
        ("empty={1: 2}", "empty", {1: 2}),
        ("outer.inner={3: 4}", "outer", {"inner": {1: 2, 3: 4}}),
    ],
)
def test_number_keys_are_taken(resolved, word, name, value):
    """Updates reach entries whose keys are numbers; a dict with such keys takes others of the kind."""
    assert resolved([word])[name] == value


def test_number_keys_from_python(resolved):
    """The same holds for updates that Python gives."""
    found = resolved(table={2: 3}, outer={"inner": {1: 5}})
    assert (found["table"], found["outer"]) == ({1: 2, 2: 3}, {"inner": {1: 5}})


def test_a_dict_of_names_takes_no_number(resolved, capsys):
    """Where the keys are names, a number is an entry that nobody knows."""
    with pytest.raises(SystemExit):
        resolved(["named={1: 2}"])
    assert "there is no config entry named[1]" in capsys.readouterr().err
