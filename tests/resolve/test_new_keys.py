"""Keys that are new in a dict which captured functions ask for."""

from dataclasses import dataclass

import pytest

from expkit import SETTINGS
from expkit.config.dicts import ConfigDict
from expkit.config.origin import Origin
from expkit.errors import ConfigAddedError, ConfigError


def base():
    kwargs = {"ent_coef": 0.0, "deep": {"gamma": 1}}
    other = {"a": 1}


def ant():
    kwargs = dict(batch_size=16, deep=dict(tau=2))


ASKED = {"kwargs": "train.py:9"}


@pytest.fixture
def ask(node):
    """An experiment with a function that asks for the dict ``kwargs``."""

    def ask(*configs, **facts):
        named = {"ant": ant, "cheetah": {"kwargs": {"clip": 1}}, "slip": {"kwargs": {"ent_coeff": 1}}}
        return node("", *(configs or (base,)), parameters=ASKED, named={**named, **facts.pop("named", {})}, **facts)

    return ask


@pytest.fixture
def warn(monkeypatch):
    """New keys are let in from updates, too."""
    monkeypatch.setitem(SETTINGS.CONFIG._values, "NEW_KEYS", "warn")


def test_named_configs_may_add_keys_to_a_dict_that_a_function_asks_for(ask, run):
    """Functions, dicts and files among them; each key is pointed out, with who added it."""
    resolution = run("ant cheetah", ask())
    assert resolution.config["kwargs"] == {"ent_coef": 0.0, "deep": {"gamma": 1, "tau": 2}, "batch_size": 16, "clip": 1}
    line = ant.__code__.co_firstlineno + 1
    assert resolution.warnings == [
        f"config function ant (test_new_keys.py:{line}) added the config entry kwargs.deep.tau",
        f"config function ant (test_new_keys.py:{line}) added the config entry kwargs.batch_size",
        "config dict (settings.py:7) added the config entry kwargs.clip",
    ]


def test_a_file_as_named_config_may_add_keys(ask, run, tmp_path):
    """The file and its line are named."""
    path = tmp_path / "more.yaml"
    path.write_text("kwargs:\n  clip: 3\n")
    resolution = run(str(path), ask())
    assert resolution.config["kwargs"]["clip"] == 3
    assert [warning.split(" (")[1] for warning in resolution.warnings] == [
        "more.yaml:2) added the config entry kwargs.clip"
    ]


def test_a_key_near_to_another_is_asked_about(ask, run):
    """The warning says what may have been meant."""
    (warning,) = run("slip", ask()).warnings
    line = base.__code__.co_firstlineno + 1
    assert warning.endswith(f"kwargs.ent_coeff; did you mean kwargs.ent_coef? (defined at test_new_keys.py:{line})")


def test_updates_may_not_add_keys_and_are_told_how_to(ask, run):
    """The message names the three ways: --force, the setting, extra="allow"; each of them works."""
    with pytest.raises(ConfigAddedError) as caught:
        run("kwargs.new=5 kwargs.newer=6", ask())
    first, second, way = str(caught.value).split("\n")
    assert first.startswith("there is no config entry kwargs.new (command line)")
    assert second.startswith("there is no config entry kwargs.newer (command line)")
    ways = 'a named config, --force, SETTINGS.CONFIG.NEW_KEYS = "warn", or add_config({...}, extra="allow")'
    assert way == f"new keys get into kwargs by {ways}"
    assert run("kwargs.new=5", ask(), force=True).config["kwargs"]["new"] == 5
    free = ConfigDict({"kwargs": {"a": 1}}, Origin("config dict"), extra="allow")
    assert run("kwargs.new=5", ask(free)).config["kwargs"] == {"a": 1, "new": 5}


def test_updates_may_add_keys_where_the_setting_says_so(ask, run, warn):
    """They warn as named configs do, and ask about near names; other dicts stay closed."""
    resolution = run("kwargs.new=5 kwargs.ent_coeff=1", ask())
    assert resolution.config["kwargs"]["new"] == 5
    assert resolution.warnings[0] == "command line added the config entry kwargs.new"
    assert "did you mean kwargs.ent_coef?" in resolution.warnings[1]
    for update in ("other.b=1", "zzz=1", "kwarg.new=1", "~kwargs.nix"):
        with pytest.raises(ConfigAddedError):
            run(update, ask())


def test_a_key_that_a_named_config_adds_can_be_updated(ask, run):
    """An update of it adds nothing."""
    assert run("ant kwargs.batch_size=4", ask()).config["kwargs"]["batch_size"] == 4


def test_dicts_that_no_function_asks_for_take_no_keys_of_named_configs(ask, run):
    """There the key would be read by nobody."""
    with pytest.raises(ConfigAddedError, match=r"no config entry other.b \(settings.py:7\); there are other.a$"):
        run("odd", ask(named={"odd": {"other": {"b": 1}}}))


@dataclass
class Optimizer:
    """Its fields are the keys."""

    lr: float = 0.1


def test_dicts_whose_keys_a_class_declares_stay_closed(ask, run, warn):
    """The class says which keys there are, whoever asks for the dict."""

    def typed():
        kwargs: Optimizer = Optimizer()

    for tokens in ("kwargs.new=1", "cheetah"):
        with pytest.raises(ConfigError, match="no config entry kwargs"):
            run(tokens, ask(typed))


def test_a_hook_adds_to_such_a_dict_without_a_word(ask, run):
    """But for a key that is near to another."""
    hook = lambda config, command_name, logger: {"kwargs": {"clip": 2, "ent_coeff": 1}}
    resolution = run("", ask(hooks=[hook]))
    assert resolution.config["kwargs"]["clip"] == 2
    assert resolution.warnings == []
    (addition,) = resolution.additions
    assert "added the config entry kwargs.ent_coeff; did you mean kwargs.ent_coef?" in addition
