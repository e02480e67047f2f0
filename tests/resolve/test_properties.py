"""Laws that hold for any config."""

import datetime
import math
import os
import tempfile
from decimal import Decimal
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from expkit.config.containers import copy_containers
from expkit.config.dicts import ConfigDict
from expkit.config.files import save_config_file
from expkit.config.origin import Origin
from expkit.config.paths import flatten, get_in
from expkit.config.resolve import Node, resolve
from expkit.config.scope import ConfigScope
from expkit.config.updates import Update
from expkit.record.codec import encode
from expkit.record.hashing import canonical, config_hashes

PATHS = ["data", "data.paths", "model", "model.opt", "deep.er", "x-1.y"]

keys = st.one_of(
    st.sampled_from(
        ["a", "b", "n", "seed", "rate", "x.y", "", "a b", "!expkit", "py/object", "1", "ü", '"', "[0]", "~a", "="]
    ),
    st.text(max_size=3),
)
# no booleans: True and 1 are one key to a dict, and which of them stays is not of our making
odd_keys = st.one_of(keys, st.integers(-3, 3), st.none(), st.tuples(st.integers()))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.decimals(allow_nan=False),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, datetime.timezone.utc])),
    st.timedeltas(),
    st.complex_numbers(allow_nan=False),
    st.sets(st.integers(), max_size=3),
    st.frozensets(st.text(max_size=2), max_size=3),
    st.sampled_from([PurePosixPath("a/b"), np.arange(3), np.float32(0.1), np.int64(3), Decimal("1.50")]),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(odd_keys, inner, max_size=3),
    ),
    max_leaves=8,
)
tables = st.dictionaries(keys, values, max_size=5)


def derived():
    n = 3
    twice = [n, n]
    table = {"n": n, "rest": [{"k": (n, 2)}]}
    if type(n) is int and n == 3:  # an array would not say
        large = True


DERIVED = ConfigScope(derived)


def small(n):
    n = 7
    only = {"here": (1, 2)}


@st.composite
def trees(draw):
    """The nodes of an experiment with some ingredients, each with dicts and sometimes a config function."""
    paths = draw(st.lists(st.sampled_from(PATHS), unique=True, max_size=4))
    nodes = []
    for path in [*sorted(paths, key=lambda path: -path.count(".")), ""]:
        configs = [ConfigDict(draw(own_tables(path, paths))) for _ in range(draw(st.integers(0, 2)))]
        if draw(st.booleans()):
            configs.append(DERIVED)
        nodes.append(
            Node(
                path=path,
                configurations=configs,
                children=draw(st.sampled_from([(), tuple(paths)])) if not path else (),
            )
        )
    return nodes


def own_tables(path, paths):
    """Entries that do not stand in the place of another ingredient."""
    starts = {other.split(".")[0] for other in paths}
    return tables.map(
        lambda table: {key: value for key, value in table.items() if key not in starts | {"paths", "opt", "y"}}
    )


@st.composite
def overridden(draw):
    """A tree, and updates of some of its leaves."""
    nodes = draw(trees())
    config = resolve(nodes).config
    places = [
        path for path, value in flatten(config) if type(value) is not dict and all(isinstance(key, str) for key in path)
    ]
    chosen = draw(st.lists(st.sampled_from(places), unique=True, max_size=3)) if places else []
    updates = [Update(path, draw(leaves), origin=Origin("test"), text="test") for path in chosen]
    assume(not {"n", "large"} <= {path[-1] for path in chosen})  # one depends on the other
    return nodes, updates


def tree_of(config):
    return encode(config)


@settings(deadline=None, max_examples=30)
@given(overridden(), st.sampled_from(["json", "yaml"]))
def test_starting_with_a_saved_config_gives_the_same_config_and_hash(given_tree, extension):
    """For every tree of ingredients and all updates, a saved config restores values, types and hash."""
    nodes, updates = given_tree
    before = resolve(nodes, updates)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, f"saved.{extension}")
        save_config_file(before.config, file)
        after = resolve(nodes, named=[file])
    assert config_hashes(tree_of(after.config)) == config_hashes(tree_of(before.config))
    assert tree_of(after.config) == tree_of(before.config)
    assert not after.summary.added - before.summary.added


@settings(deadline=None, max_examples=30)
@given(overridden())
def test_updates_have_the_last_word(given_tree):
    """Whatever configs say, an updated leaf has the value of its update, and resolving again gives the same."""
    nodes, updates = given_tree
    first, second = resolve(nodes, updates), resolve(nodes, updates)
    assert tree_of(first.config) == tree_of(second.config)
    for update in updates:
        expected = update.value.item() if isinstance(update.value, np.generic) else update.value
        assert encode(get_in(first.config, update.path)) == encode(expected)
        assert first.layers[update.name][-1].origin == update.origin


@settings(deadline=None, max_examples=30)
@given(tables, tables, tables, tables, tables)
@example({"a": None}, {}, {}, {"a": {None: None}}, {"a": {None: {}}})
def test_precedence_is_a_merge_in_order(config, hook, one, two, update):
    """Without functions that compute, what overrides is merged in order, and then over the configs."""
    root = Node(
        configurations=[ConfigDict(config)],
        named_configs={"one": ConfigDict(one), "two": ConfigDict(two)},
        hooks=[lambda config, command_name, logger: copy_containers(hook)],
    )
    assume(not config.keys() <= hook.keys())  # else the hook's result counts as the whole config, changed
    updates = [Update((key,), value, text=key) for key, value in update.items()]
    resolved = resolve([root], updates, ["one", "two"], force=True).config
    winners, expected = {}, copy_containers(config)
    for layer in (hook, one, two, update):
        merge(winners, layer)
    merge(expected, winners)
    assert canonical(tree_of(resolved)) == canonical(tree_of(ConfigDict(expected)()))  # in whatever order


def merge(tree, layer):
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            merge(tree[key], value)
        else:
            tree[key] = copy_containers(value)


@pytest.mark.parametrize("update", [{}, {"c": 2}])
def test_what_was_replaced_does_not_come_back(update):
    """A dict that a later config replaced by something else stays gone where an update brings a dict again."""
    dicts = [ConfigDict({"a": {"b": 1}}), ConfigDict({"a": None})]
    updates = [Update(("a",), update, text="a")]
    assert resolve([Node(configurations=dicts)], updates, force=True).config == {"a": update}
    named = dict(zip(("one", "two"), dicts, strict=True))
    node = Node(configurations=[ConfigDict({"a": 0})], named_configs=named)
    assert resolve([node], updates, ["one", "two"], force=True).config == {"a": update}
    hooked = Node(
        configurations=[ConfigDict({"z": 0})],
        named_configs={"one": ConfigDict({"a": None}), "two": ConfigDict({"a": update})},
        hooks=[lambda config, command_name, logger: {"a": {"b": 1}}],
    )
    assert resolve([hooked], (), ["one", "two"], force=True).config["a"] == update


@settings(deadline=None, max_examples=20)
@given(overridden())
def test_nothing_that_happens_to_a_result_reaches_the_next_run(given_tree):
    """Containers of a resolved config can be changed at will."""
    nodes, updates = given_tree
    before = tree_of(resolve(nodes, updates).config)
    spoil(resolve(nodes, updates).config)
    assert tree_of(resolve(nodes, updates).config) == before


def spoil(value):
    if isinstance(value, dict):
        for inner in list(value.values()):
            spoil(inner)
        value["spoilt"] = True
    elif isinstance(value, list | tuple):
        for inner in value:
            spoil(inner)
        if isinstance(value, list):
            value.append("spoilt")
    elif isinstance(value, set):
        value.add("spoilt")


@pytest.mark.parametrize("extension", ["json", "yaml"])
def test_a_saved_config_with_named_configs_and_functions_restores(tmp_path, extension):
    """What named configs and config functions made of a config is in the file, not made again."""
    nodes = [
        Node(
            path="data", configurations=[DERIVED], named_configs={"big": ConfigDict({"n": 9, "table": {"rest": [1]}})}
        ),
        Node(
            configurations=[ConfigDict({"n": 1, "only": None, "rate": math.nan}), DERIVED],
            named_configs={"small": ConfigScope(small)},
            children=["data"],
        ),
    ]
    before = resolve(nodes, named=["data.big"])
    file = tmp_path / f"saved.{extension}"
    save_config_file(before.config, file)
    after = resolve(nodes, named=[str(file)])
    assert tree_of(after.config) == tree_of(before.config)
    assert after.warnings == []
