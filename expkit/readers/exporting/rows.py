"""Runs and points as rows of plain values: what CSV and Parquet have in common."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import FormatError
from expkit.readers import frame
from expkit.readers.points import columns_of
from expkit.readers.values import flat
from expkit.record.codec import decode
from expkit.record.fields import FRIENDLY, TIMES
from expkit.record.model import POINTS
from expkit.record.wire import time_from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from expkit.readers.selection import Runs

USUAL = ("id", "uid", "name", "state", "start", "stop", "duration", "tags", "config", "result", "late", "metrics")
"""What is exported of each run where nobody selected columns; trees with a column for each leaf."""

FIGURES = ("last", "min", "max")
"""What is exported of each metric."""

_TREES = ("config", "result", "late")


class Series(NamedTuple):
    """The points that one process of one segment logged of one metric; columns are lists, or arrays of NumPy."""

    run: str
    name: str
    metric: str
    tags: str
    segment: int
    rank: int
    steps: Any
    values: Any
    times: Any


def rows_of(runs: Runs) -> Iterator[dict[str, Any]]:
    """A row for each run, one after another: the selected columns, else what is usual. Values that are missing are left out."""
    if runs.columns:
        return frame.rows(runs)
    return (_leaves(row, runs) for row in runs.find([FRIENDLY.get(name, name) for name in USUAL]))


def columns_met(runs: Runs) -> dict[str, set[type]]:
    """The columns of all rows in their order, and the types of the values in each."""
    found: dict[str, set[type]] = {name: set() for name in runs.columns}
    for row in rows_of(runs):
        for name, value in row.items():
            types = found.setdefault(name, set())
            if value is not None:
                types.add(type(value))
    return found if runs.columns else {name: found[name] for name in sorted(found, key=_place)}


def series_of(runs: Runs) -> Iterator[Series]:
    """The points of all runs, one run after another."""
    for row in runs.find(["id", "uid", "name"]):
        keys = sorted(key for key in runs.store.streams(row["uid"]) if key.content == POINTS)
        for key in keys:
            for (metric, tags, _), columns in columns_of(runs.store, row["uid"], key).items():
                said = ", ".join(f"{name}={value}" for name, value in tags)
                yield Series(str(row["id"]), str(row["name"]), metric, said, key.segment, key.rank, *columns)


def text_of(value: Any) -> str:
    """A value as the text of a cell: times in ISO 8601, truth values and everything nested as JSON, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    if isinstance(value, float):
        return repr(value)
    try:
        return json.dumps(value, default=repr, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return repr(value)


def plain(value: Any) -> Any:
    """The value of a point as it was logged: what is no number is a JSON tree in the store."""
    return decode(value) if isinstance(value, (dict, list)) else value


def _leaves(row: Mapping[str, Any], runs: Runs) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in USUAL:
        tree = row[FRIENDLY.get(name, name)]
        if name == "metrics":
            found |= {
                f"metrics.{metric}.{figure}": plain(figures.get(figure))
                for metric, figures in (tree or {}).items()
                for figure in FIGURES
            }
        elif name in _TREES:
            leaves = flat(runs.decoded(tree), name) if tree is not None else {}
            found |= {leaf: value for leaf, value in leaves.items() if value != {}}
        else:
            found[name] = _time(tree) if FRIENDLY.get(name, name) in TIMES else runs.decoded(tree)
    return found


def _time(tree: Any) -> datetime | None:
    try:
        return time_from_json(tree)
    except FormatError:
        return None


def _place(name: str) -> int:
    return USUAL.index(name.partition(".")[0])
