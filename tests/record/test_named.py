"""The named tuples of records: like the standard library's, without the time that those take to define."""

from __future__ import annotations

import copy
import pickle

import pytest

from expkit.stores.base import Capabilities, RunKey
from expkit.stores.folder.records import Stamp


def test_a_named_tuple_is_a_tuple_with_names():
    """Fields are read by name and by place; it equals and hashes as the plain tuple, and holds nothing more."""
    key = RunKey("1", "abc")
    identity, uid = key
    assert (identity, uid) == (key[0], key[1]) == tuple(key) == key
    assert key in {("1", "abc")}
    assert key == RunKey(*key) == RunKey._make(key)
    assert not hasattr(key, "__dict__")
    with pytest.raises(AttributeError):
        setattr(key, RunKey._fields[0], "2")


def test_a_named_tuple_survives_copies():
    """Copies, deep ones, changed ones, and those that a worker process gets."""
    key = RunKey("1", "abc")
    assert copy.deepcopy(key) == pickle.loads(pickle.dumps(key)) == key
    assert type(copy.copy(key)) is RunKey
    assert key._replace(**{RunKey._fields[1]: "x"}) == ("1", "x")
    assert key._asdict() == dict(zip(RunKey._fields, key, strict=True))
    assert repr(key) == f"RunKey({RunKey._fields[0]}='1', {RunKey._fields[1]}='abc')"


def test_values_of_a_named_tuple_may_be_left_out_where_they_have_defaults():
    """By place or by name; too few, too many, and names that are none, are refused."""
    first = Capabilities._fields[0]
    assert Capabilities() == tuple(Capabilities._field_defaults.values())
    assert Capabilities(**{first: "x"}) == Capabilities("x") == ("x", *Capabilities()[1:])
    for values, named in (((), {}), (("1",), {RunKey._fields[0]: "2"}), (("1", "2", "3"), {}), (("1",), {"none": 2})):
        with pytest.raises(TypeError, match=RunKey.__name__):
            RunKey(*values, **named)
    assert Stamp._fields == Stamp.__match_args__
