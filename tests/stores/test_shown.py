"""What people read in databases."""

import math

import numpy as np
import pytest

from expkit.record.codec import encode
from expkit.stores.mongo.views import safe
from expkit.stores.sql import readable

CASES = [
    (math.inf, math.inf, "inf"),
    ({"a": (1, math.nan)}, {"a": [1, math.nan]}, {"a": [1, "nan"]}),
    (2**63, str(2**63), str(2**63)),
    (-(2**63), -(2**63), -(2**63)),
    (True, True, True),
    ({"$set": {"a.b": "\0"}}, {"@set": {"a,b": "\0"}}, {"$set": {"a.b": "\\0"}}),
    (np.zeros((2, 3), object), "array of object, shape [2, 3]", "array of object, shape [2, 3]"),
]


@pytest.mark.parametrize(("value", "bson", "column"), CASES, ids=[str(number) for number in range(len(CASES))])
def test_shown(value, bson, column):
    """Values are shown as people write them, in each database as far as it can say it."""
    assert repr(safe(encode(value))) == repr(bson)
    assert readable.tree(encode(value)) == column


@pytest.mark.parametrize("show", [safe, readable.tree])
def test_depth_and_surrogates(show):
    """No tree is too deep for a database, and no text is none."""
    deep = "\ud800"
    for _ in range(200):
        deep = [deep]
    assert "..." in str(show(deep))
    assert show("\ud800") == "?"
