"""Who wins over whom, and what depends on it."""

import logging

import numpy as np
import pytest

from expkit.config.dicts import ConfigDict
from expkit.config.origin import Origin
from expkit.config.resolve import Node, resolve
from expkit.config.updates import Update, updates_from_mapping
from expkit.errors import (
    ConfigAddedError,
    ConfigKeyError,
    ConfigScopeError,
    ConfigUpdateError,
    InvalidConfigError,
    NotRestorableError,
)
from expkit.settings import SETTINGS


def base():
    a = 1  # the first
    b = a * 10
    model = {"C": 1.0, "kind": "svm"}


def more(b, model):
    c = b + 1
    model["gamma"] = model["C"] / 2
    scale = _helper(c)


def _helper(value):
    return value * 2


def small():
    a = 2
    model = {"C": 3.0}


def tiny():
    a = 3
    b = a + 1


def test_updates_win_and_what_depends_on_them_follows(node, run):
    """An update counts while config functions run, across functions."""
    config = run("a=5 model.C=8", node("", base, more)).config
    assert config == {
        "a": 5, "b": 50, "model": {"C": 8, "kind": "svm", "gamma": 4.0}, "c": 51, "scale": 102
    }  # fmt: skip


def test_the_order_is_configs_hooks_named_configs_updates(node, run):
    """Each kind of config wins over the ones before it."""

    def hook(config, command_name, logger):
        return {"a": 20, "b": 30, "c": 40, "d": 50}

    root = node(
        "",
        {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1},
        hooks=[hook],
        named={"one": {"a": 300, "b": 400, "c": 500}, "two": {"a": 3000, "b": 4000}},
    )
    assert run("one a=7 two", root).config == {"a": 7, "b": 4000, "c": 500, "d": 50, "e": 1}
    assert run("two one", root).config == {"a": 300, "b": 400, "c": 500, "d": 50, "e": 1}


def test_dependents_follow_named_configs(node, run):
    """What a named config sets counts while config functions run."""
    config = run("small", node("", base, more, named={"small": small})).config
    assert config["b"] == 20
    assert config["model"] == {"C": 3.0, "kind": "svm", "gamma": 1.5}


def test_a_named_config_sees_updates_and_earlier_named_configs(node, run):
    """Inside a named config, updates win; entries of an earlier one can be read."""

    def second(a):
        b = a * 7

    root = node("", {"a": 0, "b": 0}, named={"tiny": tiny, "second": second})
    assert run("tiny a=9", root).config == {"a": 9, "b": 10}
    assert run("tiny second", root).config == {"a": 3, "b": 21}
    with pytest.raises(ConfigScopeError, match="second reads a"):
        run("second", root)


def test_of_equal_updates_the_last_one_wins(node, run):
    """Updates are taken from left to right."""
    assert run("a=1 a=2", node("", base)).config["a"] == 2


def test_updates_that_contradict_each_other_are_refused(node):
    """A value and an entry inside it cannot both be set."""
    with pytest.raises(ConfigUpdateError, match="contradict"):
        resolve([node("", base)], [Update(("model",), 1), Update(("model", "C"), 2)])


def test_dicts_merge_and_other_types_replace(node, run):
    """A dict update keeps the other keys; a scalar over a dict wins and is reported."""
    resolution = run("model={'C':2}", node("", base))
    assert resolution.config["model"] == {"C": 2, "kind": "svm"}
    assert run("model={}", node("", base)).config["model"] == {"C": 1.0, "kind": "svm"}
    resolution = run("model=2", node("", base))
    assert resolution.config["model"] == 2
    assert resolution.warnings == ["model was dict and is int now (command line)"]


def test_changes_are_tracked(node, run):
    """Added, modified and type-changed entries are known, parents included."""
    assert not run("a=1 b=10 model.C=1.0", node("", base)).summary.modified
    summary = run("a=5 model.C=x b=10 n=3", node("", base, parameters={"n": "x.py:1"})).summary
    assert summary.added == {"n"}
    assert summary.modified == {"a", "model", "b"}
    assert summary.typechanged == {"model.C": (float, str)}
    assert summary.docs["a"] == "the first"
    assert summary.places["model.C"].line == base.__code__.co_firstlineno + 3
    assert dict(summary) == {"a": 5, "b": 10, "model": {"C": "x", "kind": "svm"}, "n": 3}


def test_part_of_a_list_is_a_change():
    """A list that differs in one element is modified, with NumPy loaded, too."""
    nodes = [Node(configurations=[ConfigDict({"sizes": [1, 2, 3], "same": [1, 2]})])]
    updates = updates_from_mapping({"sizes": [1, 2, 9], "same": [1, 2]}, Origin("test"))
    assert resolve(nodes, updates).summary.modified == {"sizes"}


@pytest.mark.parametrize(("update", "warns"), [("a=1.5", False), ("a=True", True), ("n=3", False), ("a=[1]", True)])
def test_changed_types_are_warned_about(node, run, update, warns):
    """int and float are both numbers, None becomes anything; other changes of type are suspicious."""
    root = node("", {"a": 1, "n": None})
    assert bool(run(update, root).warnings) is warns
    assert run(update, root, force=True).warnings == []


def test_the_seed_is_known_everywhere(node, run):
    """Nobody has to define `seed`; giving it counts as a modification."""
    resolution = run("seed=3 data.seed=4", node("data"), node("", base, children=["data"]))
    assert resolution.config["seed"] == 3
    assert resolution.config["data"] == {"seed": 4}
    assert {"seed", "data.seed"} <= resolution.summary.modified
    assert not resolution.summary.added
    assert run("~seed", node("", base)).config == run("", node("", base)).config


def test_values_are_plain_and_shared_with_nobody(node):
    """Two runs never share containers with each other, with definitions or with updates."""
    given = {"sizes": [1]}
    value = {"x": np.int64(3), "inner": [1]}

    def hook(config, command_name, logger):
        config["sizes"].append(9)
        return {"own": given["sizes"]}

    nodes = [node("", given, hooks=[hook], parameters={"value": "f.py:1"})]
    updates = [Update(("value",), value)]
    first = resolve(nodes, updates)
    first.config["sizes"].append(2)
    first.config["value"]["inner"].append(2)
    first.config["own"].append(3)
    second = resolve(nodes, updates)
    assert second.config == {"sizes": [1], "value": {"x": 3, "inner": [1]}, "own": [1]}
    assert type(second.config["value"]["x"]) is int
    assert value["inner"] == [1]
    assert given == {"sizes": [1]}


def test_two_runs_of_one_function_do_not_meet(node, run):
    """A config function that changes what it got from an earlier config changes it for this run only."""

    def change(sizes):
        sizes.append(len(sizes))

    root = node("", {"sizes": [0]}, change)
    assert run("", root).config == run("", root).config == {"sizes": [0, 1]}


def test_forbidden_keys_are_refused_at_every_level(node, run, monkeypatch):
    """The key rules of the settings hold for updates, their values and what hooks give."""
    monkeypatch.setattr(SETTINGS.CONFIG, "ENFORCE_KEYS_MONGO_COMPATIBLE", True)
    root = node("", {"a": {}}, hooks=[lambda config, command_name, logger: {"b": {"$c": 1}}])
    with pytest.raises(ConfigKeyError, match=r"\$x"):
        run("a.$x=1", root)
    with pytest.raises(ConfigKeyError, match=r"\$y"):
        run("a={'$y':1}", root)
    with pytest.raises(ConfigKeyError, match=r"\$c"):
        run("", root)


def test_private_names_come_in_when_a_function_asks_for_them(node, run):
    """Names that are no entries become some if a captured function has such a parameter."""

    def config():
        _cache = "tmp"
        import os

        def loss(x):
            return x

    assert run("", node("", config)).config == {}
    asked = run("", node("", config, parameters={"_cache": "x.py:1", "loss": "x.py:2"}))
    assert asked.config["_cache"] == "tmp"
    assert asked.config["loss"](3) == 3
    assert "os" not in asked.config
    assert run("_cache=x", node("", config, parameters={"_cache": "x.py:1"})).config["_cache"] == "x"
    with pytest.raises(ConfigAddedError):
        run("_cache=x", node("", config))


def test_a_later_config_reads_hidden_names_of_an_earlier_one(node, run):
    """Private names can be parameters of later config functions of the same ingredient."""

    def first():
        _n = 4

    def second(_n):
        m = _n + 1

    assert run("", node("", first, second)).config == {"m": 5}


def test_without_any_config_updates_for_parameters_are_the_config(node, run):
    """An experiment without configs takes what its functions ask for."""
    assert run("x=1", node("", parameters={"x": "f.py:1"})).config == {"x": 1}


def test_config_functions_get_the_log(node):
    """`_log` is the run's logger, for ingredients a child of it or their own."""
    seen = []

    def config(_log):
        seen.append(_log.name)

    own = logging.getLogger("own")
    nodes = [node("data", config), node("other", config, logger=own), node("", config, children=["data", "other"])]
    assert resolve(nodes, logger=logging.getLogger("exp")).config == {}
    assert seen == ["exp.data", "own", "exp"]


def test_reads_of_config_functions_are_known(node, run):
    """Parameters, and variables of its own that a function uses, count as read."""

    def config(a, data):
        own = 1
        used = 2
        inside = 3
        result = used + a
        call = [inside for _ in range(2)]

    nodes = [node("data", {"n": 1}), node("", {"a": 1, "b": 2}, config, children=["data"])]
    assert run("", *nodes).reads == {"a", "data", "used", "inside"}


def test_overridden_entries_are_those_of_updates(node, run):
    """Removals and named configs override nothing that somebody would have to read."""
    resolution = run("small a=1 model={'C':1,'kind':'x'} ~b", node("", base, named={"small": small}))
    assert resolution.overridden == ("a", "model.C", "model.kind")


def test_two_ingredients_need_two_paths(node):
    """Equal and empty paths are refused."""
    with pytest.raises(InvalidConfigError, match="two ingredients have the path 'a'"):
        resolve([node("a"), node("a"), node("", children=["a"])])
    with pytest.raises(InvalidConfigError, match="empty path"):
        resolve([node(""), node("", children=[""])])


def test_an_entry_that_cannot_be_restored_is_refused_unless_it_is_given(node, run, tmp_path):
    """Starting with a saved config that holds an object names the entry."""
    from expkit.config.files import save_config_file

    class Thing:
        pass

    saved = tmp_path / "saved.json"
    save_config_file({"thing": Thing(), "a": 2}, saved)
    root = node("", {"thing": None, "a": 1})
    with pytest.raises(NotRestorableError, match="thing"):
        run(str(saved), root)
    assert run(f"{saved} thing=3", root).config == {"thing": 3, "a": 2}
