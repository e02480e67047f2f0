"""Runs and points as rows of plain values: what CSV and Parquet have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.readers import table
from expkit.readers.points import columns_of
from expkit.readers.table import FILE
from expkit.record.codec import decode
from expkit.record.model import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.readers.selection import Runs


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
    return table.rows(runs, FILE)


def columns_met(runs: Runs) -> dict[str, set[type]]:
    """The columns of all rows in their order, and the types of the values in each."""
    return table.columns(runs, FILE, rows_of(runs))


def series_of(runs: Runs) -> Iterator[Series]:
    """The points of all runs, one run after another."""
    for row in runs.find(["id", "uid", "name"]):
        keys = sorted(key for key in runs.store.streams(row["uid"]) if key.content == POINTS)
        for key in keys:
            for (metric, tags, _), columns in columns_of(runs.store, row["uid"], key).items():
                said = ", ".join(f"{name}={value}" for name, value in tags)
                yield Series(str(row["id"]), str(row["name"]), metric, said, key.segment, key.rank, *columns)


def plain(value: Any) -> Any:
    """The value of a point as it was logged: what is no number is a JSON tree in the store."""
    return decode(value) if isinstance(value, (dict, list)) else value
