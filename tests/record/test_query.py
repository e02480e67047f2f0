from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.record.codec import encode
from expkit.record.paths import Path as Way
from expkit.record.query import MISSING, OPS, And, Compare, Exists, Not, Or, fields_of, matches

from .strategies import Colour, Layer

TREE = encode(
    {
        "lr": 0.1,
        "name": "Net-50%",
        "none": None,
        "nan": float("nan"),
        "np": np.float32(0.5),
        "npnan": np.float32("nan"),
        "layers": [{"units": 64}, {"units": 32}],
        "pair": (1, 2),
        "tags": {"a", "b"},
        "colour": Colour.RED,
        "path": Path("data/x.csv"),
        "price": Decimal("1.10"),
        "when": datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=2))),
        "day": date(2026, 1, 1),
        "opt": dict,
        "layer": Layer(3, ["x"]),
        "ints": {1: "one", (1, 2): "pair"},
        "a.b": {"c.d": 1, "c": {"d": 2}},
        "": {"": "empty"},
        "sp ace[0]": 1,
        "deep": {"layers": {"0": "text"}},
        "array": np.arange(3),
        "odd": {"!expkit": "float", "value": "x"},
    }
)


def lookup(tree, path):
    return Way.parse(path).get(tree)


def holds(field, op, value):
    return matches(Compare(field, op, value), lambda path: lookup(TREE, path))


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("lr", "==", 0.1),
        ("lr", "!=", 0.2),
        ("lr", "<", 1),
        ("lr", "<=", 0.1),
        ("lr", ">", 0),
        ("lr", ">=", 0.1),
        ("lr", "in", [0.1, 0.2]),
        ("lr", "in", {0.1}),
        ("name", "like", "net%"),
        ("name", "like", "NET___%"),
        ("name", "contains", "50"),
        ("none", "==", None),
        ("nan", "!=", 1),
        ("nan", "!=", float("nan")),
        ("np", "==", 0.5),
        ("np", ">", np.float64(0.4)),
        ("npnan", "!=", 0),
        ("layers", "contains", {"units": 64}),
        ("layers[1].units", "==", 32),
        ("pair", "==", (1, 2)),
        ("pair", "==", [1, 2]),
        ("pair", "contains", 2),
        ("pair[0]", "==", 1),
        ("tags", "contains", "a"),
        ("colour", "==", "RED"),
        ("colour", "==", Colour.RED),
        ("path", "==", Path("data/x.csv")),
        ("path", "like", "%.csv"),
        ("price", ">", 1),
        ("price", "==", Decimal("1.1")),
        ("when", "==", datetime(2026, 1, 1, 1, tzinfo=timezone.utc)),
        ("when", "<", datetime(2026, 1, 2)),
        ("when", "in", [datetime(2026, 1, 1, 1, tzinfo=timezone.utc)]),
        ("day", "==", date(2026, 1, 1)),
        ("opt", "==", "builtins:dict"),
        ("layer.units", "==", 3),
        ("ints.1", "==", "one"),
        ("ints", "!=", 3),
        ("deep.layers", "contains", "0"),
    ],
)
def test_what_holds(field, op, value):
    """Comparisons mean what a person means, also for values that are tagged in the tree."""
    assert holds(field, op, value)


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("lr", "==", "0.1"),
        ("lr", "<", "1"),
        ("lr", "contains", 0),
        ("lr", "like", "0%"),
        ("name", "like", "net"),
        ("name", "like", "Net.50%"),
        ("name", "contains", 5),
        ("none", "<", 1),
        ("none", "!=", None),
        ("nan", "==", float("nan")),
        ("nan", "<", 1),
        ("nan", ">", 1),
        ("colour", "==", 1),
        ("odd", "<", 1),
        ("layers[2].units", "==", 32),
        ("array[0]", "==", 0),
    ],
)
def test_what_does_not_hold(field, op, value):
    """Values of different kinds are neither equal nor in order; patterns fit whole texts."""
    assert not holds(field, op, value)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("field", ["nothing", "lr.nothing", "layers[9]", "name.x"])
def test_missing_values_never_hold(field, op):
    """A comparison with a missing value is false, whatever the comparison."""
    assert not holds(field, op, [None])
    assert op in ("in", "not in") or not holds(field, op, None)


@pytest.mark.parametrize("op", ["in", "not in"])
@pytest.mark.parametrize("value", [None, "0.1", 5])
def test_in_takes_a_list(op, value):
    """Behind ``in`` anything but a list of values is refused at once, by every store alike."""
    with pytest.raises(ValueError, match="behind 'n?o?t? ?in' stands a list"):
        Compare("lr", op, value)


def test_existence():
    """What is there exists, None and nothing do not."""
    row = {"a": 0, "b": None}
    found = [matches(Exists(field), lambda path: lookup(row, path)) for field in "abc"]
    assert found == [True, False, False]


@given(st.booleans(), st.booleans())
def test_logic(left, right):
    """And, Or and Not are what they are in logic; no question is answered with yes."""
    row = {"l": left, "r": right}.get
    one, two = Compare("l", "==", True), Compare("r", "==", True)
    assert matches(And(one, two), row) == (left and right)
    assert matches(Or(one, two), row) == (left or right)
    assert matches(Not(one), row) == (not left)
    assert matches(None, row)
    assert matches(And(), row)
    assert not matches(Or(), row)


def test_nodes_are_values():
    """Equal questions are equal; they know what they look at."""
    query = And(Compare("a", "==", 1), Not(Or(Exists("b"), Compare("c", "<", 2))))
    assert query == And(Compare("a", "==", 1), Not(Or(Exists("b"), Compare("c", "<", 2))))
    assert query != Or(*query.parts)
    assert fields_of(query) == {"a", "b", "c"}
    assert fields_of(None) == set()


def test_unknown_comparisons():
    """A comparison that does not exist is refused with the ones that do."""
    with pytest.raises(ValueError, match="no comparison '=~'; there are == != <"):
        Compare("a", "=~", 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("lr", 0.1),
        ("layers[0].units", 64),
        ("layers.1.units", 32),
        ("deep.layers.0", "text"),
        ('deep."layers"["0"]'.replace('["0"]', '."0"'), "text"),
        ("a.b.c.d", 1),
        ('"a.b".c."d"', 2),
        ("'a.b'.'c.d'", 1),
        ('"".""', "empty"),
        ("sp ace[0]", 1),
        ("ints.[1, 2]", "pair"),
        ("layer.names[0]", "x"),
        ("", TREE),
    ],
)
def test_paths(path, value):
    """Dotted paths lead through dicts, lists, tuples and dataclasses, and reach any key."""
    assert lookup(TREE, path) == value


@pytest.mark.parametrize(
    "path", ["x", "lr.x", "layers[2]", "layers.x", "array.value", "colour.name", ".", "..", "[", "a.", '"']
)
def test_paths_to_nothing(path):
    """A path that leads nowhere finds MISSING, which is false and no value."""
    assert lookup(TREE, path) is MISSING
    assert not MISSING
    assert repr(MISSING) == "MISSING"


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.integers(), max_size=2), max_size=3))
@settings(deadline=None)
def test_plain_paths_find_every_key(tree):
    """Every pair of keys without quotes in it is found when it is quoted."""
    for outer, inside in tree.items():
        for inner, value in inside.items():
            if '"' not in outer + inner:
                assert lookup(encode(tree), f'"{outer}"."{inner}"') == value
