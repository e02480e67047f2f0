"""Comparisons of many runs with many values."""

from datetime import timedelta

import pytest

from expkit.record import query as module
from expkit.record.codec import encode
from expkit.record.query import Compare, answering, matches
from expkit.testing.samples import NOON


def test_right_side_is_looked_at_once(monkeypatch):
    """The values of a question are made ready once, however many runs are asked."""
    made = []
    original = module._wanted
    monkeypatch.setattr(module, "_wanted", lambda value: made.append(value) or original(value))
    answers = answering(Compare("uid", "in", ["a", "b"]))
    assert [answers(lambda _, name=name: name) for name in "abcd"] == [True, True, False, False]
    assert made.count(["a", "b"]) == 1


@pytest.mark.parametrize("value", [5, "text", None, {"a": 1}])
@pytest.mark.parametrize("op", ["in", "not in"])
def test_in_needs_a_list(op, value):
    """What stands behind ``in`` is a list, and this is said at once, whatever store would be asked."""
    with pytest.raises(ValueError, match="a list of values"):
        Compare("seed", op, value)


@pytest.mark.parametrize("values", [[1, "a"], (1, "a"), {1, "a"}, frozenset((1, "a")), [1, "a", [2]]])
def test_in_any_list(values):
    """Lists, tuples and sets will do, what is no plain value is compared as well, and lists are in no set."""
    found = [
        value
        for value in (1, 1.0, True, "a", "b", None, [2], [1])
        if matches(Compare("x", "in", values), lambda _, value=value: value)
    ]
    assert found == [1, 1.0, True, "a", *([[2]] if [2] in list(values) else [])]
    assert not matches(Compare("x", "not in", values), lambda _: "a")
    assert matches(Compare("x", "not in", values), lambda _: [3])


def test_times_in_lists():
    """Texts in a list are times beside a time, and texts beside a text."""
    answers = answering(Compare("config.when", "in", [NOON.isoformat(), "1999-01-01"]))
    assert answers(lambda _: encode(NOON)) and answers(lambda _: "1999-01-01")
    assert not answers(lambda _: encode(NOON + timedelta(days=1)))
