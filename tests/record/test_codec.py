from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import hashlib
import json
import math
import os
import re
import socket
import subprocess
import sys
import threading
import types
import weakref
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from unittest.mock import MagicMock
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.record.codec import (
    MAX_DEPTH,
    Encoded,
    Opaque,
    blobs_of,
    decode,
    encode,
    not_restorable,
    opaque_paths,
    record_blobs,
    snapshot,
)
from expkit.record.model import FileRef
from expkit.testing.samples import sample_record

from .strategies import Colour, Layer, Level, Mode, Net, arrays, same, values


def through_json(tree):
    return json.loads(json.dumps(tree, allow_nan=False))


class Shelf:
    """Keeps bytes like a store."""

    def __init__(self):
        self.bytes = {}
        self.suffixes = []

    def put(self, data, suffix):
        sha256 = hashlib.sha256(data).hexdigest()
        self.bytes[sha256] = data
        self.suffixes.append(suffix)
        return sha256


# -- the closed set --------------------------------------------------------------------------------------


@given(values)
@settings(max_examples=300, deadline=None)
def test_the_closed_set_goes_there_and_back(value):
    """Every value of the closed set comes back from strict JSON with its type and value."""
    tree = through_json(encode(value))
    assert same(decode(tree), value)
    assert not_restorable(tree) == []


@given(arrays, st.booleans())
@settings(max_examples=200, deadline=None)
def test_arrays_go_there_and_back(array, fortran):
    """Arrays of every dtype, shape and order come back, and so do their scalars."""
    array = np.asfortranarray(array) if fortran else array
    assert same(decode(through_json(encode(array))), array)
    for scalar in array.ravel()[:1]:
        assert same(decode(through_json(encode(scalar))), scalar)


@given(values)
@settings(deadline=None)
def test_encoding_what_was_decoded_changes_nothing(value):
    """A value that was read writes the same tree again."""
    tree = encode(value)
    assert encode(decode(tree)) == tree


def test_plain_json_is_itself():
    """What JSON can say is written as it is."""
    tree = {"a": [1, 2.5, "x", None, True], "": {"b.c": {}}}
    assert encode(tree) == tree


@pytest.mark.parametrize(
    ("value", "tree"),
    [
        (float("nan"), {"!expkit": "float", "value": "nan"}),
        ((1, 2), {"!expkit": "tuple", "value": [1, 2]}),
        ({3, 1, 2}, {"!expkit": "set", "value": [1, 2, 3]}),
        (b"hi", {"!expkit": "bytes", "value": "aGk="}),
        ({1: 2}, {"!expkit": "dict", "value": [[1, 2]]}),
        ({"!expkit": 1}, {"!expkit": "dict", "value": [["!expkit", 1]]}),
        (Decimal("1.10"), {"!expkit": "decimal", "value": "1.10"}),
        (UUID(int=1), {"!expkit": "uuid", "value": "00000000-0000-0000-0000-000000000001"}),
        (re.compile("a", re.I), {"!expkit": "pattern", "value": "a", "flags": 34}),
        (Colour.RED, {"!expkit": "enum", "type": f"{Colour.__module__}:Colour", "name": "RED", "value": 1}),
        (
            Layer(3, ["a"]),
            {"!expkit": "dataclass", "type": f"{Layer.__module__}:Layer", "value": {"units": 3, "names": ["a"]}},
        ),
        (np.float32(0.5), {"!expkit": "scalar", "dtype": "float32", "value": 0.5}),
        (
            np.array([[1.0, np.inf]]),
            {"!expkit": "array", "dtype": "float64", "shape": [1, 2], "value": [[1.0, "inf"]]},
        ),
    ],
)
def test_the_tag_form(value, tree):
    """Tagged values look like this for ever: stored records depend on it."""
    assert encode(value) == tree


def test_sets_are_written_in_one_order():
    """Equal sets give equal trees, whatever order they happen to have."""
    script = "from expkit.record.codec import encode; print(encode({'a', 'b', 'c', 1, (2, 'x'), None}))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_ints_of_any_size():
    """Ints come back also where Python refuses to write them in decimal."""
    for number in (2**63, 10**4000, 10**5000, -(10**5000)):
        assert decode(through_json(encode(number))) == number


def test_zones_keep_their_name():
    """A time in a named zone comes back in that zone, in the right one of two equal hours, too."""
    value = datetime(2025, 10, 26, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    back = decode(encode(value))
    assert (back, back.fold, back.tzinfo.key) == (value, 1, "Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(list, {"a": [1]}), {"a": [1]}),
        (type("Text", (str,), {})("x"), "x"),
        (type("Number", (int,), {})(3), 3),
        (type("Real", (float,), {})(0.5), 0.5),
        (type("Many", (list,), {})([1]), [1]),
        ({type("Text", (str,), {})("x"): 1}, {"x": 1}),
    ],
)
def test_subclasses_of_containers_become_plain(value, plain):
    """A subclass of a JSON type is written as that type."""
    tree = encode(value)
    assert (tree, type(tree)) == (plain, type(plain))


def test_reports_unwrap_numpy_scalars():
    """What is reported to people has plain numbers where NumPy had its own."""
    value = {"acc": np.float64(0.5), "n": np.int8(3), "ok": np.bool_(True), "nan": np.float32("nan"), "s": np.str_("x")}
    tree = encode(value, unwrap=True)
    assert tree == {"acc": 0.5, "n": 3, "ok": True, "nan": {"!expkit": "float", "value": "nan"}, "s": "x"}
    assert [type(item) for item in tree.values()] == [float, int, bool, dict, str]
    assert encode(np.array(3), unwrap=True) == 3
    for kept in (np.longdouble(1) / 3, np.complex64(1j), np.array([1])):
        assert same(decode(encode(kept, unwrap=True)), kept)
    when = np.datetime64("2026-01-01T00:00:00", "ns")
    assert decode(encode(when, unwrap=True)) == when


def test_reports_unwrap_tensors():
    """A 0-d tensor of any library is reported as its number; it is an object where it is to be restored."""

    class Tensor:
        shape = ()
        dtype = "torch.float32"

        def item(self):
            return 0.25

    assert encode({"loss": Tensor()}, unwrap=True) == {"loss": 0.25}
    assert encode(Tensor())["!expkit"] == "object"


# -- large arrays and frames ------------------------------------------------------------------------------


def test_small_arrays_are_readable():
    """Up to 1,000 elements stay in the tree as nested lists, even where bytes could be kept."""
    shelf = Shelf()
    assert encode(np.arange(1000), shelf.put)["value"] == list(range(1000))
    assert shelf.bytes == {}


@pytest.mark.parametrize(
    "array", [np.arange(2000.0), np.ones((50, 50), order="F"), np.array([(1, 2.5)] * 1001, dtype="i4,f8")]
)
def test_large_arrays_lie_beside_the_tree(array):
    """Larger arrays are kept as .npy bytes that NumPy reads without pickle, and come back from them."""
    shelf = Shelf()
    tree = through_json(encode({"w": array}, shelf.put))
    assert shelf.suffixes == [".npy"]
    assert blobs_of(tree) == set(shelf.bytes)
    back = decode(tree, shelf.bytes.__getitem__)["w"]
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


def test_large_arrays_inline_without_a_keeper():
    """Where nobody keeps bytes, large arrays are in the tree."""
    array = np.arange(2000.0)
    assert np.array_equal(decode(through_json(encode(array))), array)


def test_missing_bytes_are_opaque():
    """An array whose bytes cannot be had is not restorable, and says where it is."""
    tree = encode({"a": [np.arange(2000)]}, Shelf().put)
    assert not_restorable(tree) == ["a[0]"]
    assert not_restorable(tree, {}.__getitem__) == ["a[0]"]


@pytest.mark.parametrize("rows", [2, 2000])
def test_frames_are_csv(rows):
    """Frames and series are kept as CSV text, readable but not restorable."""
    frame = pd.DataFrame({"a": range(rows), "b": ["x"] * rows})
    shelf = Shelf()
    inline, beside = encode(frame), encode(frame, shelf.put)
    assert inline["csv"] == frame.to_csv()
    assert list(shelf.bytes.values()) == ([] if rows == 2 else [frame.to_csv().encode()])
    assert blobs_of(beside) == set(shelf.bytes)
    assert isinstance(decode(beside), Opaque)
    assert encode(frame["a"])["type"] == "Series"


def test_object_arrays_are_lists_of_values():
    """An array of objects holds encoded values, and comes back if all of them do."""
    array = np.array([[1, None], [Colour.RED, (1, 2)]], dtype=object)
    back = decode(through_json(encode(array)))
    assert (back.dtype, back.shape, back.tolist()) == (array.dtype, array.shape, array.tolist())
    assert isinstance(decode(encode(np.array([len], dtype=object))), Opaque)


@pytest.mark.parametrize(
    "array",
    [np.ma.masked_array([1, 2], [True, False]), np.array([(1, None)], dtype=[("a", "i4"), ("b", "O")]), np.void(b"ab")],
)
def test_arrays_that_mean_more_are_objects(array):
    """Masked arrays and arrays with objects inside are recorded readably."""
    assert encode(array)["!expkit"] == "object"


# -- what cannot come back --------------------------------------------------------------------------------


class Thing:
    def __init__(self):
        self.size = 3
        self.ratio = float("inf")
        self.items = iter([1, 2, 3])

    def __repr__(self):
        return f"<Thing at 0x{id(self):x}>"

    def method(self):
        """Something to refer to."""


def test_objects_are_readable():
    """An object is recorded by type, repr and state, in strict JSON and without addresses."""
    tree = through_json(encode(Thing()))
    assert (tree["type"], tree["repr"]) == (f"{__name__}:Thing", "<Thing>")
    assert (tree["state"]["size"], tree["state"]["ratio"]) == (3, "Infinity")


def test_objects_are_not_used_up():
    """Recording a generator or an object that holds an iterator takes nothing from it."""
    thing, generator = Thing(), (number for number in range(3))
    encode([thing, generator])
    assert (list(thing.items), list(generator)) == ([1, 2, 3], [0, 1, 2])


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (len, "builtins:len"),
        (Thing, f"{__name__}:Thing"),
        (Thing().method, f"{__name__}:Thing.method"),
        (json, "json"),
        (np.mean, "numpy:mean"),
        (np.add, "numpy:add"),
        (Path, "pathlib:Path"),
    ],
)
def test_functions_and_classes_are_named(value, name):
    """Functions, classes, methods and modules are recorded by name and are not restorable."""
    tree = encode({"opt": value})
    assert tree["opt"] == {"!expkit": "ref", "name": name}
    assert not_restorable(tree) == ["opt"]


def test_lambdas_say_where_they_are():
    """A function without a name of its own is recorded with file and line, and without folders."""
    tree = encode(lambda: None)
    line = test_lambdas_say_where_they_are.__code__.co_firstlineno + 2
    assert (tree["name"].endswith("<lambda>"), tree["place"]) == (True, f"test_codec.py:{line}")


def test_long_reprs_are_cut():
    """The record does not swell with what an object says about itself."""
    tree = encode(
        type("Chatty", (), {"__repr__": lambda self: "x" * 10_000, "__getstate__": lambda self: {"s": "y" * 200_000}})()
    )
    assert (len(tree["repr"]), "state" in tree) == (2003, False)


class Hostile:
    def __repr__(self):
        raise RuntimeError

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __getstate__(self):
        raise RuntimeError


def odd_values():
    return [
        Hostile(),
        MagicMock(),
        functools.partial(print, 1),
        threading.Lock(),
        sys.stdout,
        object(),
        range(3),
        NotImplemented,
        types.SimpleNamespace(a=1),
        Exception("x"),
        pd.Timestamp("2026-01-01"),
        type("Broken", (dict,), {"items": lambda self: 1 / 0})(a=1),
    ]


@pytest.mark.parametrize("number", range(len(odd_values())))
def test_anything_can_be_recorded(number):
    """Whatever the value is, encoding it gives strict JSON that is marked as not restorable."""
    tree = through_json(encode([odd_values()[number]]))
    assert not_restorable(tree) == ["[0]"]
    assert encode(decode(tree)) == tree


def test_sockets_and_files_stay_open():
    """Recording a resource does not touch it."""
    with socket.socket() as connection, open(os.devnull) as file:
        encode([connection, file])
        assert not file.closed
        assert connection.fileno() >= 0


def test_cycles_end():
    """A container that holds itself is cut where it comes back to itself; one that is met twice is not."""
    shared = [1]
    cyclic = {"twice": [shared, shared]}
    cyclic["me"] = cyclic
    tree = through_json(encode(cyclic))
    assert (tree["twice"], tree["me"]["repr"]) == ([[1], [1]], "...")
    assert not_restorable(tree) == ["me"]


def test_depth_is_limited():
    """Containers are kept down to the depth that every backend can keep, and cut off below."""
    deep = last = []
    for _ in range(5000):
        last.append([])
        last = last[0]
    tree = through_json(encode(deep))
    assert not_restorable(tree) == ["[0]" * MAX_DEPTH]


# -- reading never trusts ---------------------------------------------------------------------------------


def test_reading_imports_nothing():
    """Decoding the name of a module that is not loaded does not load it, and calls nothing."""
    script = (
        "import sys; from expkit.record.codec import decode;"
        "trees = [{'!expkit': kind, 'type': 'antigravity:X', 'name': 'A', 'value': {}} for kind in"
        " ('enum', 'dataclass', 'namedtuple', 'object', 'ref')];"
        "print(decode(trees), 'antigravity' in sys.modules, 'numpy' in sys.modules, 'jsonpickle' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output.count("not restorable") == 5
    assert output.strip().endswith("False False False")


HERE = Layer.__module__


@pytest.mark.parametrize(
    "tree",
    [
        {"!expkit": "unheard of"},
        {"!expkit": ["unhashable"]},
        {"!expkit": "tuple"},
        {"!expkit": "tuple", "value": 3},
        {"!expkit": "float", "value": "x"},
        {"!expkit": "int", "value": "zz"},
        {"!expkit": "bytes", "value": "%"},
        {"!expkit": "dict", "value": [[1, 2, 3]]},
        {"!expkit": "dict", "value": [[[], 1]]},
        {"!expkit": "set", "value": [[1]]},
        {"!expkit": "date", "value": "yesterday"},
        {"!expkit": "datetime", "value": "2026-01-01T00:00:00", "zone": "../../etc/passwd"},
        {"!expkit": "decimal", "value": "ten"},
        {"!expkit": "path", "value": "x", "type": "SimplePath"},
        {"!expkit": "enum", "type": "os:system", "name": "x", "value": "true"},
        {"!expkit": "enum", "type": f"{HERE}:Colour", "name": "GREEN", "value": 1},
        {"!expkit": "enum", "type": f"{HERE}:Mode", "name": None, "value": "x"},
        {"!expkit": "enum", "type": 3, "name": "RED", "value": 1},
        {"!expkit": "dataclass", "type": "subprocess:Popen", "value": {"args": "true"}},
        {"!expkit": "dataclass", "type": f"{HERE}:Layer", "value": {"units": 1, "unknown": 1}},
        {"!expkit": "dataclass", "type": f"{HERE}:Layer", "value": {"names": []}},
        {"!expkit": "dataclass", "type": f"{HERE}:Layer.nothing", "value": {}},
        {"!expkit": "dataclass", "type": f"{HERE}:Layer", "value": {"units": {"!expkit": "ref", "name": "x"}}},
        {"!expkit": "namedtuple", "type": f"{HERE}:Pair", "value": {"left": 1}},
        {"!expkit": "scalar", "dtype": "object", "value": 1},
        {"!expkit": "array", "dtype": "float64", "shape": [2], "value": [1]},
        {"!expkit": "array", "dtype": "O", "shape": [1], "value": [1]},
        {"!expkit": "array", "dtype": "float64", "shape": ["x"], "value": [1]},
        {"!expkit": "array", "dtype": "object", "shape": [10**12], "items": []},
        {"!expkit": "array", "dtype": "float64", "shape": [1], "npy": "AAAA"},
        {"!expkit": "array", "dtype": "float64", "shape": [1], "blob": "unknown"},
    ],
)
def test_wrong_trees_are_opaque(tree):
    """A tree that is wrong in any way is opaque as a whole, readable, and kept without loss."""
    back = decode(tree)
    assert isinstance(back, Opaque)
    assert repr(back).startswith("<not restorable")
    assert encode(back) == tree


def test_pickles_are_never_loaded():
    """Bytes of an array that hide a pickle are not unpickled."""
    file = Shelf()
    array = np.array([Thing], dtype=object)
    import io

    data = io.BytesIO()
    np.save(data, array, allow_pickle=True)
    sha256 = file.put(data.getvalue(), ".npy")
    tree = {"!expkit": "array", "dtype": "object", "shape": [1], "blob": sha256}
    assert isinstance(decode(tree, file.bytes.__getitem__), Opaque)


def test_deep_trees_are_cut():
    """A tree that is nested to break its reader does not."""
    tree = []
    for _ in range(400):
        tree = [tree]
    assert opaque_paths(decode(tree)) == ["[0]" * 400]


def test_dataclasses_take_new_defaults():
    """A dataclass that has got fields with defaults since it was recorded comes back with them; no constructor runs."""
    tree = encode(Net((1,)))
    del tree["value"]["size"]
    assert decode(tree) == Net((1,), 3)
    tree = encode(Layer(1))
    del tree["value"]["names"]
    assert decode(tree) == Layer(1, [])


def test_names_in_the_main_module(monkeypatch):
    """Classes of the running script come back, too."""
    main = types.ModuleType("__main__")
    exec("import enum\nclass Shade(enum.Enum):\n    DARK = 1", main.__dict__)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert decode(encode(main.Shade.DARK)) is main.Shade.DARK


def test_local_classes_are_opaque():
    """A class that lives inside a function cannot be found again, so its values are not restorable."""

    @dataclasses.dataclass
    class Local:
        x: int

    class Inner(enum.Enum):
        A = 1

    assert not_restorable(encode({"a": Local(1), "b.c": (Inner.A,)})) == ["a", '"b.c"[0]']


@pytest.mark.parametrize(
    ("tree", "type_name", "text"),
    [
        ({"!expkit": "object", "type": "m:C", "repr": "C(1)"}, "m:C", "C(1)"),
        ({"!expkit": "ref", "name": "m:f"}, "m:f", "ref {'name': 'm:f'}"),
        ({"!expkit": "dataclass", "type": "m:D", "value": {"x": 1}}, "m:D", "dataclass m:D {'value': {'x': 1}}"),
    ],
)
def test_opaque_values_say_what_they_were(tree, type_name, text):
    """An opaque value knows its type's name and looks readable; equal ones are equal."""
    opaque = Opaque(tree)
    assert (opaque.type_name, opaque.repr, repr(opaque)) == (type_name, text, f"<not restorable: {text}>")
    assert {opaque} == {Opaque(dict(tree))}


def test_encoded_passes():
    """What is encoded already passes encoding unchanged and decoding as its value."""
    encoded = Encoded(encode({"a": (1, 2)}))
    assert encode([encoded]) == [encoded.tree]
    assert decode([encoded]) == [{"a": (1, 2)}]
    assert (encoded == Encoded(dict(encoded.tree)), bool(Encoded({})), repr(Encoded(1))) == (True, False, "Encoded(1)")


def test_bytes_of_a_record():
    """A record names its kept files, and the arrays and frames in config, info and result; nothing else."""
    shelf = Shelf()
    tree = encode({"a": [np.arange(2000)], "b": {"!expkit": "array", "blob": "not one"}}, shelf.put)
    files = (
        FileRef(path="a", role="artifact", sha256="1" * 64),
        FileRef(path="b", role="input", sha256="2" * 64, kept=False),
    )
    assert record_blobs(sample_record(info=tree, files=files)) == {*shelf.bytes, "1" * 64}


# -- snapshots --------------------------------------------------------------------------------------------


def test_snapshots_copy_containers_and_share_leaves():
    """Containers are copied at every level, leaves are the same objects, cycles stay cycles."""
    leaf = Thing()
    pair = collections.namedtuple("pair", "a b")([1], 2)
    value = {"list": [leaf], "tuple": ([1], 2), "named": pair, "set": {1}, "same": (1, 2)}
    value["me"] = value
    copy = snapshot(value)
    assert copy["list"] == [leaf]
    assert copy["me"] is copy
    assert (type(copy["named"]), copy["named"]) == (type(pair), pair)
    assert copy["same"] is value["same"]
    value["list"].append(1)
    value["tuple"][0].append(2)
    pair.a.append(2)
    value["set"].add(2)
    assert (len(copy["list"]), copy["tuple"], copy["named"].a, copy["set"]) == (1, ([1], 2), [1], {1})


def test_snapshots_survive_other_threads():
    """A dict, also an ordered one, that another thread keeps changing can be copied at any moment."""
    shared = {"plain": {}, "ordered": collections.OrderedDict(), "list": [], "set": set()}
    done = threading.Event()

    def change():
        number = 0
        while not done.is_set():
            number = (number + 1) % 500
            for table in (shared["plain"], shared["ordered"]):
                table[number] = [number]
                table.pop(number - 250, None)
            shared["set"] ^= {number}
            shared["list"][:] = range(number)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(300):
            json.dumps(encode(snapshot(shared)))
    finally:
        done.set()
        thread.join()


def test_snapshots_give_up_in_the_end():
    """A container that can never be copied is shared as it is."""

    class Restless(collections.OrderedDict):
        def keys(self):
            raise RuntimeError("changed size")

    restless = Restless(a=1)
    assert snapshot({"x": restless})["x"] is restless


def test_snapshots_of_bottomless_lists():
    """What is nested too deeply to follow is shared from there on."""
    deep = []
    for _ in range(100_000):
        deep = [deep]
    copy = snapshot({"deep": deep, "after": [1]})
    assert copy["after"] == [1]
    assert encode(copy) == encode({"deep": deep, "after": [1]})


class Unlookable:
    """A lazy proxy whose target cannot be had."""

    @property
    def __class__(self):
        raise RuntimeError("not configured")

    def __repr__(self):
        raise SystemExit(3)


class Uniterable(list):
    def __iter__(self):
        raise ValueError("no")


class Gone:
    pass


@pytest.mark.parametrize(
    "make",
    [Unlookable, lambda: Uniterable([1]), lambda: [Unlookable()], lambda: weakref.proxy(Gone())],
    ids=["class", "iter", "inside", "gone"],
)
def test_odd_values_spare_their_neighbours(make):
    """A value that raises whatever is asked of it is recorded as an object; everything beside it is kept."""
    tree = encode(snapshot({"x": make(), "y": [1]}))
    json.dumps(tree, allow_nan=False)
    assert tree["y"] == [1]
    assert [path[0] for path in not_restorable(tree)] == ["x"]


def test_reprs_that_raise_are_said_to():
    """An object that cannot be shown is recorded by its type, and says why."""
    assert encode(Unlookable())["repr"] == f"<{__name__}.Unlookable object, whose repr raises SystemExit>"


def test_termination_passes_while_values_are_looked_at():
    """A signal that ends the program by a kind of SystemExit is no fault of the value that was looked at."""

    class Ended(SystemExit):
        pass

    class Interrupted:
        def __repr__(self):
            raise Ended

    with pytest.raises(Ended):
        encode(Interrupted())


def test_floats_are_exact():
    """Every float is read as the float that was written."""
    for number in (0.1, 5e-324, 1.7976931348623157e308, -0.0, math.pi):
        assert decode(through_json(encode(number))).hex() == number.hex()


def test_times_are_exact():
    """Times keep their microseconds and offset."""
    value = datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=timezone.utc)
    assert decode(through_json(encode(value))) == value


def test_flags_and_numbers_that_are_enums():
    """Combined flags and int enums come back as what they were, not as numbers."""
    value = [Mode.READ | Mode.WRITE, Mode(0), Level.HIGH]
    assert [repr(item) for item in decode(through_json(encode(value)))] == [repr(item) for item in value]
