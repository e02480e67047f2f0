from __future__ import annotations

import weakref

import pytest

from expkit.config.dicts import ConfigDict
from expkit.config.origin import Origin
from expkit.config.tracking import unwatched
from expkit.config.updates import updates_from_mapping
from expkit.config.values import MAX_DEPTH, differs, plain, simple_type
from expkit.errors import ConfigUpdateError, InvalidConfigError


class Lazy:
    """A proxy of something that cannot be had."""

    @property
    def __class__(self):
        raise RuntimeError("not configured")

    def __repr__(self):
        raise SystemExit(3)


class BadList(list):
    def __iter__(self):
        raise RuntimeError("no")


class BadDict(dict):
    def items(self):
        raise RuntimeError("no")


class Gone:
    pass


def nest(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("make", [Lazy, lambda: weakref.proxy(Gone())], ids=["lazy", "gone"])
def test_values_that_raise_are_entries(make):
    """A value that raises whatever is asked of it is kept as it is, and not asked."""
    value = make()
    summary = ConfigDict({"x": value, "y": 1}, Origin("here"))(fixed={"y": make()})
    assert summary["x"] is value
    assert simple_type(value) is type(value)
    assert differs(value, 1)
    assert unwatched({"x": value})["x"] is value


def test_containers_that_refuse_to_tell():
    """Of a list or a dict that cannot be iterated, what lies in it is taken."""
    assert plain({"l": BadList([1]), "d": BadDict(a=1)}) == {"l": [1], "d": {"a": 1}}


@pytest.mark.parametrize("make", [lambda: 10**6000, lambda: nest(5000), Lazy], ids=["large", "deep", "odd"])
def test_texts_of_updates(make):
    """Updates of any value can be made and named; contradictions among them are told as such."""
    value = make()
    assert updates_from_mapping({"x": value}, Origin("here"))[0].said.startswith("x=<")
    with pytest.raises(ConfigUpdateError, match="contradict each other"):
        updates_from_mapping({"x": value, "x.y": 1}, Origin("here"))


def test_depth():
    """A config is refused by what is wrong with it: too many levels, or no end."""
    twice = [1]
    circle = {}
    circle["me"] = [twice, twice, (circle,)]
    assert plain({"x": nest(MAX_DEPTH - 1)}) == {"x": nest(MAX_DEPTH - 1)}
    with pytest.raises(InvalidConfigError, match="x is nested too deeply"):
        plain({"x": [twice, twice, nest(5000)]})
    for look in (plain, unwatched):
        with pytest.raises(InvalidConfigError, match="contains itself"):
            look(circle)
    with pytest.raises(InvalidConfigError, match="nested too deeply"):
        unwatched(nest(5000))
