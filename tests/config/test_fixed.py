"""Updates win over what config functions and dicts say, and what they changed is known."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from expkit.config.dicts import ConfigDict
from expkit.config.fixed import FixedDict, FixedList, impose, protected
from expkit.config.scope import ConfigScope


@ConfigScope
def cfg():
    a = 1
    b = a * 2
    model = {"C": 1.0, "kernel": {"name": "rbf", "degree": 3}}
    degree = model["kernel"]["degree"]
    layers = [8, 8]
    depth = len(layers)


def test_assignment_keeps_the_fixed_value_and_dependents_follow():
    """After ``a = v`` a fixed entry has the fixed value, and what depends on it follows."""
    summary = cfg(fixed={"a": 10})
    assert (summary["a"], summary["b"]) == (10, 20)
    assert summary.modified == {"a"}


def test_dicts_are_merged():
    """Fixed leaves of a dict are kept, other keys of the assigned dict are taken over."""
    summary = cfg(fixed={"model": {"kernel": {"degree": 5}}})
    assert summary["model"] == {"C": 1.0, "kernel": {"name": "rbf", "degree": 5}}
    assert summary["degree"] == 5
    assert summary.modified == {"model", "model.kernel", "model.kernel.degree"}


def test_new_keys_are_added():
    """Fixed leaves that the config has no value for are in the result, and counted as added."""
    summary = cfg(fixed={"c": {"x": 1}, "model": {"CC": 3}})
    assert summary["c"] == {"x": 1}
    assert summary["model"]["CC"] == 3
    assert summary.added == {"c.x", "model.CC"}
    assert summary.modified == {"c", "model"}


def test_equal_value_changes_nothing():
    """An update that says what the config says anyway modifies nothing."""
    summary = cfg(fixed={"a": 1, "layers": [8, 8], "model": {"C": 1.0}})
    assert not summary.modified | summary.added | summary.typechanged.keys()


def test_partial_change_of_a_list_is_noticed():
    """A list that differs in one element is modified."""
    assert cfg(fixed={"layers": [8, 9]}).modified == {"layers"}


@pytest.mark.parametrize(
    ("name", "value", "types"),
    [
        ("a", "x", (int, str)),
        ("a", 1.5, (int, float)),
        ("a", True, (int, bool)),
        ("layers", {"x": 1}, (list, dict)),
        ("model", 3, (dict, int)),
        ("layers", 3, (list, int)),
    ],
)
def test_type_changes(name, value, types):
    """A fixed value of another type is recorded with both types, and not as modified or added."""

    @ConfigScope
    def small():
        a = 1
        layers = [8, 8]
        model = {"C": 1.0}

    summary = small(fixed={name: value})
    assert summary[name] == value
    assert summary.typechanged == {name: types}
    assert name not in summary.modified | summary.added


@pytest.mark.parametrize("value", [(8, 9), None])
def test_no_type_change(value):
    """A tuple for a list, and None for anything, is a modification only."""

    @ConfigScope
    def small():
        layers = [8, 8]

    summary = small(fixed={"layers": value})
    assert summary.modified == {"layers"}
    assert not summary.typechanged


def test_value_for_none():
    """Anything for None is a modification only, a dict too."""

    @ConfigScope
    def nothing():
        opt = None

    assert nothing(fixed={"opt": 3}).modified == {"opt"}
    summary = nothing(fixed={"opt": {"lr": 1}})
    assert summary == {"opt": {"lr": 1}}
    assert summary.modified == {"opt"}
    assert not summary.typechanged | dict.fromkeys(summary.added)


def test_fixed_scalars_in_all_bindings():
    """A fixed value wins in every kind of binding."""

    @ConfigScope
    def bindings():
        a, *rest = [1, 2, 3]
        b = c = 1
        d: int = 1
        e = 1
        e += 1
        for f in range(3):
            g = f
        if (h := 1) == 7:
            seen = True
        match [1, 2]:
            case [i, j]:
                k = i + j
        import math as m

        def n():
            return 1

        o = n() if callable(n) else n

    fixed = dict.fromkeys("abcdefhijmno", 7)
    summary = bindings(fixed=fixed)
    assert {**summary, **fixed} == summary
    assert (summary["g"], summary["k"], summary["seen"]) == (7, 14, True)
    assert summary.hidden["m"] == summary.hidden["n"] == 7
    assert summary.added == {"m", "n"}


def test_with_names_can_be_fixed():
    """A name bound by ``with`` is no entry, but its fixed value wins all the same."""
    from contextlib import nullcontext

    @ConfigScope
    def lent():
        with nullcontext(1) as a:
            b = a

    assert lent(fixed={"a": 5})["b"] == 5


def test_del_of_a_fixed_name_is_ignored():
    """``del`` of a fixed name or key does nothing."""

    @ConfigScope
    def deleting():
        a = 1
        d = {"x": 1, "y": 2}
        (e, f) = 1, 2
        del a, d["x"], d["y"]
        del (e, f)

    summary = deleting(fixed={"a": 2, "d": {"x": 3}, "e": 4})
    assert summary == {"a": 2, "d": {"x": 3}, "e": 4}


def test_fixed_lists_refuse_changes_silently():
    """All mutators of a fixed list do nothing; ``pop`` returns the element, which stays."""

    @ConfigScope
    def mutating():
        a = [3, 1, 2]
        a += [1]
        a *= 2
        a.append(1)
        a.extend([1])
        a.insert(0, 1)
        a.sort()
        a.reverse()
        a.remove(9)
        a.clear()
        a[0] = 7
        del a[0]
        last = a.pop()
        first = a.pop(0)
        inner = [a]
        size = len(a)

    summary = mutating(fixed={"a": [9, 8]})
    assert summary == {"a": [9, 8], "last": 8, "first": 9, "inner": [[9, 8]], "size": 2}
    assert type(summary["a"]) is list
    assert type(summary["inner"][0]) is list


def test_fixed_dicts_refuse_changes_silently():
    """Mutators of a dict leave its fixed keys alone and work for the others."""

    @ConfigScope
    def mutating():
        d = {"x": 1}
        d["x"] = 2
        d |= {"x": 3, "y": 4}
        d.update(x=5, z=6)
        got = (d.setdefault("x", 7), d.pop("x"), d.pop("z"), d.pop("none", 8), d.setdefault("w", 9))
        item = d.popitem()
        size = len(d)

    summary = mutating(fixed={"d": {"x": 0}})
    assert summary["d"] == {"x": 0, "y": 4}
    assert summary["got"] == (0, 0, 6, 8, 9)
    assert summary["item"] == ("w", 9)
    assert summary["size"] == 2
    assert summary.modified == {"d", "d.x"}


def test_clear_of_a_fixed_dict():
    """``clear`` leaves what is fixed, and ``popitem`` then finds nothing."""
    entries = FixedDict({"x": 1}, {"x": 0, "y": 2})
    entries.clear()
    assert entries == {"x": 1}
    with pytest.raises(KeyError, match="fixed"):
        entries.popitem()


def test_fixed_keys_are_visible_before_they_are_assigned():
    """What updates add to a dict is seen at once, so that dependents follow."""

    @ConfigScope
    def opened():
        extra = {}
        count = len(extra)
        extra.setdefault("x", 5)

    summary = opened(fixed={"extra": {"x": 1, "y": 2}})
    assert summary["count"] == 2
    assert summary.added == {"extra.y"}
    assert summary.modified == {"extra", "extra.x"}


def test_empty_dicts_are_open():
    """A dict that is empty by default is open; one that has keys is not."""

    @ConfigScope
    def opened():
        extra = {}
        filled = {}
        filled["x"] = 1
        full = {"x": {}}

    fixed = {"extra": {"a": 1}, "filled": {"a": 1}, "full": {"a": 1, "x": {"b": 1}}}
    assert opened(fixed=fixed).open == {"extra", "full.x"}


def test_putting_an_entry_back_is_no_value():
    """Fetching a fixed container and putting it back gives the entry no value of its own."""

    @ConfigScope
    def back():
        d = {}
        d["x"] = d["x"]
        d["x"]["z"] = 1

    summary = back(fixed={"d": {"x": {"y": 1}}})
    assert summary["d"] == {"x": {"y": 1, "z": 1}}


def test_first_difference_counts():
    """A name whose fixed value was assigned back by an expression stays modified."""

    @ConfigScope
    def twice():
        a = 3
        a = max(a, 1)

    assert twice(fixed={"a": 5}).modified == {"a"}


def test_fixed_containers_inside_lists():
    """Containers inside a fixed list cannot be changed either, and the caller's are never touched."""

    @ConfigScope
    def deep():
        a = []
        a[0]["x"] = 2
        a[0]["new"] = 2
        a[1].append(3)
        t = ()
        t[0].append(1)

    fixed = {"a": [{"x": 1}, [1]], "t": ([],)}
    before = copy.deepcopy(fixed)
    summary = deep(fixed=fixed)
    assert summary == before == fixed
    summary["a"][1].append(1)
    assert fixed == before


def test_fixed_containers_copy_and_dump_as_plain_ones():
    """Copies, pickles and dumps of fixed containers are plain, so that they can be changed."""
    value = impose({"x": [1, {"y": 2}]}, {"x": [], "z": 1})
    assert isinstance(value["x"], FixedList)
    assert json.loads(json.dumps(value)) == {"x": [1, {"y": 2}], "z": 1}
    for twin in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert type(twin) is dict
        assert type(twin["x"]) is list
    assert type(copy.copy(value["x"])) is type(value["x"].copy()) is list


def test_protected_copies():
    """Present content of a protected copy stays; new keys affect only the copy."""
    original = {"n": 1, "inner": {"m": 2}}
    copied = protected(original)
    copied["n"] = copied["inner"]["m"] = 9
    copied["new"] = 1
    assert copied == {"n": 1, "inner": {"m": 2}, "new": 1}
    assert original == {"n": 1, "inner": {"m": 2}}


def test_ingredients_are_protected():
    """A config function gets protected copies of ingredients; replacing one is ignored and noted."""

    @ConfigScope
    def uses(data, other):
        data["n"] = 5
        data = {"n": 7}
        del other
        n = data["n"]

    summary = uses(fallback={"data": {"n": 1}, "other": {}})
    assert summary == {"n": 1}
    assert summary.ignored_fallbacks == {"data"}


def test_presets_are_merged_under_the_result():
    """Dicts of earlier configs are merged, other values replaced, and nothing is shared."""

    @ConfigScope
    def later():
        model = {"C": 2}
        scalar = {"x": 1}
        nested = 3

    preset = {"model": {"C": 1, "k": [1]}, "scalar": 1, "nested": {"y": 1}, "kept": [1]}
    before = copy.deepcopy(preset)
    summary = later(preset=preset)
    assert summary == {"model": {"C": 2, "k": [1]}, "scalar": {"x": 1}, "nested": 3, "kept": [1]}
    assert list(summary) == list(preset)
    summary["model"]["k"].append(2)
    summary["kept"].append(2)
    assert preset == before


def test_parameters_are_copies():
    """Changing a parameter in place changes the entry for later configs, never the preset itself."""

    @ConfigScope
    def edits(model, layers, gone):
        del model["k"]
        model["new"] = 1
        layers.append(3)
        del gone

    preset = {"model": {"C": 1, "k": 1}, "layers": [1], "gone": 1}
    before = copy.deepcopy(preset)
    summary = edits(preset=preset)
    assert summary == {"model": {"C": 1, "new": 1}, "layers": [1, 3]}
    assert preset == before


def test_assigned_parameter_is_merged_with_what_is_left_of_it():
    """A parameter that gets a new dict is merged with the old one, without the keys removed before."""

    @ConfigScope
    def edits(model):
        del model["k"]
        model = {"new": 1}

    assert edits(preset={"model": {"C": 1, "k": 1}}) == {"model": {"C": 1, "new": 1}}


def test_reading_a_parameter_is_no_value_of_its_own():
    """An update of an entry that a config function merely reads is judged by the configs before it."""

    @ConfigScope
    def reads(model, q):
        model["k"] = 1

    preset = {"model": {"k": 0, "C": 5}, "q": 2}
    summary = reads(fixed={"model": {"k": 7, "C": 5, "Z": 1}, "q": 2}, preset=preset)
    assert summary["model"] == {"k": 7, "C": 5, "Z": 1}
    assert summary.modified == {"model", "model.k"}
    assert summary.added == {"model.C", "model.Z", "q"}
    assert not summary.open


def test_hidden_names_of_earlier_configs_can_be_read():
    """A later config function can declare a hidden name of an earlier one; it stays hidden."""

    @ConfigScope
    def first():
        import math

        _half = 0.5

    @ConfigScope
    def second(math, _half):
        a = math.floor(_half)

    summary = second(preset=first())
    assert summary == {"a": 0}
    assert set(summary.hidden) == {"math", "_half"}


def test_fixed_value_as_parameter():
    """A value that only an update gives can be read."""

    @ConfigScope
    def reads(a):
        b = a + 1

    summary = reads(fixed={"a": 1})
    assert summary == {"a": 1, "b": 2}


def test_locals_of_fixed_names():
    """Writing and removing through ``locals()`` loses against updates as well."""

    @ConfigScope
    def through():
        a = 1
        _names = locals()
        _names["a"] = 2
        _names |= {"b": 3}
        seen = (a, _names["a"], _names.setdefault("b", 4), _names.setdefault("c", 5))
        del _names["a"]
        _names.pop("b")
        e = 1
        locals().pop("e")
        e = 2

    summary = through(fixed={"a": 7, "b": 8})
    assert summary == {"a": 7, "b": 8, "c": 5, "e": 2, "seen": (7, 7, 8, 5)}
    assert summary.modified == {"a", "b"}


@pytest.mark.parametrize("extra", ["forbid", "allow"])
def test_config_dict(extra):
    """A dict is tracked like a config function, wherever in the chain it stands."""
    config = ConfigDict({"a": 1, "model": {"C": 1.0}, "open": {}}, extra=extra)
    fixed = {"a": 2, "model": {"C": "x", "CC": 1}, "open": {"y": 1}, "n": 1}
    summary = config(fixed=fixed, preset={"n": 0, "model": {"k": 1}})
    assert summary == {"n": 1, "model": {"C": "x", "CC": 1, "k": 1}, "a": 2, "open": {"y": 1}}
    assert summary.modified == {"a"}
    assert summary.added == {"model.CC", "open.y", "n"}
    assert summary.typechanged == {"model.C": (float, str)}
    assert summary.open == ({"open", ""} if extra == "allow" else {"open"})


def test_config_dict_is_never_changed():
    """Neither the dict that was given nor the result of one evaluation leaks into another."""
    given = {"a": [1], "d": {"x": [1]}}
    config = ConfigDict(given)
    given["a"].append(2)
    first = config()
    first["d"]["x"].append(2)
    first["a"].append(2)
    assert config() == {"a": [1], "d": {"x": [1]}}
