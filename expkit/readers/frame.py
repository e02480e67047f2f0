"""Selections of runs as tables: rows, a frame of pandas, a table of Arrow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from expkit.errors import FormatError
from expkit.readers.asking import field_of
from expkit.readers.lacking import needed
from expkit.readers.values import flat
from expkit.record.fields import FRIENDLY, TIMES
from expkit.record.wire import time_from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from expkit.readers.selection import Runs

USUAL = ("id", "name", "state", "start", "duration", "tags", "config", "result", "late", "metrics")
"""What is shown of runs where nobody selected columns; trees with a column for each leaf, of metrics the last value."""

_TREES = ("config", "result", "late")


def rows(runs: Runs) -> Iterator[dict[str, Any]]:
    """The columns of each run as values, those that have a value where nobody selected any."""
    if not runs.columns:
        return (_leaves(row, runs) for row in runs.find([FRIENDLY.get(name, name) for name in USUAL]))
    titles = {title: field_of(title) for title in runs.columns}
    found = runs.find(list(dict.fromkeys(titles.values())))
    return ({title: _value(path, row[path], runs) for title, path in titles.items()} for row in found)


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
    """Columns of one length, in the order in which they were met; those of a tree side by side."""
    found = list(rows(runs))
    names = list(runs.columns) or sorted({name: None for row in found for name in row}, key=_place)
    return {name: [row.get(name) for row in found] for name in names}


def _place(name: str) -> int:
    return USUAL.index(name.partition(".")[0])


def _leaves(row: Mapping[str, Any], runs: Runs) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in USUAL:
        path = FRIENDLY.get(name, name)
        if name == "metrics":
            found |= {f"metrics.{metric}.last": figures.get("last") for metric, figures in (row[path] or {}).items()}
        elif name in _TREES:
            found |= {leaf: item for leaf, item in flat(runs.decoded(row[path]), name).items() if item != {}}
        else:
            found[name] = _value(path, row[path], runs)
    return found


def _value(path: str, tree: Any, runs: Runs) -> Any:
    if path in TIMES:
        try:
            return time_from_json(tree)
        except FormatError:
            return None
    return runs.decoded(tree)


def _arrow_column(arrow: Any, values: list[Any]) -> Any:
    try:
        return arrow.array(values)
    except (arrow.ArrowException, TypeError, ValueError, OverflowError):
        return arrow.array([None if value is None else _text(value) for value in values], arrow.string())


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, default=repr)
    except ValueError:
        return repr(value)
