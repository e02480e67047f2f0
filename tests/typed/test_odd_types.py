"""Types that few people declare: they work, or are left alone, and never are a fault of ours."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Dict, List, Protocol, TypedDict, Union

import numpy as np
import pydantic
import pytest

Json = Union[None, int, str, List["Json"], Dict[str, "Json"]]


class Closed(Protocol):
    def close(self): ...


class Closing:
    def close(self):
        return None


class Point(TypedDict):
    x: int


def odd():
    small: np.float32 = np.float32(0.5)
    count: np.int64 = np.int64(5)
    flag: np.bool_ = np.bool_(True)
    thing: Closed = Closing()
    tree: Json = [1, {"a": [None]}]
    data: pydantic.JsonValue = {"a": 1}
    queue: collections.deque[Point] = collections.deque([{"x": 1}])
    many: Iterable[int] = [1, 2, 3]
    row: Sequence[float] = (1, 2)
    table: Mapping[str, float] = {"a": 1}


def test_their_own_defaults_fit(given):
    """What a config assigns to an entry of such a type fits."""
    found = given(odd)
    assert found["small"] == 0.5 and type(found["small"]) is np.float32
    assert found["count"] == 5 and type(found["count"]) is np.int64
    assert type(found["thing"]) is Closing
    assert found["tree"] == [1, {"a": [None]}]
    assert found["data"] == {"a": 1}
    assert list(found["queue"]) == [{"x": 1}]
    assert (list(found["many"]), list(found["many"])) == ([1, 2, 3], [1, 2, 3])
    assert found["row"] == (1.0, 2.0)
    assert found["table"] == {"a": 1.0}


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("small=2", "small", np.float32(2)),
        ("count=7.0", "count", np.int64(7)),
        ("flag=False", "flag", np.bool_(False)),
        ("tree={'b': [None, 'x']}", "tree", {"b": [None, "x"]}),
        ("data=[1, {'b': None}]", "data", [1, {"b": None}]),
        ("many=[4, 5]", "many", [4, 5]),
    ],
)
def test_they_are_converted(given, word, name, value):
    """What is given to them becomes a value of the type."""
    found = given(odd, words=[word])[name]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("small=x", "small=x"),
        ("count=7.5", "count=7.5"),
        ("count=99999999999999999999", "count=99999999999999999999"),
        ("tree=[1, [1.5]]", "tree[1][0]=1.5"),
        ("queue=3", "queue=3"),
    ],
)
def test_what_does_not_fit_is_refused(refused, word, said):
    """What is no value of such a type is refused like everything else."""
    assert f"{said} (command line) does not fit" in refused(odd, words=[word])


def test_what_is_not_checked_is_said(given, caplog):
    """Where the library does not know a type, one warning says that what lies in it is not checked."""
    given(odd)
    assert [text for text in caplog.messages if "what lies in queue is not checked" in text]


def branches():
    big = False
    if big:
        units: list[int] = [1, 2]
    else:
        units: int = 5
    if big:
        name: str
    else:
        name: float


def test_the_annotation_that_is_executed_counts(given, refused):
    """Of several annotations of a name, the one that the config function comes by decides."""
    assert given(branches, words=["units=7", "name=1"]) == {"big": False, "units": 7, "name": 1.0}
    assert given(branches, words=["big=True", "name=x"]) == {"big": True, "units": [1, 2], "name": "x"}
    assert given(branches, words=["big=True", "name=x", "units=[3, 4]"])["units"] == [3, 4]
    assert "does not fit units: list[int]" in refused(branches, words=["big=True", "name=x", "units=3"])
    assert "name: float" in refused(branches)
