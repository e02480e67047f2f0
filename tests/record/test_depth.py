"""Values that are nested deeply: kept, masked and read to the last level, or cut off where everybody is told."""

from __future__ import annotations

import json
import sys
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import pytest

from expkit import Experiment, StoreObserver
from expkit.record.codec import MAX_DEPTH, decode, encode
from expkit.record.masking import masked
from expkit.stores.memory import MemoryStore


def nest(depth, leaf, make):
    """A leaf in so many containers."""
    for _ in range(depth):
        leaf = make(leaf)
    return leaf


def at_depth(frames, work):
    """What ``work`` returns where so many calls lie in each other already."""
    return at_depth(frames - 1, work) if frames else work()


MAKES = {
    "lists": (lambda inner: [inner], 1, 500),
    "dicts": (lambda inner: {"in": inner, "beside": 1}, 1, 500),
    "tuples": (lambda inner: (inner,), 2, 100),
    "odd keys": (lambda inner: {1: inner}, 3, 100),
}
"""How to make a container, how many levels of a tree it takes, and within how many calls all of them can be read."""


@pytest.mark.parametrize("kind", MAKES)
def test_everything_down_to_the_limit_is_kept(kind):
    """Down to the limit values come back as they were, also where the program itself is deep in calls."""
    make, levels, frames = MAKES[kind]
    value = nest(MAX_DEPTH // levels, "leaf", make)
    tree = at_depth(500, lambda: encode(value))
    assert repr(at_depth(frames, lambda: decode(json.loads(json.dumps(tree))))) == repr(value)


@pytest.mark.parametrize("kind", ["lists", "dicts", "tuples"])
@pytest.mark.parametrize("depth", [10, 140, 290, 2000])
def test_secrets_are_found_at_any_depth(kind, depth):
    """A secret is masked however deep it lies, and never shown because nobody could look so far."""
    value = {"password": "hunter2-is-secret", "deep": nest(depth, {"api_key": "s3cret-of-depth"}, MAKES[kind][0])}
    shown = json.dumps(at_depth(300, lambda: encode(masked(value))))
    assert "s3cret-of-depth" not in shown and "hunter2-is-secret" not in shown


@dataclass
class Node:
    """Something with a secret that may hold itself."""

    password: str = ""
    up: Any = None


def test_objects_that_hold_themselves():
    """An object that holds itself stays itself where nothing is secret, else its copy holds the copy."""
    plain, loop, one, other = Node(), Node("hunter2-in-a-loop"), Node(), Node("hunter2-far-away")
    plain.up, loop.up, one.up, other.up = plain, loop, other, {"back": one}
    assert masked({"in": plain})["in"] is plain
    shown = masked([loop])[0]
    assert shown.up is shown and shown.password != "hunter2-in-a-loop" and loop.password == "hunter2-in-a-loop"
    shown = masked([one])[0]
    assert shown.up.up["back"] is shown and shown.up.password != "hunter2-far-away"


def test_objects_far_down():
    """Tuples with names and data classes keep their fields at any depth, and what is secret in them is masked."""
    pair = namedtuple("pair", ["name", "token"])
    for leaf in (Node("hunter2-far-down"), pair("x", "hunter2-far-down")):
        found = masked(nest(60, leaf, list_of))
        for _ in range(60):
            (found,) = found
        assert type(found) is type(leaf) and "hunter2" not in repr(found)


@pytest.mark.parametrize("where", ["info", "result"])
def test_what_is_cut_off_is_said(where, caplog):
    """A value beyond the limit is cut there; a warning and the record say so once, and the run goes on."""
    store = MemoryStore()
    ex = Experiment("deep", interactive=True, observers=[StoreObserver(store)], save_git_info=False)
    deep = nest(MAX_DEPTH + 50, 1, list_of)

    @ex.main
    def main(_run):
        if where == "info":
            _run.info["deep"] = deep
            _run.flush()
            _run.flush()
        return deep if where == "result" else 1

    run = ex.run()
    record = store.load(run.uid)
    assert (run.status, record.status) == ("COMPLETED", "COMPLETED")
    assert [gap for gap in record.gaps if f"more than {MAX_DEPTH} levels" in gap] == list(record.gaps) != []
    assert caplog.text.count("the rest of it was cut off") == 1
    tree, levels = getattr(record, where), 0
    while isinstance(tree, list) or (isinstance(tree, dict) and "deep" in tree):
        tree, levels = (tree[0] if isinstance(tree, list) else tree["deep"]), levels + 1
    assert (levels, tree["!expkit"]) == (MAX_DEPTH, "object")


def list_of(value):
    """A list of one."""
    return [value]


def test_what_is_not_cut_off_is_not_said(caplog):
    """At the limit nothing is missing, and nobody says so."""
    store = MemoryStore()
    ex = Experiment("deep", interactive=True, observers=[StoreObserver(store)], save_git_info=False)
    deep = nest(MAX_DEPTH, sys.maxsize, list_of)
    run = ex.main(lambda: deep) and ex.run()
    record = store.load(run.uid)
    assert (record.gaps, decode(record.result) == deep, caplog.text) == ((), True, "")
