"""The base of our frozen data classes."""

from __future__ import annotations

import copy
import pickle

import pytest

from expkit._support.frozen import Frozen, field
from expkit.record.model import FileRef, RunRecord


def test_fields_are_given_by_name():
    """Missing and unknown fields are named in the error."""
    with pytest.raises(TypeError, match="needs.*role"):
        FileRef(path="a")
    with pytest.raises(TypeError, match="no fields.*rule"):
        FileRef(path="a", role="source", rule="x")
    with pytest.raises(TypeError, match="no fields.*rule"):
        FileRef(path="a", rule="x")


def test_objects_never_change():
    """Fields can be neither set nor deleted; but() makes another object."""
    ref = FileRef(path="a", role="source")
    with pytest.raises(AttributeError, match=r"FileRef\.path"):
        ref.path = "b"
    with pytest.raises(AttributeError, match=r"FileRef\.path"):
        del ref.path
    assert (ref.but(path="b").path, ref.path) == ("b", "a")


def test_containers_by_default_are_nobodys_else():
    """Two objects never share a default container."""
    first, second = (RunRecord(uid="u", name="n", command="c", status="RUNNING") for _ in range(2))
    assert first == second
    assert first.config is not second.config


def test_equality_asks_for_the_class_too():
    """Objects of different classes are different, whatever their fields."""
    ref = FileRef(path="a", role="source")
    assert ref == ref.but()
    assert ref != ref.but(size=1)
    assert ref != tuple(vars(ref).values())


def test_copies_and_pickles_are_equal():
    """Objects go through copy and pickle, and look like the call that makes them."""
    ref = FileRef(path="a", role="source", metadata={"k": 1})
    assert pickle.loads(pickle.dumps(ref)) == ref == copy.deepcopy(ref)
    assert repr(ref).startswith("FileRef(path='a', role='source', root='project', ")


class Base(Frozen, kw_only=False):
    name: str
    size: int = 1
    tags: list = field(default_factory=list)


class Other(Frozen):
    other: int = 0


class Derived(Base, kw_only=False):
    size: int = 2
    more: str = "m"


class Both(Derived, Other):
    last: int


def test_fields_are_inherited():
    """Subclasses have the fields and defaults of all their bases; their own defaults win."""
    made = Derived("a")
    assert vars(made) == {"name": "a", "size": 2, "tags": [], "more": "m"}
    assert Derived("a", 3, ["t"], "n") == Derived(name="a", size=3, tags=["t"], more="n")
    assert (Base("a").size, made != Base("a"), made.tags is not Derived("a").tags) == (1, True, True)
    assert vars(Both(name="a", last=3)) == {"other": 0, "name": "a", "size": 2, "tags": [], "more": "m", "last": 3}
    with pytest.raises(TypeError, match=r"Both\(\) needs \['name', 'last'\]"):
        Both()
    with pytest.raises(TypeError, match="too many values by place"):
        Both("a", last=3)


def test_a_subclass_without_fields_of_its_own():
    """It has those of its base."""

    class Plain(Base):
        pass

    assert Plain(name="a").usual() == Base("a").usual()
