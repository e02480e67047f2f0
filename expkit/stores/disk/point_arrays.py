"""Packed points as arrays of NumPy, a tenth of a second for a million of them: :func:`columns`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.stores.disk import slots
from expkit.stores.disk.point_reader import Columns
from expkit.stores.disk.text import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.stores.disk.point_reader import Names, PointReader, Series

_SLOT = [("head", "<u4"), ("step", "<i8"), ("value", "<i8"), ("time", "<f8"), ("tail", "<u4")]
_INT_STEPS = (slots.INT_FLOAT, slots.INT_INT)
_INT_VALUES = (slots.INT_INT, slots.FLOAT_INT)


def columns(reader: PointReader) -> Mapping[Series, Columns]:
    """All points by series; columns are arrays where all points of the file are plain numbers, else lists.

    Raises:
        FormatError: the file is damaged.
    """
    plain = reader.plain()
    if plain is None:
        return reader.columns()
    with reading(reader.path):
        return _sorted(plain, reader.series())


def _sorted(plain: bytes, names: Names) -> Mapping[Series, Columns]:
    import numpy as np

    rows = np.frombuffer(plain, _SLOT)
    numbers = rows["head"] >> 4
    if len(names) > 1:
        numbers = _merged(numbers, names)
        order = np.argsort(numbers, kind="stable")
        rows, numbers = rows[order], numbers[order]
    cuts = (np.flatnonzero(np.diff(numbers)) + 1).tolist()
    parts = [rows[start:end] for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True) if end > start]
    return {names[int(part["head"][0]) >> 4]: _columns(part) for part in parts}


def _merged(numbers: Any, names: Names) -> Any:
    """Of each point the first number of its series: every process that opens a file names its series anew."""
    import numpy as np

    first: dict[Series, int] = {}
    for number, series in names.items():
        first.setdefault(series, number)
    if len(first) == len(names):
        return numbers
    present = np.unique(numbers)
    return np.array([first[names[number]] for number in present.tolist()])[np.searchsorted(present, numbers)]


def _columns(rows: Any) -> Columns:
    heads = rows["head"]
    kinds = (heads[:1] if (heads == heads[0]).all() else heads) & 15
    steps = _numbers(rows["step"], kinds, _INT_STEPS)
    return Columns(steps, _numbers(rows["value"], kinds, _INT_VALUES), rows["time"].copy())


def _numbers(bits: Any, kinds: Any, ints: tuple[int, int]) -> Any:
    """Eight bytes each: whole numbers where all of them are, else floats."""
    import numpy as np

    bits = np.ascontiguousarray(bits)
    whole = (kinds == ints[0]) | (kinds == ints[1])
    if whole.all():
        return bits
    return np.where(whole, bits, bits.view("<f8")) if whole.any() else bits.view("<f8")
