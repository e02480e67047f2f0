"""Selections of runs as one flat table: which columns there are, and a row for each run. Frames and files are made of it.

Titles are fields as questions have them. Of trees there is a column for each leaf, of metrics one for each figure, those
that expkit measured itself (``system/...``) among them: only what is made for eyes leaves these out.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit.errors import FormatError
from expkit.readers.asking import field_of
from expkit.readers.values import flat
from expkit.record.fields import FRIENDLY, TIMES
from expkit.record.paths import Path, join
from expkit.record.wire import time_from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from expkit.readers.selection import Runs
    from expkit.types import Json


class Usual(NamedTuple):
    """What a table has where nobody selected columns.

    Attributes:
        fields: what people call them, in order.
        figures: of each metric.
    """

    fields: tuple[str, ...]
    figures: tuple[str, ...]


FRAME = Usual(
    ("id", "name", "state", "start", "duration", "tags", "config", "result", "late", "metrics"), figures=("last",)
)
"""For a look from Python."""

FILE = Usual(
    ("id", "uid", "name", "state", "start", "stop", "duration", "tags", "config", "result", "late", "metrics"),
    figures=("last", "min", "max"),
)
"""For files, which other programs read."""

_TREES = ("config", "result", "late")


def rows(runs: Runs, usual: Usual = FRAME) -> Iterator[dict[str, Any]]:
    """The columns of each run as values, those that have a value where nobody selected any."""
    if not runs.columns:
        return (_leaves(row, runs, usual) for row in runs.find([FRIENDLY.get(name, name) for name in usual.fields]))
    titles = {title: field_of(title) for title in runs.columns}
    found = runs.find(list(dict.fromkeys(titles.values())))
    return ({title: _value(path, row[path], runs) for title, path in titles.items()} for row in found)


def columns(runs: Runs, usual: Usual, found: Iterable[Mapping[str, Any]]) -> dict[str, set[type]]:
    """The titles of the columns that rows have, those of a tree side by side, and the types of the values in each."""
    met: dict[str, set[type]] = {title: set() for title in runs.columns}
    for row in found:
        for title, value in row.items():
            types = met.setdefault(title, set())
            if value is not None:
                types.add(type(value))
    order = list(met) if runs.columns else sorted(met, key=lambda title: usual.fields.index(Path.parse(title).first))
    return {title: met[title] for title in order}


def figures_of(metrics: Mapping[str, Any] | None, figures: Sequence[str]) -> dict[str, Json]:
    """Figures of metrics by the fields that they are: ``metrics.loss.last``."""
    found = (metrics or {}).items()
    return {f"{join('metrics', name)}.{figure}": known.get(figure) for name, known in found for figure in figures}


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


def _leaves(row: Mapping[str, Any], runs: Runs, usual: Usual) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in usual.fields:
        path = FRIENDLY.get(name, name)
        if name == "metrics":
            found |= {title: runs.decoded(tree) for title, tree in figures_of(row[path], usual.figures).items()}
        elif name not in _TREES:
            found[name] = _value(path, row[path], runs)
        elif row[path] is not None:
            found |= {leaf: item for leaf, item in flat(runs.decoded(row[path]), name).items() if item != {}}
    return found


def _value(path: str, tree: Any, runs: Runs) -> Any:
    if path in TIMES:
        try:
            return time_from_json(tree)
        except FormatError:
            return None
    return runs.decoded(tree)
