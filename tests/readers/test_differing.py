"""What differs between runs."""

import json

import pytest

from expkit.errors import RunNotFoundError
from expkit.readers import compare, diff, runs
from expkit.readers.functions import changed_functions
from expkit.record.query import MISSING
from expkit.stores.memory import MemoryStore

from .conftest import SOURCE, add, fill

CHANGED = SOURCE.replace("return lr", "return lr * 2").replace("import os\n", "import os  # here\n")


def test_two_runs(everything):
    """Of config, packages and inputs only what differs is told; result and metrics stand side by side."""
    found = diff(everything[0], everything[3])
    assert [tuple(fact) for fact in found.config] == [("lr", 0.1, 0.5), ("seed", 0, 1)]
    assert [tuple(fact) for fact in found.packages] == [("torch", "0", "1")]
    assert (found.git, found.host, found.inputs, found.sources, found.asked) == ((), (), (), (), ())
    assert [tuple(fact) for fact in found.result] == [("result.acc", 0.1, 0.6)]
    assert [fact.path for fact in found.metrics] == ["loss.last", "loss.min", "loss.max"]
    assert bool(found)


def test_equal_runs(everything):
    """Nothing differs between a run and itself, and what came out stands side by side all the same."""
    found = diff(everything[0], everything[0].uid, everything.store)
    assert (bool(found), [fact.is_same for fact in found.metrics]) == (False, [True] * 3)


def test_runs_without_something(everything):
    """What only one of the runs has is missing in the other."""
    found = diff(everything[-1], everything[0])
    assert ("net.units", MISSING, [64, {"name": "x"}]) in [tuple(fact) for fact in found.config]
    assert [(source.path, source.what) for source in found.sources] == [("lib/train.py", "added")]
    assert ("commit", MISSING, "ab" * 20) in [tuple(fact) for fact in found.git]
    assert ("large.csv", MISSING, "ab" * 6) in [tuple(fact) for fact in found.inputs]
    assert found.result[0].a is MISSING
    assert [fact.path for fact in found.asked] == ["experiment"]


def test_a_patch_that_nobody_needed():
    """A repository without a patch, or without untracked files, is like one in which there was nothing to keep."""
    store = MemoryStore()
    clean = {"url": "git@host:lab.git", "commit": "ab" * 20, "dirty": False}
    other = {**clean, "patch": None, "untracked": [["notes.txt", "cd" * 32, "100644"]]}
    uids = [add(store, 0.1, 1, experiment={"name": "digits", "repositories": [git]}) for git in (clean, other)]
    assert [fact.path for fact in diff(*uids, store).git] == ["untracked"]
    patched = {**clean, "patch": "ef" * 32, "untracked": []}
    uids.append(add(store, 0.1, 1, experiment={"name": "digits", "repositories": [patched]}))
    assert [fact.path for fact in diff(uids[0], uids[2], store).git] == ["patch"]


def test_sources(fresh, kind):
    """Of a source that differs there is a unified diff, and the functions that changed by its syntax tree."""
    store = fresh(kind)
    one, other = add(store, 0.1, 1), add(store, 0.1, 1, source=CHANGED)
    (source,) = diff(one, other, store).sources
    assert (source.path, source.what, source.functions) == ("lib/train.py", "changed", (("main", "changed"),))
    assert "-    return lr" in source.lines
    assert "+    return lr * 2" in source.lines
    first = runs(store=store)[0]
    assert source.lines[0] == f"--- lib/train.py of run {first.id}"


def test_runs_of_two_stores():
    """Runs of two stores are compared like those of one."""
    one, other = fill(MemoryStore()), MemoryStore()
    add(other, 0.5, 1)
    found = diff(runs(store=one)[0], runs(store=other)[0])
    assert [fact.path for fact in found.config] == ["lr", "seed"]


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("def f(): pass", "# more\ndef f():\n    pass", ()),
        ("def f(): pass", "def f(x): pass", (("f", "changed"),)),
        ("def f(): pass", "def f(): pass\ndef g(): pass", (("g", "added"),)),
        ("async def f(): pass\nx = 1", "x = 1", (("f", "removed"),)),
        ("x = 1", "x = 2", (("(module)", "changed"),)),
        ("class A:\n  def f(self): pass\n  n = 1", "class A:\n  def f(self): 1\n  n = 1", (("A.f", "changed"),)),
        ("class A:\n  n = 1", "class A:\n  n = 2", (("A", "changed"),)),
        ("class A(B): pass", "class A(C): pass", (("A", "changed"),)),
        ("@p\ndef f(): 1\n@f.setter\ndef f(x): 2", "@p\ndef f(): 1\n@f.setter\ndef f(x): 3", (("f (2)", "changed"),)),
        ("def f():\n  def g(): 1", "def f():\n  def g(): 2", (("f", "changed"),)),
        ("def f(: pass", "x = 1", None),
        ("x = '\0'", "x = 1", None),
    ],
)
def test_changed_functions(before, after, changes):
    """Functions count by what they do, not by how they look."""
    assert changed_functions(before, after) == changes


def test_many_runs(everything):
    """A comparison has what is not the same in all of the runs, a value for each."""
    found = compare(everything[:3])
    assert [(row.path, row.values) for row in found.section("config")] == [("lr", (0.1, 0.5, 0.1)), ("seed", (0, 0, 1))]
    assert [row.path for row in found.section("packages")] == ["torch"]
    assert {row.section for row in found.rows} == {"config", "packages", "result", "metrics"}
    assert list(found.to_pandas().columns) == [run.id for run in everything[:3]]
    assert "config lr" in found._repr_html_()


def test_comparisons_of_few():
    """One run differs from nothing; a name that fits no run is told."""
    store = fill(MemoryStore())
    assert compare(["1"], store).rows == compare([], store).rows == ()
    assert "nothing differs" in compare([1], store)._repr_html_()
    with pytest.raises(RunNotFoundError):
        compare(["17"], store)


def test_as_json(everything):
    """Differences and comparisons are strict JSON; a side that has nothing is left out."""
    found = json.loads(json.dumps(diff(everything[-1], everything[0]).to_json(), allow_nan=False))
    assert {"path": "shape", "b": {"!expkit": "tuple", "value": [28, 28]}} in found["config"]
    assert found["sources"] == [{"path": "lib/train.py", "what": "added", "diff": [], "functions": None}]
    rows = json.loads(json.dumps(compare(everything[5:]).to_json(), allow_nan=False))["rows"]
    (lr,) = [row for row in rows if row["path"] == "lr"]
    assert sorted(lr["values"].values()) == [0.5, 7]


def test_equal_values_of_other_kinds():
    """NaN is NaN, numbers are compared as numbers, and ``True`` is no number."""
    store = MemoryStore()
    nan = {"!expkit": "float", "value": "nan"}
    add(store, 0.1, 1, config={"a": nan, "b": 1, "c": 1, "d": [nan]})
    add(store, 0.1, 1, config={"a": nan, "b": 1.0, "c": True, "d": [nan]})
    assert [fact.path for fact in diff(1, 2, store).config] == ["c"]
