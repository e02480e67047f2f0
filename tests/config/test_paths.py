"""Paths as text and as tuples, and what lies at them."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.config.paths import (
    APPEND,
    below,
    delete_in,
    flatten,
    get_in,
    has_path,
    is_prefix,
    join,
    parents,
    put_in,
    split,
)
from expkit.errors import ConfigUpdateError

keys = st.text(max_size=5) | st.sampled_from(["a", "a.b", "a=b", "[0]", "~", "'", '"', " ", "\\"])
paths = st.tuples(keys).flatmap(
    lambda first: st.lists(keys | st.integers() | st.just(APPEND), max_size=4).map(lambda rest: (*first, *rest))
)


@given(paths)
def test_text_and_back(path):
    """Every path, whatever its keys, has a text that means this path."""
    assert split(join(path)) == path


@given(paths)
def test_parents_and_prefixes(path):
    """The parents of a path are its beginnings; all of them, and only they, are prefixes."""
    text = join(path)
    above = [join(path[:length]) for length in range(1, len(path))]
    assert list(parents(text)) == above
    assert all(is_prefix(parent, text) for parent in ["", *above, text])
    assert not is_prefix(text + "x", text)
    assert not is_prefix(text, "x" + text)


@given(paths, keys | st.integers())
def test_below(path, key):
    """``below`` is ``join`` of one more key."""
    assert below(join(path), key) == join((*path, key))


def test_below_the_root():
    """The path of a root entry is its key."""
    assert below("", "a.b") == '"a.b"'
    assert below("", 1) == join((1,)) == "[1]"
    assert list(parents("[1].a")) == ["[1]"]


@pytest.mark.parametrize(("prefix", "path"), [("a", "ab"), ("a.b", "a.bc"), ("a.b", "a"), ("a", "b.a")])
def test_no_prefix(prefix, path):
    """Prefixes end where a key ends."""
    assert not is_prefix(prefix, path)


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a.[0]", "[0]", "a=b", '"a', "a[0]b"]
)
def test_no_paths(text):
    """What is no path is refused, with the text and an example."""
    with pytest.raises(ConfigUpdateError, match="names no config entry; write a.b") as caught:
        split(text)
    assert repr(text) in str(caught.value)


TREE = {"a": {"b": [1, {"c": 2}], "empty": {}}, 3: "x", "t": (1, [2])}


def test_flatten():
    """Leaves are what is no dict, and empty dicts."""
    assert dict(flatten(TREE)) == {("a", "b"): [1, {"c": 2}], ("a", "empty"): {}, (3,): "x", ("t",): (1, [2])}
    assert dict(flatten({})) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [((), TREE), (("a", "b", 1, "c"), 2), (("a", "b", -2), 1), ((3,), "x"), (("t", 1, 0), 2), (("a", "empty"), {})],
)
def test_get(path, value):
    """Dicts go by keys, lists and tuples by indices."""
    assert get_in(TREE, path) == value
    assert has_path(TREE, path)


@pytest.mark.parametrize("path", [("b",), ("a", "x"), ("a", "b", 2), ("a", "b", "0"), ("a", "b", APPEND), (3, 0)])
def test_get_what_is_not_there(path):
    """Where nothing is, the default is had."""
    assert get_in(TREE, path, "none") == "none"
    assert not has_path(TREE, path)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", "x"), {"a": {"b": [1, {"c": 2}], "empty": {}, "x": 9}}),
        (("a", "b", 1, "c"), {"a": {"b": [1, {"c": 9}], "empty": {}}}),
        (("a", "b", -1), {"a": {"b": [1, 9], "empty": {}}}),
        (("a", "b", APPEND), {"a": {"b": [1, {"c": 2}, 9], "empty": {}}}),
        (("a", "empty", "x", "y"), {"a": {"b": [1, {"c": 2}], "empty": {"x": {"y": 9}}}}),
        ((3,), {3: 9}),
    ],
)
def test_put(path, found):
    """Values are set where they belong; dicts on the way are made."""
    tree = copy.deepcopy(TREE)
    put_in(tree, path, 9)
    assert tree == {**TREE, **found}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("a", "b", 5), "a.b is a list of 2"),
        (("a", "b", "x"), "a.b is a list of 2"),
        (("a", "b", 5, "x"), "there is no a.b[5]"),
        (("a", "empty", APPEND), "a.empty is a dict"),
        (("a", "new", 0), "there is no a.new"),
        ((3, "x"), "[3] is 'x'"),
        (("t", 0, "x"), "t is (1, [2])"),
        ((APPEND,), "the config is a dict"),
    ],
)
def test_put_where_it_cannot_be(path, words):
    """What is in the way is told."""
    with pytest.raises(ConfigUpdateError) as caught:
        put_in(copy.deepcopy(TREE), path, 9)
    assert words in str(caught.value)
    assert f"{join(path)} cannot be set" in str(caught.value)


def test_delete():
    """What is there is removed; what is not there is told."""
    tree = copy.deepcopy(TREE)
    assert delete_in(tree, ("a", "b", 1, "c"))
    assert delete_in(tree, ("a", "b", 0))
    assert delete_in(tree, (3,))
    assert tree == {"a": {"b": [{}], "empty": {}}, "t": (1, [2])}
    assert not any(delete_in(tree, path) for path in [("x",), ("a", "b", 7), ("x", "y"), ("t", 0), ("a", "b", APPEND)])


def test_append_is_one_object():
    """``APPEND`` stays itself in copies and pickles."""
    assert pickle.loads(pickle.dumps(APPEND)) is copy.deepcopy(APPEND) is APPEND
