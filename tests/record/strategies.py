from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections import namedtuple
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass(frozen=True)
class Layer:
    units: int
    names: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Net:
    layers: tuple
    size: int = 3


Pair = namedtuple("Pair", "left right")

texts = st.text(st.characters())  # lone surrogates, too

dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.byte_string_dtypes(min_len=1, max_len=4),
    hnp.unicode_string_dtypes(min_len=1, max_len=4),
    hnp.datetime64_dtypes(min_period="s"),
    hnp.timedelta64_dtypes(min_period="s"),
    st.just(np.dtype(np.longdouble)),
)
arrays = dtypes.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    texts,
    st.binary(),
    st.complex_numbers(),
    st.decimals(),
    st.dates(),
    st.times(timezones=st.just(dt.timezone.utc) | st.none()),
    st.datetimes(timezones=st.none() | st.just(dt.timezone.utc) | st.timezones()),
    st.timedeltas(),
    st.sampled_from([*Colour, *Mode, *Level, Mode.READ | Mode.WRITE, Mode(0)]),
    st.sampled_from([Path("a/b"), Path("/x y/ü"), PurePosixPath("a\\b"), PureWindowsPath("C:/x")]),
)
keys = st.one_of(
    texts, st.just("!expkit"), st.integers(), st.booleans(), st.tuples(st.integers(), texts), st.sampled_from(Colour)
)


def containers(inner):
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=3),
        st.sets(st.integers() | texts | st.sampled_from(Colour), max_size=4),
        st.frozensets(st.tuples(st.integers(), st.binary()), max_size=3),
        st.builds(Layer, st.integers(), st.lists(inner, max_size=2)),
        st.builds(Net, st.lists(inner, max_size=2).map(tuple)),
        st.builds(Pair, inner, inner),
    )


values = st.recursive(leaves, containers, max_leaves=8)


def same(left, right):
    """Equal in type and value, NaN being equal to itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and same(left.tolist(), right.tolist())
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, (set, frozenset)):
        return sorted(map(repr, left)) == sorted(map(repr, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if dataclasses.is_dataclass(left):
        return all(same(getattr(left, f.name), getattr(right, f.name)) for f in dataclasses.fields(left))
    if isinstance(left, complex):
        return same(left.real, right.real) and same(left.imag, right.imag)
    return repr(left) == repr(right)
