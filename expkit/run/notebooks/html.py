"""How a notebook shows a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import safe_repr
from expkit.record.model import POINTS
from expkit.record.paths import Path
from expkit.run.recording.log import NoLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.record.model import RunRecord
    from expkit.run.handle import Run

_LONGEST = 200
_LATEST = 1000
"""Points at the end of each stream that are looked at for the last values of metrics."""


def html(run: Run) -> str:
    """A table for people: state, time, result, what was changed, last metrics, what was captured, where it lies."""
    from html import escape

    title = f"run {run._id or run.uid[:8]} of {run.plan.record.name}: {run.status or 'not started'}"
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(text)}</td></tr>"
        for name, text in _rows(run)
    )
    return f"<div><b>{escape(title)}</b><table>{rows}</table></div>"


def _rows(run: Run) -> Iterator[tuple[str, str]]:
    yield from _outcome(run)
    for name, value in _last_metrics(run).items():
        yield name, _short(value)
    record = run.record
    if record.files:
        yield "files", _files(record)
    if run.folder is not None:
        yield "record", str(run.folder)
    for doubt in (*record.gaps, *(f"could not see: {unseen}" for unseen in record.unseen)):
        yield "note", doubt


def _outcome(run: Run) -> Iterator[tuple[str, str]]:
    record = run.record
    if record.start_time and record.stop_time:
        yield "time", f"{(record.stop_time - record.start_time).total_seconds():.2f} s"
    if run.result is not None:
        yield "result", _short(run.result)
    if record.cause:
        yield "cause", record.cause[:_LONGEST]
    for path in (*record.facts.modified, *record.facts.added):
        yield path, _short(Path.parse(path).get(record.config))


def _files(record: RunRecord) -> str:
    roles = [ref.role for ref in record.files]
    return ", ".join(f"{roles.count(role)} {role}" for role in dict.fromkeys(roles))


def _last_metrics(run: Run) -> dict[str, Any]:
    log = run.recorder.log
    if isinstance(log, NoLog):
        return {}
    found: dict[str, Any] = {}
    for stream, end in log.streams().items():
        if stream.content == POINTS:
            found.update((point.name, point.value) for point in log.read(stream, max(0, end - _LATEST)))  # type: ignore[union-attr]
    return {name: value for name, value in sorted(found.items()) if not name.startswith("system/")}


def _short(value: Any) -> str:
    text = safe_repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
