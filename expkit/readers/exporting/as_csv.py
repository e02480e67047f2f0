"""Runs, or their points, as comma-separated values in UTF-8."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TextIO

from expkit.readers.exporting.rows import columns_met, plain, rows_of, series_of
from expkit.readers.table import text_of

if TYPE_CHECKING:
    from expkit.readers.selection import Runs

POINTS = ("run", "name", "metric", "step", "value", "time", "segment", "rank", "tags")
"""Columns of points; ``time`` is in seconds since the epoch."""


def write_runs(runs: Runs, file: TextIO) -> None:
    """A row for each run: config, results, and last, least and greatest value of each metric in columns of their own."""
    names = list(columns_met(runs))
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    for row in rows_of(runs):
        writer.writerow([text_of(row.get(name)) for name in names])


def write_points(runs: Runs, file: TextIO) -> None:
    """A row for each point."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(POINTS)
    for series in series_of(runs):
        before, after = (series.run, series.name, series.metric), (series.segment, series.rank, series.tags)
        columns = (column if isinstance(column, list) else column.tolist() for column in series[-3:])
        writer.writerows(
            (*before, text_of(plain(step)), text_of(plain(value)), repr(time), *after)
            for step, value, time in zip(*columns, strict=True)
        )
