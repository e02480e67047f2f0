"""Unions: bounds of their members count, and errors name the member that was meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Optional, Union

import pytest
from annotated_types import Gt, Len
from pydantic import Field, PositiveInt

Positive = Annotated[float, Gt(0)]


@dataclass
class Step:
    size: Optional[Positive] = None
    sizes: Optional[list[Positive]] = field(default_factory=lambda: [1.0])


def bounded():
    a: Optional[Annotated[float, Gt(0)]] = None
    b: Optional[Positive] = None
    c: Positive | None = None
    d: Union[Positive, str] = "auto"
    e: Optional[PositiveInt] = None
    f: Optional[Annotated[str, Len(2, 3)]] = None
    g: Optional[Annotated[list[int], Len(2, 3)]] = None
    h: Annotated[Optional[float], Gt(0)] = None
    i: Union[Annotated[int, Gt(10)], Annotated[int, Field(lt=0)]] = 20
    step: Step = Step()


@pytest.mark.parametrize(
    "word",
    ["a=-1", "a=-1.5", "b=-1", "c=-1", "c=0.0", "d=-1", "e=0", "f=x", "g=[1]", "h=-1", "i=5", "step.size=-1",
     "step.sizes=[-1]"],
)  # fmt: skip
def test_bounds_in_unions_count(refused, word):
    """A value that the bounds of a union's member forbid is refused."""
    assert "does not fit" in refused(bounded, words=[word])


@pytest.mark.parametrize(
    ("word", "value"),
    [("a=1", 1.0), ("c=None", None), ("d=auto", "auto"), ("d=2", 2.0), ("f=xy", "xy"), ("g=1,2", [1, 2]), ("i=-1", -1),
     ("i=11", 11)],
)  # fmt: skip
def test_what_a_member_takes_is_accepted(given, word, value):
    """What one of the members takes, with its bounds, is taken."""
    assert given(bounded, words=[word])[word[0]] == value


def test_the_bound_is_told(refused):
    """The error of a union says which bound was hurt, of whichever member the value is."""
    assert refused(bounded, words=["d=-1"]).endswith("; it should be greater than 0")
    assert refused(bounded, words=["i=5"]).endswith("; it should be greater than 10 or it should be less than 0")
