"""What is typed behind ``with``."""

from __future__ import annotations

import ast
import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.config.origin import Origin
from expkit.config.paths import APPEND
from expkit.config.updates import (
    NamedConfigToken,
    Update,
    check_conflicts,
    parse_update,
    parse_value,
    updates_from_mapping,
)
from expkit.errors import ConfigUpdateError
from expkit.settings import SETTINGS

HERE = Origin("here")
with (Path(__file__).parent / "golden" / "updates.tsv").open(encoding="utf-8", newline="") as file:
    GOLDEN = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("row", GOLDEN, ids=[row["token"] for row in GOLDEN])
def test_golden_table(row):
    """Each token of the table means what the table says."""
    if row["meaning"] == "error":
        with pytest.raises(ConfigUpdateError):
            parse_update(row["token"])
        return
    found = parse_update(row["token"], HERE)
    assert found.origin is HERE
    if row["meaning"] == "named config":
        assert found == NamedConfigToken(row["token"], HERE)
        assert str(found) == row["token"]
    else:
        assert (found.name, found.remove, found.text) == (row["entry"], row["meaning"] == "remove", row["token"])
        assert repr(found.value) == (row["value"] or "None")


def test_table_is_large_enough():
    """The table has at least 100 tokens, none twice."""
    assert len({row["token"] for row in GOLDEN}) == len(GOLDEN) >= 100


def test_values_of_the_table_are_literals():
    """What the table shows as values can be read by people and by Python."""
    shown = {row["value"] for row in GOLDEN if row["meaning"] == "set"} - {"nan", "inf", "-inf"}
    for value in shown:
        assert repr(ast.literal_eval(value)) == value


def test_parts_of_paths():
    """Keys are text, indices are numbers, ``[+]`` is the position behind the last element."""
    assert parse_update("a.1[0][-2][+]=1").path == ("a", "1", 0, -2, APPEND)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("=3", "names no config entry"),
        ("a[x]=1", 'a."x.y"'),
        ('"a=b"', "NAME=VALUE"),
        ("~a=1", "~NAME"),
        ("  ", "empty"),
    ],
)
def test_errors_say_what_to_type(token, words):
    """An unreadable token is shown together with what to type instead."""
    with pytest.raises(ConfigUpdateError) as caught:
        parse_update(token)
    assert words in str(caught.value)
    assert token.strip() in str(caught.value)


def test_deep_nesting_is_text():
    """A text with absurd nesting is a text, not a crash."""
    text = "(" * 10_000
    assert parse_value(text) == text


@pytest.mark.parametrize("text", ["\\ud800", "a\x00b", "'\\d'"])
def test_odd_texts(text, recwarn):
    """Odd signs neither crash nor warn."""
    assert isinstance(parse_value(text), str)
    assert not recwarn.list


def test_strict_parsing(monkeypatch):
    """With STRICT_PARSING a value that is no literal is an error that shows how to quote it."""
    monkeypatch.setitem(SETTINGS.COMMAND_LINE._values, "STRICT_PARSING", True)
    assert parse_update("a='x'").value == "x"
    assert parse_update("a=null").value is None
    assert math.isnan(parse_update("a=nan").value)
    with pytest.raises(ConfigUpdateError, match="\"a='x'\""):
        parse_update("a=x")
    with pytest.raises(ConfigUpdateError, match="\"'x'\""):
        parse_value("x")


@pytest.mark.parametrize(
    "tokens",
    [
        ["a=1", "a.b=2"],
        ["a.b=2", "a=1"],
        ["a.b=x", "a.b.c.d=2"],
        ["a=1", "a[0]=2"],
        ["a=1", "a[+]=2"],
        ["a={}", "a[+]=2"],
        ["a=[1]", "a.b=2"],
    ],
)
def test_contradictions(tokens):
    """Updates that cannot both be true are refused, and both are named."""
    with pytest.raises(ConfigUpdateError) as caught:
        check_conflicts(parse_update(token) for token in tokens)
    assert all(f"'{token}'" in str(caught.value) for token in tokens)


@pytest.mark.parametrize(
    "tokens",
    [
        ["a=1", "a=2"],
        ["a.b=1", "a.b=2"],
        ["a={}", "a.b=2"],
        ["a={'c': 1}", "a.b=2"],
        ["a=[1]", "a[0]=2", "a[+]=3"],
        ["~a", "a.b=2"],
        ["a.b=1", "~a"],
        ["a.b=1", "a.c=2", "ab=3"],
        ["a={1: 2}", "a[1]=3"],
    ],
)
def test_no_contradictions(tokens):
    """Updates that only refine each other are fine."""
    check_conflicts(parse_update(token) for token in tokens)


def test_mapping():
    """A dict's own keys may be paths; keys further inside are keys, and values are kept as they are."""
    value = object()
    updates = updates_from_mapping({"a.b": 1, "c": {"d.e": 2}, "l[0]": (3,), '"x.y"': value, 5: 6}, HERE)
    assert [(update.path, update.value) for update in updates] == [
        (("a", "b"), 1),
        (("c",), {"d.e": 2}),
        (("l", 0), (3,)),
        (("x.y",), value),
        ((5,), 6),
    ]
    assert updates[0].said == "a.b=1"
    with pytest.raises(ConfigUpdateError, match="contradict"):
        updates_from_mapping({"a": 1, "a.b": 2}, HERE)
    with pytest.raises(ConfigUpdateError, match="no config entry"):
        updates_from_mapping({"a..b": 1}, HERE)


def test_conflicts_of_last_values_only():
    """Where a path is set twice, only the value that counts can contradict."""
    check_conflicts([parse_update("a=1"), parse_update("a={}"), parse_update("a.b=1")])


@given(st.text())
def test_any_token_is_read_or_refused(token):
    """No token whatsoever leads to anything but a result or an update error."""
    try:
        found = parse_update(token)
    except ConfigUpdateError:
        return
    assert isinstance(found, (Update, NamedConfigToken))


literals = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(literals)
def test_python_literals_come_back(value):
    """The repr of a plain value, typed as a value, is that value."""
    found = parse_update(f"a={value!r}").value
    assert found == value
    assert repr(found) == repr(value)
