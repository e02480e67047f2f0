"""Config hooks: what they get, what they set, and what follows from it."""

import logging

import pytest

from expkit.config.resolve import resolve
from expkit.errors import InvalidConfigError


def base():
    a = 1
    b = a * 10
    model = {"C": 1}


def test_what_depends_on_a_hook_follows(node, run):
    """After hooks, config functions are evaluated once more, with the hook's values fixed."""
    calls = []

    def config():
        a = 1
        b = a * 10
        calls.append(a)

    def hook(config, command_name, logger):
        return {"a": config["a"] + 1}

    assert run("", node("", config, hooks=[hook])).config == {"a": 2, "b": 20}
    assert calls == [1, 2]
    calls.clear()
    run("", node("", config, hooks=[lambda config, command_name, logger: None]))
    assert calls == [1]


def test_a_hook_gets_a_copy_and_the_command(node):
    """What a hook does to its copy changes nothing; it gets command name and logger."""
    got = []

    def hook(config, command_name, logger):
        got.append((command_name, logger.name))
        config["model"]["C"] = 99

    nodes = [node("data", hooks=[hook]), node("", base, hooks=[hook])]
    with pytest.raises(KeyError):  # the ingredient comes before the experiment's entries
        resolve(nodes, command="train", logger=logging.getLogger("exp"))
    assert resolve(nodes[1:], command="train", logger=logging.getLogger("exp")).config["model"]["C"] == 1
    assert got == [("train", "exp.data"), ("train", "exp")]


@pytest.mark.parametrize("copied", [False, True])
def test_a_hook_may_return_the_whole_config_changed(node, run, copied):
    """Only what differs counts as set, so that the rest can follow."""

    def hook(config, command_name, logger):
        config = dict(config) if copied else config
        config.update(a=3)
        config["model"]["gamma"] = 5
        return config

    resolution = run("", node("", base, hooks=[hook]))
    assert resolution.config == {"a": 3, "b": 30, "model": {"C": 1, "gamma": 5}}
    assert resolution.summary.modified == {"a", "model"}
    assert resolution.summary.added == {"model.gamma"}


def test_a_hook_that_names_an_entry_sets_it_even_to_the_same_value(node, run):
    """Entries that a hook returns by name do not follow any more."""

    def hook(config, command_name, logger):
        return {"a": 3, "b": 10}

    assert run("", node("", base, hooks=[hook])).config["b"] == 10


def test_a_hook_of_an_ingredient_sets_its_own_entries(node, run):
    """It reads the whole config so far, and sets entries as its ingredient names them."""

    def data():
        n = 1
        m = n + 1

    def hook(config, command_name, logger):
        return {"n": config["data"]["n"] + config["paths"]["k"], "paths": {"k": 8}}

    def whole(config, command_name, logger):
        config["data"]["n"] = 50
        return config

    for used, n, k in ((hook, 8, 8), (whole, 50, 7)):
        nodes = [
            node("paths", {"k": 7}),
            node("data", data, hooks=[used], children=["paths"]),
            node("", children=["data"]),
        ]
        config = run("", *nodes).config
        assert config == {"paths": {"k": k}, "data": {"n": n, "m": n + 1}}


def test_a_hook_of_the_experiment_may_set_entries_of_ingredients(node, run):
    """What depends on them, in the ingredient and in the experiment, follows."""

    def data():
        n = 1
        m = n + 1

    def config(data):
        total = data["m"] * 2

    def hook(config, command_name, logger):
        return {"data": {"n": 10}}

    config = run("", node("data", data), node("", config, hooks=[hook], children=["data"])).config
    assert config == {"data": {"n": 10, "m": 11}, "total": 22}


def test_a_hook_cannot_set_what_lies_outside_its_ingredient(node, run):
    """The attempt is warned about."""

    def hook(config, command_name, logger):
        config["one"]["n"] = 5
        return config

    nodes = [node("one", {"n": 1}), node("two", {"m": 1}, hooks=[hook]), node("", children=["one", "two"])]
    resolution = run("", *nodes)
    assert resolution.config == {"one": {"n": 1}, "two": {"m": 1}}
    assert "ingredient two sets for one.n" in resolution.warnings[0]


def test_a_later_hook_sees_what_an_earlier_one_set(node, run):
    """Hooks run in the order of their definition."""

    def one(config, command_name, logger):
        return {"a": 5}

    def two(config, command_name, logger):
        return {"c": config["a"] + 1}

    assert run("", node("", base, {"c": 0}, hooks=[one, two])).config["c"] == 6


def test_a_hook_may_add_entries_and_is_asked_whether_it_meant_to(node, run):
    """New entries of hooks are marked as added, can be updated, and are pointed out."""

    def hook(config, command_name, logger):
        return {"model": {"CC": 3}}

    root = node("", base, hooks=[hook])
    resolution = run("", root)
    assert resolution.config["model"] == {"C": 1, "CC": 3}
    assert resolution.summary.added == {"model.CC"}
    assert resolution.warnings == []
    assert len(resolution.additions) == 1
    line = hook.__code__.co_firstlineno
    assert (
        f"config hook hook (test_hooks.py:{line}) added the config entry model.CC; did you mean"
        in resolution.additions[0]
    )
    assert run("model.CC=4", root).config["model"]["CC"] == 4
    assert run("", root, force=True).additions == []
    asked = node("", base, hooks=[lambda config, command_name, logger: {"new": 1}], parameters={"new": "x.py:1"})
    assert run("", asked).additions == []


def test_a_hook_that_returns_no_dict_is_refused(node, run):
    """The message names the hook and its place."""

    def hook(config, command_name, logger):
        return 3

    with pytest.raises(InvalidConfigError, match=r"config hook hook \(test_hooks.py:\d+\) returned 3"):
        run("", node("", base, hooks=[hook]))


def test_a_hook_may_be_any_callable(node, run):
    """Objects that can be called are hooks, too."""

    class Hook:
        def __call__(self, config, command_name, logger):
            return {"a": 7}

    resolution = run("", node("", base, hooks=[Hook()]))
    assert resolution.config["b"] == 70
    assert "Hook object" in resolution.layers["a"][-1].origin.what


def test_changes_by_hooks_are_checked_like_others(node, run):
    """A hook that changes a type is warned about."""
    resolution = run("", node("", base, hooks=[lambda config, command_name, logger: {"a": "x"}]))
    assert resolution.summary.typechanged == {"a": (int, str)}
    assert "a was int and is str now" in resolution.warnings[0]


def test_reads_of_hooks_are_known(node, run):
    """Exactly the entries that a hook took out of the config count as read."""

    def hook(config, command_name, logger):
        config["model"]["D"] = 3
        return {"a": config["model"]["C"]}

    assert "model.C" in run("", node("", {"a": 1, "model": {"C": 2, "D": 2}}, hooks=[hook])).reads
    assert run("", node("", {"a": 1, "model": {"C": 2, "D": 2}}, hooks=[hook])).reads == {"model.C"}


def test_updates_win_over_hooks_and_hooks_see_them(node, run):
    """A hook works with the values that updates gave, and cannot change them."""

    def hook(config, command_name, logger):
        return {"a": config["a"] + 1, "c": config["b"]}

    assert run("a=5", node("", base, {"c": 0}, hooks=[hook])).config == {"a": 5, "b": 50, "model": {"C": 1}, "c": 50}
