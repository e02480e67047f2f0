"""Selections of runs as a frame of pandas, or as a table of Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.readers import table
from expkit.readers.lacking import needed
from expkit.readers.table import FRAME, text_of

if TYPE_CHECKING:
    from expkit.readers.selection import Runs


def to_pandas(runs: Runs) -> Any:
    """A row for each run; see :meth:`expkit.readers.selection.Runs.to_pandas`."""
    pandas = needed("pandas", "to_pandas()")
    return pandas.DataFrame(_columns(runs))


def to_arrow(runs: Runs) -> Any:
    """A row for each run; see :meth:`expkit.readers.selection.Runs.to_arrow`."""
    arrow = needed("pyarrow", "to_arrow()", "arrow")
    columns = _columns(runs)
    return arrow.table({name: _arrow_column(arrow, values) for name, values in columns.items()})


def _columns(runs: Runs) -> dict[str, list[Any]]:
    """Columns of one length."""
    found = list(table.rows(runs))
    return {title: [row.get(title) for row in found] for title in table.columns(runs, FRAME, found)}


def _arrow_column(arrow: Any, values: list[Any]) -> Any:
    try:
        return arrow.array(values)
    except (arrow.ArrowException, TypeError, ValueError, OverflowError):
        return arrow.array([None if value is None else text_of(value) for value in values], arrow.string())
