"""Values of entries: made plain, compared, their keys checked."""

from __future__ import annotations

import collections
import math

import numpy as np
import pandas as pd
import pytest

from expkit.config.dicts import ConfigDict
from expkit.config.keys import check_key
from expkit.config.origin import Origin
from expkit.config.scope import ConfigScope
from expkit.config.summary import ConfigSummary
from expkit.config.values import differs, plain, simple_type
from expkit.errors import ConfigError, ConfigKeyError, InvalidConfigError
from expkit.settings import SETTINGS

Point = collections.namedtuple("Point", "x y")


class Sub(list):
    pass


class Unwilling:
    def __eq__(self, other):
        raise RuntimeError("not me")

    __hash__ = None


def test_plain_containers():
    """Dicts, lists and tuples are copied as plain ones, other values kept as they are."""
    array, thing = np.zeros(2), object()
    given = collections.OrderedDict(a=Sub([1, (2, [3])]), b=array, c=thing, d={4}, e=Point(1, 2))
    made = plain(given)
    assert type(made) is dict
    assert type(made["a"]) is list
    assert made["a"] == [1, (2, [3])]
    assert made["b"] is array
    assert made["c"] is thing
    assert type(made["e"]) is Point
    made["a"][1][1].append(4)
    assert given["a"][1] == (2, [3])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.int8(3), int),
        (np.float32(0.5), float),
        (np.bool_(True), bool),
        (np.str_("x"), str),
        (np.complex64(1j), complex),
    ],
)
def test_numpy_scalars(value, kind):
    """NumPy scalars become Python's."""
    assert type(plain({"a": [value]})["a"][0]) is kind
    assert simple_type(value) is kind
    assert not differs(value, kind(value))


def test_numpy_scalars_that_say_more():
    """NumPy scalars that Python's cannot replace are kept."""
    moment = np.datetime64("2024-01-01T00:00:00.000000001")
    assert plain(moment) is moment


def test_self_containing():
    """A container in itself is refused by the entry's name."""
    circle = {}
    circle["inner"] = [circle]
    with pytest.raises(InvalidConfigError, match=r'"a.b" contains itself'):
        plain(circle, ("a.b",))
    with pytest.raises(InvalidConfigError, match="inner contains itself"):
        ConfigDict(circle)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1),
        ((1, 2), [1, 2]),
        (math.nan, math.nan),
        ([{"a": math.nan}], [{"a": math.nan}]),
        (np.array([1, 2.0]), np.array([1, 2])),
        (np.array([1, math.nan]), np.array([1, math.nan])),
        (np.float64(1), 1.0),
        ({1, 2}, {2, 1}),
    ],
)
def test_same(one, other):
    """Values that mean the same do not differ."""
    assert not differs(one, other)
    assert not differs(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, True),
        (1, 1.0),
        ([1, 2, 3], [1, 2, 9]),
        ([1], [1, 1]),
        ({"a": 1}, {"b": 1}),
        ({"a": [1]}, {"a": [2]}),
        (np.array([1, 2]), np.array([1, 3])),
        (np.array([1, 2]), np.array([1, 2, 3])),
        (np.array([1, 2]), np.array([[1, 2]])),
        (np.array([1, 2]), [1, 2]),
        (np.array(["a"]), np.array([1])),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})),
        (Unwilling(), Unwilling()),
        (object(), object()),
    ],
)
def test_different(one, other):
    """What is not known to be the same differs; comparing never raises."""
    assert differs(one, other)
    assert differs(other, one)


@pytest.mark.parametrize(
    ("setting", "bad", "good"),
    [
        ("ENFORCE_STRING_KEYS", [1, None, (1,)], ["", "a.b"]),
        ("ENFORCE_KEYS_MONGO_COMPATIBLE", ["a.b", "$a"], ["", "a$", 1]),
        ("ENFORCE_KEYS_JSONPICKLE_COMPATIBLE", ["py/object", "py/id"], ["py", "py/x", 1]),
        ("ENFORCE_VALID_PYTHON_IDENTIFIER_KEYS", ["", "a-b", "1"], ["größe", 1]),
        ("ENFORCE_KEYS_NO_EQUALS", ["a=b", "="], ["", "ab", 1]),
    ],
)
def test_key_rules(monkeypatch, setting, bad, good):
    """Each setting forbids its keys at every level, in dicts and functions; by default all keys are legal."""
    for key in (*bad, *good):
        check_key(key)
    monkeypatch.setitem(SETTINGS.CONFIG._values, setting, True)
    for key in good:
        ConfigDict({"a": [{key: 1}]})
    for key in bad:
        with pytest.raises(ConfigKeyError) as caught:
            ConfigDict({"a": [{"b": {key: 1}}]})
        assert all(word in str(caught.value) for word in (repr(key), setting, "a[0].b"))

    @ConfigScope
    def cfg():
        a = {bad[0]: 1}

    with pytest.raises(ConfigKeyError, match=setting):
        cfg()


def test_no_mapping():
    """What is no dict is refused with its place."""
    with pytest.raises(ConfigError, match=r"x.py:3: a config is a dict of entries, not list"):
        ConfigDict([1], Origin("add_config", "/some/x.py", 3))


def test_what_a_config_dict_tells_of_itself():
    """All entries, nested ones too, have the dict's origin."""
    origin = Origin("add_config", "/some/x.py", 3)
    config = ConfigDict({"a": {"b": 1}, 1: 2}, origin)
    assert config.places == {"a": origin, "a.b": origin, "[1]": origin}
    assert config().places == config.places
    assert (config.name, config.doc, config.parameters) == ("add_config", None, ())
    assert repr(config) == "<config dict x.py:3>"


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin("command line"), "command line"),
        (Origin("config file", "/some/c.yaml"), "c.yaml"),
        (Origin("config function cfg", "/some/x.py", 3), "x.py:3"),
        (Origin("cell", "<ipython-input-1>", 3), "<ipython-input-1>:3"),
    ],
)
def test_origins_as_text(origin, text):
    """A place is told as file and line where there are any."""
    assert str(origin) == text


def test_chain_of_summaries():
    """Of several configs, what the last one says about an entry counts; the first comment wins."""
    one, two = (
        ConfigSummary({"a": 1}, docs={"a": "first", "b": "b"}, hidden={"h": 1}),
        ConfigSummary({"a": 2, "b": 1}, docs={"a": "second"}),
    )
    one.added = {"x", "y"}
    one.modified = {"a", "b"}
    one.typechanged = {"c": (int, str), "d": (int, str)}
    one.places = {"a": Origin("one"), "b": Origin("one")}
    two.added = {"y", "z"}
    two.assigned = {"a": 1, "c": 1}
    two.modified = {"c"}
    two.ignored_fallbacks = {"data"}
    two.open = {"o"}
    two.places = {"a": Origin("two")}
    one.update_from(two)
    assert one == {"a": 2, "b": 1}
    assert one.added == {"y"}
    assert one.modified == {"b", "c"}
    assert one.typechanged == {"d": (int, str)}
    assert one.docs == {"a": "first", "b": "b"}
    assert {path: str(origin) for path, origin in one.places.items()} == {"a": "two", "b": "one"}
    assert (one.ignored_fallbacks, one.open, one.hidden) == ({"data"}, {"o"}, {"h": 1})


def test_parents_of_touched_entries():
    """Dicts above touched entries count as modified; an entry is in one set only."""
    summary = ConfigSummary()
    summary.added = {"a.b.c"}
    summary.modified = {"x.y", "t"}
    summary.typechanged = {"t": (int, str), 'q."r.s"[0]': (int, str)}
    summary.mark_parents()
    assert summary.modified == {"a", "a.b", "x", "x.y", "q", 'q."r.s"'}
