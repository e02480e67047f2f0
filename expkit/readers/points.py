"""The points of a run, column by column: :func:`parts_of`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from expkit._support.loading import module_of
from expkit._support.named import NamedTuple
from expkit.record.decoding import decode
from expkit.record.model import POINTS
from expkit.stores.base import KeepsColumns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.record.model import StreamKey
    from expkit.stores.base import RunStore
    from expkit.types import RunId

_CHUNK = 100_000


class Part(NamedTuple):
    """What one process of one segment of a run logged of a metric: lists, or arrays of NumPy."""

    segment: int
    rank: int
    steps: Any
    values: Any
    times: Any


def parts_of(store: RunStore, run: RunId) -> dict[str, list[Part]]:
    """All points of a run by metric, segment after segment and rank after rank."""
    found: dict[str, list[Part]] = {}
    for key in sorted(key for key in store.streams(run) if key.content == POINTS):
        for (name, *_), (steps, values, times) in columns_of(store, run, key).items():
            found.setdefault(name, []).append(Part(key.segment, key.rank, steps, values, times))
    return found


def columns_of(store: RunStore, run: RunId, key: StreamKey) -> Mapping[Any, Any]:
    """Steps, values and times of each series ``(name, tags, kind)`` of a stream: lists, or arrays of NumPy."""
    quick = store.columns(run, key) if isinstance(store, KeepsColumns) and _has_numpy() else None
    if quick is not None:
        return quick
    found: dict[Any, tuple[list[Any], list[Any], list[Any]]] = {}
    offset = 0
    while points := store.read(run, key, offset, _CHUNK):
        offset += len(points)
        _sort_in(found, points)
    return found


def _sort_in(found: dict[Any, tuple[list[Any], list[Any], list[Any]]], points: Any) -> None:
    names, *columns, tags, kinds = zip(*points, strict=True)
    series = set(zip(names, tags, kinds, strict=True))
    if len(series) == 1:  # quicker than one by one
        for known, column in zip(found.setdefault(series.pop(), ([], [], [])), columns, strict=True):
            known.extend(column)
        return
    for name, step, value, time, tag, kind in points:
        steps, values, times = found.get((name, tag, kind)) or found.setdefault((name, tag, kind), ([], [], []))
        steps.append(step)
        values.append(value)
        times.append(time)


def _has_numpy() -> bool:
    try:
        module_of("numpy")
    except ImportError:
        return False
    return True


def array(column: Any) -> Any:
    """A column as an array: whole numbers, numbers or truth values where all items are such, else values as objects."""
    import numpy as np

    if isinstance(column, np.ndarray):
        return column
    kinds = set(map(type, column))
    try:
        if kinds in ({int}, {bool}) or not kinds:
            return np.array(column, dtype=bool if kinds == {bool} else "int64")
        if kinds <= {int, float}:
            return np.array(column, dtype="float64")
    except OverflowError:
        pass
    return _objects([decode(item) for item in column])


def merged(parts: Sequence[Part], column: str) -> Any:
    """One column of all parts: segment after segment; what several processes logged at once, in order of time."""
    import numpy as np

    found = np.concatenate([_column(part, column) for part in parts])
    segments = [part.segment for part in parts]
    if len(set(segments)) < len(segments):
        times = np.concatenate([array(part.times) for part in parts])
        found = found[np.lexsort((times, np.repeat(segments, [len(part.times) for part in parts])))]
    found.flags.writeable = False
    return found


def _column(part: Part, column: str) -> Any:
    import numpy as np

    if column in ("segment", "rank"):
        return np.full(len(part.times), getattr(part, column))
    return array(getattr(part, column))


def _objects(items: list[Any]) -> Any:
    import numpy as np

    made: Any = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):  # a list among them is one item
        made[place] = item
    return made


def extremes(values: Any) -> tuple[Any, Any] | None:
    """The least and the greatest of the numbers in a column, NaN left out; None where there are none."""
    if not isinstance(values, list):
        import numpy as np

        there = values[~np.isnan(values)] if values.dtype.kind == "f" else values
        return (there.min().item(), there.max().item()) if len(there) else None
    numbers = [value for value in values if isinstance(value, (int, float)) and value == value]  # noqa: PLR0124 - NaN
    return (min(numbers), max(numbers)) if numbers else None


def finite(part: Part) -> tuple[list[float], list[float]]:
    """Steps and values that can be drawn; steps that are no numbers count from 0."""
    if getattr(part.values, "dtype", None) is not None and getattr(part.steps, "dtype", None) is not None:
        import numpy as np

        there = np.isfinite(part.values) & np.isfinite(part.steps)
        return part.steps[there].tolist(), part.values[there].tolist()
    pairs = [
        (_float(step, place), _float(value))
        for place, (step, value) in enumerate(zip(part.steps, part.values, strict=True))
    ]
    there = [(step, value) for step, value in pairs if math.isfinite(step) and math.isfinite(value)]
    return [step for step, _ in there], [value for _, value in there]


def _float(value: Any, otherwise: float = math.nan) -> float:
    """The number as a float; what is none, or too large to be one, is something else."""
    if not isinstance(value, (int, float)):
        return otherwise
    try:
        return float(value)
    except OverflowError:
        return otherwise


def outlined(steps: Sequence[float], values: Sequence[float], most: int) -> list[tuple[float, float]]:
    """The points, or where they are more the ends, and the least and the greatest value of ``most / 2`` stretches."""
    if len(values) <= most:
        return list(zip(steps, values, strict=True))
    length = -(-len(values) // (most // 2))
    found = [(steps[0], values[0])]
    for start in range(0, len(values), length):
        stretch = values[start : start + length]
        ends = {stretch.index(min(stretch)), stretch.index(max(stretch))}
        found += [(steps[start + place], stretch[place]) for place in sorted(ends)]
    return [*found, (steps[-1], values[-1])]
