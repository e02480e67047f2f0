from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from expkit.record.codec import decode, encode
from expkit.record.hashing import canonical, config_hashes

from .strategies import values


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_canonical_form():
    """The form that is hashed is specified, so that others can compute it."""
    config = {"seed": 3, "b": [1, 2.0, None, True], "a": {"ü": "x/y", "": 1e-7}}
    whole = '{"a":{"":1e-07,"\\u00fc":"x/y"},"b":[1,2.0,null,true],"seed":3}'
    unseeded = '{"a":{"":1e-07,"\\u00fc":"x/y"},"b":[1,2.0,null,true]}'
    assert config_hashes(config) == (digest(whole), digest(unseeded))


@given(values)
@settings(deadline=None)
def test_what_comes_back_has_the_same_hash(value):
    """A config that was saved as JSON and read again has the same hashes."""
    config = {"value": value, "seed": 1}
    again = encode(decode(json.loads(json.dumps(encode(config)))))
    assert config_hashes(again) == config_hashes(encode(config))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: "x", 2: "y"}, {2: "y", 1: "x"}),
        ({"s": {"a", "b", 3}}, {"s": {3, "b", "a"}}),
        ({"f": lambda: 1}, {"f": lambda: 2}),
        ({"o": object()}, {"o": object()}),
    ],
)
def test_equal_configs_have_equal_hashes(left, right):
    """Order of keys, order of sets, place of a lambda and addresses of objects do not count."""
    assert config_hashes(encode(left)) == config_hashes(encode(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1}, {"a": True}),
        ({"a": (1,)}, {"a": [1]}),
        ({"a": 0.0}, {"a": -0.0}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": None}, {}),
        ({"a": np.arange(2000)}, {"a": np.arange(2000) + 1}),
        ({"a": np.arange(2000)}, {"a": np.arange(2000.0)}),
        ({"a": len}, {"a": max}),
    ],
)
def test_different_configs_have_different_hashes(left, right):
    """Types and values count."""
    assert config_hashes(encode(left)) != config_hashes(encode(right))


def test_only_the_top_seed_is_left_out():
    """Two runs that differ in the root seed alone share the second hash; other seeds count."""
    one, two = config_hashes({"seed": 1, "data": {"seed": 1}}), config_hashes({"seed": 2, "data": {"seed": 1}})
    other = config_hashes({"seed": 1, "data": {"seed": 2}})
    assert one[0] != two[0]
    assert one[1] == two[1] != other[1]


@pytest.mark.parametrize(
    "value", [np.arange(2000.0), np.ones((40, 40), order="F"), pd.DataFrame({"a": range(2000)}), np.arange(10)]
)
def test_it_does_not_matter_where_arrays_lie(value):
    """An array or frame has one hash, in the record or beside it."""
    beside = encode({"w": value}, lambda data, suffix: hashlib.sha256(data).hexdigest())
    assert config_hashes(beside) == config_hashes(encode({"w": value}))


def test_trees_that_are_no_dicts():
    """A config whose keys are not all text, or any other tree, has hashes, too."""
    tree = encode({1: 2, "seed": 3})
    assert config_hashes(tree) == (digest(canonical(tree)),) * 2
    assert config_hashes([1]) == (digest("[1]"),) * 2
