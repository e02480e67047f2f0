"""One run as a page: a single file of HTML that fetches nothing and runs nothing. Whatever the run says is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from expkit._support.counting import counted
from expkit.errors import DAMAGE
from expkit.readers.exporting.drawing import drawing
from expkit.readers.shown import cell
from expkit.readers.table import text_of
from expkit.readers.values import flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from expkit.readers.run import StoredRun

OUTPUT = 200_000
"""Characters of output on a page: the last ones."""

_LONGEST = 2_000
_STYLE = """
:root { color-scheme: light dark; --line: #1f6feb; --edge: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 1rem; margin-bottom: .2rem; }
table { border-collapse: collapse; } td, th { text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0;
  border-bottom: 1px solid var(--edge); overflow-wrap: anywhere; } th { font-weight: 600; }
pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--edge); } svg { max-width: 100%; height: auto; }
.box { fill: none; stroke: var(--edge); } polyline { fill: none; stroke: var(--line); stroke-width: 1.5; }
circle { fill: var(--line); } .quiet { opacity: .7; } .COMPLETED { color: #1a7f37; } .FAILED, .DIED { color: #cf222e; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(run: StoredRun) -> Iterator[str]:
    """The page, part by part."""
    title = f"run {run.id} of {run.name}"
    yield (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{_text(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n"
    )
    yield f'<h1>{_text(title)}: <span class="{_text(run.state)}">{_text(run.state)}</span></h1>\n'
    yield _table("", _about(run))
    if run.fail_trace:
        yield _section("Error", f"<pre>{_text(run.fail_trace)}</pre>")
    yield _table("Config", _leaves(run.config.to_dict()))
    yield _table("Result", _results(run))
    yield from _metrics(run)
    yield _table("Info", _leaves(run.info.to_dict()))
    yield from _output(run)
    yield _files(run)
    yield _table("Packages", run.packages.items())
    yield _table("Host", _leaves(run.host.to_dict()))
    yield _table("Missing from the record", [(str(number), gap) for number, gap in enumerate(run.record.gaps, 1)])
    yield "</body></html>\n"


def _about(run: StoredRun) -> Iterator[tuple[str, Any]]:
    yield "cause", run.cause
    yield "experiment", run.record.name
    yield (
        "command",
        " ".join(filter(None, (run.record.launch.script or run.record.launch.module, *run.record.launch.argv))),
    )
    yield "started", cell(run.start)
    yield "duration", "" if run.duration is None else f"{run.duration:.2f} s"
    yield "tags", ", ".join(map(str, run.tags))
    for note in run.notes:
        yield "note", f"{note.value} ({note.author}, {cell(note.time)})"
    yield "seed", "" if run.seed is None else run.seed
    for repository in run.repositories:
        dirty = ", changed" if repository.get("dirty") else ""
        yield "git", f"{repository.get('url') or ''} {repository.get('commit') or ''}{dirty}".strip()
    yield "uid", run.uid


def _results(run: StoredRun) -> Iterator[tuple[str, Any]]:
    if run.result is not None:
        yield from flat(run.result, "result").items()
    if run.late:
        yield from flat(run.late.to_dict(), "late").items()


def _leaves(tree: dict[Any, Any]) -> list[tuple[str, Any]]:
    return list(flat(tree).items()) if tree else []


def _metrics(run: StoredRun) -> Iterator[str]:
    if run.metrics:
        yield "<h2>Metrics</h2>\n"
    for name, metric in sorted(run.metrics.items()):
        figures = ", ".join(f"{label} {_short(getattr(metric, label))}" for label in ("last", "min", "max"))
        yield f'<h3>{_text(name)}</h3><div class="quiet">{counted(len(metric), "point")}, {_text(figures)}</div>\n'
        yield drawing(_printable(name), metric.parts)


def _output(run: StoredRun) -> Iterator[str]:
    try:
        text = run.output
    except DAMAGE as error:
        yield _section("Output", f"<p>{_text(str(error))}</p>")
        return
    if text:
        cut = f'<p class="quiet">the last {OUTPUT} characters of {len(text)}</p>' if len(text) > OUTPUT else ""
        yield _section("Output", f"{cut}<pre>{_text(text[-OUTPUT:])}</pre>")


def _files(run: StoredRun) -> str:
    found = [
        file
        for files in (run.artifacts, run.outputs, run.inputs, run.resources, run.sources)
        for file in files.values()
    ]
    rows = ((file.ref.role, file.name, counted(file.size, "byte"), file.sha256[:12]) for file in found)
    cells = "".join(f"<tr>{''.join(f'<td>{_text(text)}</td>' for text in row)}</tr>" for row in rows)
    return _section("Files", f"<table>{cells}</table>") if cells else ""


def _table(title: str, rows: Iterable[tuple[str, Any]]) -> str:
    """Names and values; texts that are empty are left out."""
    shown = ((name, _short(value)) for name, value in rows)
    cells = "".join(f"<tr><th>{_text(name)}</th><td>{_text(text)}</td></tr>" for name, text in shown if text)
    return _section(title, f"<table>{cells}</table>") if cells else ""


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}\n" if title else f"{content}\n"


def _short(value: Any) -> str:
    text = "None" if value is None else text_of(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _text(text: str) -> str:
    """Text as HTML."""
    return escape(_printable(text))


def _printable(text: str) -> str:
    """Text without characters that no page may have, and that would steer the terminal of who looks at its source."""
    return "".join(char if char in "\n\t" or char.isprintable() else " " for char in text)
