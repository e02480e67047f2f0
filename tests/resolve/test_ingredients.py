"""Ingredients: whose entry is it, and who sees it."""

import pytest

from expkit.config.resolve import resolve
from expkit.errors import ConfigAddedError, ConfigScopeError, ConfigUpdateError


def data():
    n = 10
    name = "digits"
    half = n // 2


def paths():
    root = "/tmp"


def whole(data):
    total = data["n"] * 3


def test_ingredients_lie_under_their_paths(node, run):
    """Sub-ingredients are nested only where their path says so."""
    config = run(
        "", node("data.paths", paths), node("other", paths), node("data", data), node("", whole, children=["data"])
    ).config
    assert config == {
        "data": {"n": 10, "name": "digits", "half": 5, "paths": {"root": "/tmp"}},
        "other": {"root": "/tmp"},
        "total": 30,
    }


def test_updates_of_ingredients_reach_the_experiment_that_reads_them(node, run):
    """What depends on an ingredient's entry follows its updates, wherever they are."""
    nodes = [node("data", data), node("", whole, children=["data"])]
    assert run("data.n=20", *nodes).config == {"data": {"n": 20, "name": "digits", "half": 10}, "total": 60}
    assert run("data={'n':4}", *nodes).config["total"] == 12


def test_an_ingredient_sees_its_own_by_short_names(node, run):
    """Below its own path the common part is dropped; other ingredients are seen by their first name."""

    def config(paths, other):
        both = paths["root"] + other["root"]

    nodes = [
        node("data.paths", paths),
        node("other", paths),
        node("data", config, children=["data.paths", "other"]),
        node(""),
    ]
    assert run("other.root=x", *nodes).config["data"]["both"] == "/tmpx"


def test_only_direct_ingredients_are_seen(node, run):
    """An ingredient's ingredient is not the experiment's."""

    def config(other):
        x = other["root"]

    with pytest.raises(ConfigScopeError, match="reads other"):
        run("", node("other", paths), node("data", children=["other"]), node("", config, children=["data"]))


def test_ingredients_cannot_be_changed_from_outside(node, run):
    """The visible object is a protected copy: existing keys stay, new ones count for this function only."""

    def config(data):
        data["n"] = 99
        data["new"] = 1
        seen = data["n"], data["new"]

    config = run("", node("data", data), node("", config, children=["data"])).config
    assert config["seen"] == (10, 1)
    assert config["data"] == {"n": 10, "name": "digits", "half": 5}


def test_values_in_the_place_of_an_ingredient_are_ignored_with_a_warning(node, run):
    """Neither functions nor dicts of the parent can replace an ingredient; the warning says where to set it."""

    def replaces(data):
        data = {"n": 1}

    def rebinds():
        data = {"n": 1}

    for config in (replaces, rebinds, {"data": {"n": 1}, "x": 1}):
        resolution = run("", node("data", data), node("", config, children=["data"]))
        assert resolution.config["data"]["n"] == 10
        assert "the experiment sets for data" in "".join(resolution.warnings)
    resolution = run("", node("data.paths", paths), node("data", {"paths": {"root": 1}}), node(""))
    assert resolution.config == {"data": {"paths": {"root": "/tmp"}}}
    assert "ingredient data sets for paths" in "".join(resolution.warnings)


def test_named_configs_set_entries_of_ingredients(node, run):
    """A named config may give entries of ingredients; they count as its own, below updates."""

    def big():
        data = {"n": 30}
        x = 1

    nodes = [node("data", data), node("", whole, {"x": 0}, children=["data"], named={"big": big})]
    assert run("big", *nodes).config == {"data": {"n": 30, "name": "digits", "half": 15}, "total": 90, "x": 1}
    assert run("big data.n=2", *nodes).config["total"] == 6


def test_named_configs_may_build_on_what_is_set_for_ingredients(node, run):
    """A named config that declares an ingredient sees what updates and earlier named configs say of it."""

    def big():
        data = {"n": 30}

    def bigger(data):
        data["n"] = data.get("n", 0) + 1
        n = data["n"]

    nodes = [node("data", data), node("", {"n": 0}, children=["data"], named={"big": big, "bigger": bigger})]
    assert run("big bigger", *nodes).config["n"] == 31
    assert run("bigger", *nodes).config["n"] == 1


@pytest.mark.parametrize("update", ["data=3", "data.paths=3", "deep=[1]", "data={'paths':3}"])
def test_an_ingredient_cannot_become_a_value(node, run, update):
    """Updates of an ingredient give entries."""
    nodes = [node("data.paths", paths), node("deep.er", paths), node("data", data), node("")]
    with pytest.raises(ConfigUpdateError, match="NAME=VALUE"):
        run(update, *nodes)
    assert run("data={}", *nodes).config["data"]["n"] == 10


@pytest.mark.parametrize("update", ["~data", "data[0]=1", "~deep"])
def test_an_ingredient_cannot_be_removed(node, run, update):
    """Ingredients belong to the code."""
    with pytest.raises(ConfigUpdateError, match="is an ingredient"):
        run(update, node("deep.er", paths), node("data", data), node(""))


def test_unknown_entries_are_judged_by_their_ingredient(node, run):
    """A parameter of the experiment's functions makes no entry of an ingredient known, nor the reverse."""
    nodes = [
        node("data", data, parameters={"k": "d.py:1"}),
        node("", children=["data"], parameters={"data": "x.py:1", "m": ""}),
    ]
    assert run("data.k=1 m=2", *nodes).config["data"]["k"] == 1
    for update in ("data.m=1", "k=1"):
        with pytest.raises(ConfigAddedError):
            run(update, *nodes)


def test_each_ingredient_has_its_own_view(node, run):
    """An ingredient's functions see its entries and its direct ingredients, the experiment's see everything."""
    nodes = [
        node("data.paths", paths),
        node("other", paths),
        node("data", data, children=["data.paths", "other"]),
        node("empty"),
        node("", {"x": [1]}, children=["data", "empty"]),
    ]
    resolution = run("", *nodes)
    assert resolution.node_config("") is resolution.config
    assert resolution.node_config("data") == {
        "n": 10, "name": "digits", "half": 5, "paths": {"root": "/tmp"}, "other": {"root": "/tmp"}
    }  # fmt: skip
    assert resolution.node_config("data")["other"] is resolution.config["other"]
    assert resolution.node_config("data.paths") is resolution.config["data"]["paths"]
    assert resolution.node_config("empty") == {}
    assert "other" not in resolution.config["data"]


def test_the_summary_names_entries_from_the_root(node, run):
    """Docs, places and changes of ingredients are found under their paths."""

    def documented():
        n = 1  # how many
        opts = {}

    summary = run("data.n=2 data.opts.x=1", node("data", documented), node("", children=["data"])).summary
    assert summary.docs["data.n"] == "how many"
    assert summary.places["data.n"].line == documented.__code__.co_firstlineno + 1
    assert summary.modified == {"data", "data.n", "data.opts"}
    assert summary.added == {"data.opts.x"}
    assert summary.open == {"data.opts"}


def test_an_ingredient_may_be_shared(node, run):
    """Two ingredients that use a third see the same entries."""

    def first(paths):
        a = paths["root"]

    nodes = [
        node("paths", paths),
        node("one", first, children=["paths"]),
        node("two", first, children=["paths"]),
        node(""),
    ]
    config = run("paths.root=r", *nodes).config
    assert config["one"] == config["two"] == {"a": "r"}


def test_paths_deeper_than_their_parents_name(node):
    """An ingredient may lie below an entry of the experiment, and before the one around it."""
    nodes = [node("a", {"c": 2}), node("a.b", {"d": 3}), node("", {"x": {"y": 1}}, children=["a"])]
    assert resolve(nodes).config == {"x": {"y": 1}, "a": {"c": 2, "b": {"d": 3}}}
    nodes = [node("x.z", {"d": 3}), node("", {"x": {"y": 1}}, children=["x.z"])]
    resolution = resolve(nodes)
    assert resolution.config == {"x": {"y": 1, "z": {"d": 3}}}
    assert resolution.warnings == []
