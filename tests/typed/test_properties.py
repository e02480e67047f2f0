"""What holds for conversion, whatever the values are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Literal, Optional, Union
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.config.typed.fit import Fitting
from expkit.config.typed.giving import fitted_text, is_entry
from expkit.config.typed.kept import Kept
from expkit.config.typed.objects import Maker
from expkit.config.typed.problems import UnfitError
from expkit.config.updates import parse_value


class Colour(Enum):
    RED = "r"
    BLUE = 2


@dataclass
class Inner:
    n: int = 1
    out: Path = Path("x")


@dataclass
class Outer:
    lr: float = 0.1
    inner: Inner = field(default_factory=Inner)
    many: list[Inner] = field(default_factory=list)
    maybe: Optional[Inner] = None


LEAVES = {
    int: st.integers(),
    float: st.floats(allow_nan=False),
    str: st.text(),
    bool: st.booleans(),
    Path: st.text("abc/.", min_size=1).map(Path),
    Colour: st.sampled_from(Colour),
    Literal["a", 1, True]: st.sampled_from(["a", 1, True]),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    UUID: st.uuids(),
    date: st.dates(),
    datetime: st.datetimes(),
    timedelta: st.timedeltas(),
    Optional[int]: st.none() | st.integers(),
    Union[int, str]: st.integers() | st.text(),
}
INNER = st.builds(Inner, st.integers(), LEAVES[Path])
OUTER = st.builds(Outer, LEAVES[float], INNER, st.lists(INNER, max_size=2), st.none() | INNER)
KINDS = st.sampled_from(list(LEAVES))
VALUES = st.recursive(
    st.one_of(*LEAVES.values(), st.binary(), st.just(math.nan), OUTER),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=5,
)


def containers(kind):
    """A type, and types of containers around it."""
    return st.sampled_from([kind, list[kind], dict[str, kind], tuple[kind, ...], Optional[kind], tuple[kind, int]])


@settings(max_examples=200, deadline=None)
@given((KINDS | st.sampled_from([Inner, Outer])).flatmap(containers), VALUES)
def test_conversion_is_idempotent(kind, value):
    """Converting a value that was converted changes nothing; all else is refused in words."""
    fit = Fitting()
    try:
        once = fit(kind, value)
    except UnfitError as error:
        assert all(problem.reason for problem in error.problems)
        return
    twice = fit(kind, once)
    assert repr(twice) == repr(once)


@settings(max_examples=100, deadline=None)
@given(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), LEAVES[kind])))
def test_values_of_a_type_are_kept(pair):
    """A value that has the type already is what comes out."""
    kind, value = pair
    fitted = Fitting()(kind, value)
    assert fitted == value and type(fitted) is type(value)


@settings(max_examples=100, deadline=None)
@given(OUTER)
def test_objects_are_made_again_of_their_fields(value):
    """Plain fields make an object that is equal, and the fields of that are the same."""
    fit = Fitting()
    plain = fit(Outer, value)
    assert is_entry(value)
    assert Maker(Kept())(Outer, plain) == value
    assert fit(Outer, Maker(Kept())(Outer, plain)) == plain


TYPED = [int, float, str, bool, Path, Colour, Optional[int], Decimal, UUID, date]


def _said(value):
    """A value as somebody types it."""
    return str(value.value if isinstance(value, Enum) else value)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TYPED).flatmap(lambda kind: st.tuples(st.just(kind), LEAVES[kind])))
def test_what_is_typed_comes_back(pair):
    """The text of a value, typed on the command line, gives the value."""
    kind, value = pair
    text = _said(value).strip()
    read = parse_value(text)
    if kind is str:
        value = read if isinstance(read, str) else text  # quotes are the command line's
    if kind is Path:
        value = Path(text)
    fitted = fitted_text(Fitting(), kind, read, text)
    assert fitted == value and type(fitted) is type(value)
