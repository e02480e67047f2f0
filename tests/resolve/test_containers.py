"""Copies of config containers, read-only ones, and what was changed in place."""

import copy
import json
import operator
import pickle

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from expkit.config.containers import ReadOnlyDict, ReadOnlyList, copy_containers, mutations, read_only
from expkit.errors import ReadOnlyConfigError

CONFIG = {"lr": 0.1, "layers": [{"units": 64}, 32], "pair": (1, [2]), "names": {"a"}, "empty": {}}

trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4) | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


@given(trees)
def test_a_copy_equals_its_original_and_differs_from_it_nowhere(tree):
    """A copy is equal to the original, and comparing the two finds no mutation."""
    twin = copy_containers(tree)
    assert twin == tree
    assert mutations(tree, twin) == []


def test_a_copy_shares_leaves_but_no_container():
    """Arrays and objects are shared, dicts, lists, sets and what lies in tuples is not."""
    array = np.arange(3)
    original = {"array": array, "type": dict, "list": [[]], "tuple": ([],), "set": {1}}
    twin = copy_containers(original)
    assert twin["array"] is array
    assert twin["type"] is dict
    assert twin["list"][0] is not original["list"][0]
    assert twin["tuple"][0] is not original["tuple"][0]
    assert twin["set"] is not original["set"]


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        (lambda c: c.update(lr=0.2), ["lr"]),
        (lambda c: c["layers"][0].update(units=1), ["layers[0].units"]),
        (lambda c: c["layers"].append(1), ["layers"]),
        (lambda c: c["pair"][1].append(3), ["pair[1]"]),
        (lambda c: c["names"].add("b"), ["names"]),
        (lambda c: c["empty"].update(x=1), ["empty.x"]),
        (lambda c: c.pop("lr"), ["lr"]),
        (lambda c: c.update(lr=1), ["lr"]),
        (lambda c: c.update(lr=0.1 + 0.0), []),
        (lambda c: c.update(layers=None), ["layers"]),
    ],
)
def test_mutations_name_the_entries(change, paths):
    """Every change in place is found under the name of the entry that was changed."""
    twin = copy_containers(CONFIG)
    change(twin)
    assert mutations(CONFIG, twin) == paths


def test_mutations_survive_values_that_cannot_be_compared():
    """Another array under the same name counts as a change, even though arrays answer with arrays."""
    assert mutations({"a": np.arange(3)}, {"a": np.arange(3)}) == ["a"]
    assert mutations([1, 2], [1, 3], "sizes") == ["sizes[1]"]


@given(trees)
def test_read_only_looks_like_the_original(tree):
    """Equality, JSON, pickle and deepcopy of read-only containers are those of plain ones."""
    frozen = read_only({"tree": tree})
    assert frozen == {"tree": tree}
    assert json.dumps(frozen) == json.dumps({"tree": tree})
    assert pickle.loads(pickle.dumps(frozen)) == frozen
    assert type(copy.deepcopy(frozen)) is dict


DICT_CHANGES = [
    lambda d: d.__setitem__("x", 1),
    lambda d: d.__delitem__("lr"),
    lambda d: d.clear(),
    lambda d: d.pop("lr"),
    lambda d: d.popitem(),
    lambda d: d.setdefault("x", 1),
    lambda d: d.update(x=1),
    lambda d: operator.ior(d, {"x": 1}),
]
LIST_CHANGES = [
    lambda x: x.__setitem__(0, 1),
    lambda x: x.__setitem__(slice(None), []),
    lambda x: x.__delitem__(0),
    lambda x: x.append(1),
    lambda x: x.clear(),
    lambda x: x.extend([1]),
    lambda x: x.insert(0, 1),
    lambda x: x.pop(),
    lambda x: x.remove(32),
    lambda x: x.reverse(),
    lambda x: x.sort(),
    lambda x: operator.iadd(x, [1]),
    lambda x: operator.imul(x, 2),
]


@pytest.mark.parametrize("change", DICT_CHANGES)
def test_read_only_dicts_refuse_every_change(change):
    """Each mutator of a dict raises and leaves the dict as it was, after pickling, too."""
    for frozen in (read_only(CONFIG), pickle.loads(pickle.dumps(read_only(CONFIG)))):
        with pytest.raises(ReadOnlyConfigError, match="the config is read-only"):
            change(frozen)
        assert frozen == {**CONFIG}


@pytest.mark.parametrize("change", LIST_CHANGES)
def test_read_only_lists_refuse_every_change(change):
    """Each mutator of a list raises and leaves the list as it was, after pickling, too."""
    for frozen in (read_only(CONFIG), pickle.loads(pickle.dumps(read_only(CONFIG)))):
        with pytest.raises(ReadOnlyConfigError, match="layers is read-only"):
            change(frozen["layers"])
        assert frozen == CONFIG


def test_the_error_names_the_nested_entry_and_the_way_out():
    """The message says which entry is read-only and how to get one that is not."""
    frozen = read_only({"model": CONFIG, "a.b": [{}], "pair": ([],), "names": {1}})
    with pytest.raises(ReadOnlyConfigError, match=r"model\.layers\[0\] is read-only.*dict\(\.\.\.\)"):
        frozen["model"]["layers"][0]["units"] = 1
    with pytest.raises(ReadOnlyConfigError, match=r"pair\[0\].*list\(\.\.\.\)"):
        frozen["pair"][0].append(1)
    with pytest.raises(AttributeError):
        frozen["names"].add(2)


def test_copies_of_read_only_containers_are_plain():
    """copy and deepcopy give dicts and lists that can be changed again."""
    frozen = read_only(CONFIG)
    assert type(copy.copy(frozen)) is type(frozen.copy()) is dict
    assert type(copy.copy(frozen["layers"])) is type(frozen["layers"].copy()) is list
    deep = copy.deepcopy(frozen)
    assert type(deep["layers"]) is list
    assert type(deep["layers"][0]) is dict
    assert deep == CONFIG
    assert isinstance(frozen, ReadOnlyDict)
    assert isinstance(frozen["layers"], ReadOnlyList)


@pytest.mark.parametrize("dump", [yaml.safe_dump, yaml.dump])
def test_read_only_containers_dump_as_yaml(dump):
    """YAML sees ordinary mappings and sequences."""
    plain = {"lr": 0.1, "layers": [{"units": 64}, 32]}
    assert dump(read_only(plain)) == dump(plain)
