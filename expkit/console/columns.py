"""Tables of runs: which columns pay, and how their values look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.console import showing
from expkit.readers.table import figures_of
from expkit.readers.values import flat
from expkit.record.decoding import decode
from expkit.record.fields import FRIENDLY, SECONDS, SYSTEM, TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expkit.types import Json

USUAL = ("id", "uid", "state", "name", "command", "start", "duration", "tags", "config", "result", "late", "metrics")
"""What is asked for where nobody says which columns."""

FEW = 4
"""So many columns of config, and of metrics, have a place in a table that nobody has arranged."""

_ALWAYS = ("id", "state", "name", "start", "duration")
_SEED = "config.seed"


class Table:
    """Runs with columns: a title is a field, and a row has its JSON tree.

    Args:
        rows: of each run, by title, what the store said.
        titles: of the columns.
        spare: titles of columns that a narrow terminal may do without, those that are missed least first.
    """

    def __init__(self, rows: Sequence[Mapping[str, Json]], titles: Sequence[str], spare: Sequence[str] = ()) -> None:
        self._rows = rows
        self._titles = titles
        self._spare = spare

    def lines(self) -> list[str]:
        """The table as text."""
        texts = [[shown(title, row.get(title)) for title in self._titles] for row in self._rows]
        numbers = [title for title in self._titles if any(_is_number(row.get(title)) for row in self._rows)]
        return showing.tabled(self._titles, texts, right=numbers, style=_style, spare=self._spare)


def usual_table(rows: Sequence[Mapping[str, Json]], more: Sequence[str] = ()) -> Table:
    """The columns that tell most about these runs.

    Args:
        rows: with :data:`USUAL` titles, and those of ``more``.
        more: further columns that somebody wants.
    """
    config = _differing([_leaves(row.get("config"), "config") for row in rows])
    results = _titles([_leaves(_result(row), "result") for row in rows])
    metrics = _titles([_last_values(row) for row in rows])
    config, results, metrics = (few if len(few) <= FEW else [] for few in (config, results, metrics))
    said = ["command"] if len({row.get("command") for row in rows}) > 1 else []
    said += ["tags"] if any(row.get("tags") for row in rows) else []
    said += [title for title in ("trash.time", "trash.author") if any(row.get("trash") for row in rows)]
    titles = list(dict.fromkeys((*_ALWAYS[:3], *said, *_ALWAYS[3:], *config, *results, *metrics, *more)))
    spare = (*reversed(metrics), *said, *reversed(config[1:]), *reversed(results), "start", "duration", *config[:1])
    return Table([_spread(row, more) for row in rows], titles, [title for title in spare if title not in more])


def shown(title: str, tree: Json) -> str:
    """A value as its column shows it."""
    field = FRIENDLY.get(title, title)
    if tree is None:
        return ""
    if field in SECONDS and isinstance(tree, (int, float)):
        return showing.duration(tree)
    if field in TIMES or field == "trash.time":
        return _time(tree)
    if field == "tags" and isinstance(tree, list):
        return showing.escaped(", ".join(map(str, tree)))
    return showing.cell(decode(tree))


def _time(tree: Json) -> str:
    from expkit.errors import FormatError
    from expkit.record.wire import time_from_json

    try:
        return showing.moment(time_from_json(tree))
    except FormatError:
        return showing.cell(tree)


def _style(title: str, text: str) -> str:
    return showing.COLOURS.get(text, "") if title in ("state", "status") else "bold" if title == "id" else ""


def _spread(row: Mapping[str, Json], more: Sequence[str]) -> dict[str, Json]:
    """The row with a title for every leaf that may be a column; what has leaves stands there alone, unless somebody wants more."""
    results = _leaves(_result(row), "result")
    trash = row.get("trash")
    below = {f"trash.{name}": value for name, value in trash.items()} if isinstance(trash, dict) else {}
    return {
        **_leaves(row.get("config"), "config"),
        **results,
        **_last_values(row),
        **below,
        **row,
        **({} if "result" in more else {"result": results.get("result")}),
    }


def _result(row: Mapping[str, Json]) -> Json:
    """What came out; a result that was reported later where the run itself had none."""
    late = row.get("late")
    return late.get("result") if row.get("result") is None and isinstance(late, dict) else row.get("result")


def _last_values(row: Mapping[str, Json]) -> dict[str, Json]:
    metrics = row.get("metrics")
    found = metrics.items() if isinstance(metrics, dict) else ()
    return figures_of({name: figures for name, figures in found if not name.startswith(SYSTEM)}, ("last",))


def _leaves(tree: Json, path: str) -> dict[str, Json]:
    return {} if tree is None else flat(tree, path)


def _titles(rows: Iterable[Mapping[str, Json]]) -> list[str]:
    return list(dict.fromkeys(title for row in rows for title in row))


def _differing(rows: Sequence[Mapping[str, Json]]) -> list[str]:
    """What is not the same in all runs that have it; the seed, which never is, only if nothing else differs."""
    found = []
    for title in _titles(rows):
        first, *others = [row[title] for row in rows if title in row]
        if any(other != first for other in others):
            found.append(title)
    return [title for title in found if title != _SEED] or found


def _is_number(tree: Json) -> bool:
    return isinstance(tree, (int, float)) and not isinstance(tree, bool)
