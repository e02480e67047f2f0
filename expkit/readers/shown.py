"""How selections, groups and runs look at a prompt and in a notebook."""

from __future__ import annotations

from datetime import datetime
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any

from expkit._support.counting import counted
from expkit._support.odd import safe_repr
from expkit._support.printable import printable
from expkit.errors import DAMAGE
from expkit.record.fields import SYSTEM
from expkit.record.paths import Path
from expkit.record.query import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from expkit.readers.comparing import Comparison
    from expkit.readers.grouping import Groups
    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs

ROWS = 10
"""Rows that are shown of a table."""

_WIDEST = 40
_LONGEST = 200
_BRIEF = ("id", "name", "state", "start", "duration", "result")


def runs_text(runs: Runs) -> str:
    """A table of the first runs."""
    table, more = _first(runs)
    return printable("\n".join([_title(table, more, runs), *_aligned(table)]), keep="\n")


def runs_html(runs: Runs) -> str:
    """The same for a notebook."""
    table, more = _first(runs)
    return f"<div><b>{_text(_title(table, more, runs))}</b>{_html(table)}</div>"


def groups_text(groups: Groups) -> str:
    """A table of groups: what they differ in, and mean ± half of the interval."""
    title = counted(len(groups), "group")
    return printable("\n".join([title, *_aligned(_grouped(groups))]), keep="\n")


def groups_html(groups: Groups) -> str:
    """The same for a notebook."""
    return f"<div><b>{counted(len(groups), 'group')}</b>{_html(_grouped(groups))}</div>"


def compared_html(comparison: Comparison) -> str:
    """What differs between runs, for a notebook."""
    table = [
        {
            "": f"{row.section} {row.path}",
            **{str(run.id): _side(value) for run, value in zip(comparison.runs, row.values, strict=True)},
        }
        for row in comparison.rows
    ]
    return _html(table) if table else "<div>nothing differs</div>"


def run_html(run: StoredRun) -> str:
    """One run for a notebook: state, what was asked, what came out, what belongs to it."""
    lines = "".join(
        f"<tr><th style='text-align:left'>{_text(name)}</th><td style='text-align:left'>{_text(text)}</td></tr>"
        for name, text in _facts(run)
        if text
    )
    title = f"run {run.id} of {run.name}: {run.state}"
    return f"<div><b>{_text(title)}</b><table>{lines}</table></div>"


def _text(text: str) -> str:
    return escape(printable(text))


def _facts(run: StoredRun) -> Iterator[tuple[str, str]]:
    yield "cause", run.cause[:_LONGEST]
    yield "error", (run.fail_trace.strip().splitlines() or [""])[-1][:_LONGEST]
    yield "started", cell(run.start)
    yield "duration", "" if run.duration is None else f"{run.duration:.2f} s"
    for path in (*run.record.facts.modified, *run.record.facts.added):
        yield path, cell(Path.parse(path).get(run.record.config))
    yield "result", "" if run.result is None else cell(run.result)
    for name, metric in run.metrics.items():
        if not name.startswith(SYSTEM):
            yield name, cell(metric.last)
    yield "tags", ", ".join(map(str, run.tags))
    for note in run.notes:
        yield f"note by {note.author}" if note.author else "note", cell(note.value)
    for what, files in (("artifacts", run.artifacts), ("sources", run.sources)):
        yield what, ", ".join(islice(files, ROWS))
    yield "store", run.store.url


def _side(value: Any) -> str:
    return "-" if value is MISSING else cell(value)


def _first(runs: Runs) -> tuple[list[dict[str, str]], bool]:
    """The first rows as texts, and whether there are more."""
    shown = runs if runs.columns else runs.select(*_BRIEF)
    try:
        found = list(shown.limit(ROWS + 1).rows())
    except DAMAGE as error:
        return [{"error": str(error)}], False
    return [{name: cell(value) for name, value in row.items()} for row in found[:ROWS]], len(found) > ROWS


def _title(table: Sequence[Any], more: bool, runs: Runs) -> str:
    return f"{'the first ' if more else ''}{counted(len(table), 'run')} in {runs.place}"


def _grouped(groups: Groups) -> list[dict[str, str]]:
    names = dict.fromkeys(name for group in groups for name in group if not name.startswith(f"metrics.{SYSTEM}"))
    return [
        {**{path: cell(value) for path, value in group.key.items()}, "n": str(group.n), **_means(group, names)}
        for group in groups
    ]


def _means(group: Any, names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        if name in group:
            one = group[name]
            found[name] = f"{one.mean:.4g}" if one.n == 1 else f"{one.mean:.4g} ± {(one.high - one.low) / 2:.2g}"
    return found


def cell(value: Any) -> str:
    """A value in a table: short, on one line."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    text = f"{value:.6g}" if isinstance(value, float) else value if isinstance(value, str) else safe_repr(value)
    text = printable(" ".join(text.split()))
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _aligned(table: Sequence[Mapping[str, str]]) -> list[str]:
    names = list(dict.fromkeys(name for row in table for name in row))
    lines = [names, *([row.get(name, "") for name in names] for row in table)] if names else []
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _html(table: Sequence[Mapping[str, str]]) -> str:
    names = list(dict.fromkeys(name for row in table for name in row))
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{_text(row.get(name, str()))}</td>' for name in names)}</tr>" for row in table)
    return f"<table><tr>{head}</tr>{body}</table>"
