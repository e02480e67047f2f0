"""What there is to tell about one run, a line for each fact: what was asked first, then what came out, then where it is."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from expkit.console import showing
from expkit.readers.files import folder_of
from expkit.readers.following import printed_last
from expkit.readers.values import flat
from expkit.record.fields import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from expkit.readers.run import StoredRun

_ENTRIES, _METRICS, _NAMES, _NOTES = 12, 6, 5, 3
_SHORT_COMMIT = 10
_LAST_BYTES = 4096


def facts(run: StoredRun, *, everything: bool) -> Iterator[tuple[str, str]]:
    """Names and texts.

    Args:
        run: about which.
        everything: all of the config, of the metrics and of the files, however many there are.
    """
    most = 10**9 if everything else 0
    yield "asked", _asked(run)
    yield from _config(run, most or _ENTRIES)
    yield "started", _times(run)
    yield from _results(run)
    yield from _metrics(run, most or _METRICS, everything)
    yield "output", _output(run)
    for role in ("artifacts", "sources", "resources", "inputs", "outputs"):
        yield role, _files(getattr(run, role), most or _NAMES)
    yield "tags", showing.escaped(", ".join(map(str, run.tags)))
    yield from _notes(run, most or _NOTES)
    yield from _surroundings(run)
    for gap in run.record.gaps:
        yield "lacks", showing.escaped(gap)
    yield "uid", showing.escaped(run.uid)
    yield "where", showing.escaped(str(folder_of(run.store, run.id) or run.store.url))


def _asked(run: StoredRun) -> str:
    """The command line; of a run that a program started, what it asked for."""
    from shlex import join

    launch = run.record.launch
    program = [launch.script] if launch.script else ["-m", launch.module] if launch.module else []
    said = join(["python", *program, *map(str, launch.argv)]) if program else run.command
    comment = run.record.meta.get("comment")
    return showing.escaped(f"{said}  # {comment}" if isinstance(comment, str) and comment else said)


def _config(run: StoredRun, most: int) -> Iterator[tuple[str, str]]:
    """What was set for this run in one line; then what stayed as it was."""
    entries = flat(run.config.to_dict()) if run.config else {}
    chosen = flat(run.overrides.to_dict()) if run.overrides else {}
    own = {path: value for path, value in entries.items() if _is_below(path, chosen)}
    named = run.record.meta.get("named_configs")
    yield "named configs", showing.escaped(" ".join(map(str, named))) if isinstance(named, list) else ""
    yield "set", _entries(own, most)
    yield "config", _entries({path: value for path, value in entries.items() if path not in own}, most)


def _is_below(path: str, chosen: Mapping[str, Any]) -> bool:
    return any(path == each or path.startswith(f"{each}.") or each.startswith(f"{path}.") for each in chosen)


def _entries(entries: Mapping[str, Any], most: int) -> str:
    texts = [f"{showing.escaped(path)}={_brief(value)}" for path, value in islice(entries.items(), most)]
    return "  ".join([*texts, *_more(len(entries), most)])


def _brief(value: Any) -> str:
    return showing.cut("null" if value is None else showing.cell(value), showing.WIDEST)


def _times(run: StoredRun) -> str:
    if run.start is None:
        return ""
    took = showing.duration(run.duration)
    live = "so far" if run.stop is None and run.state == "RUNNING" else ""
    return ", ".join(
        filter(None, (showing.moment(run.start), f"took {took}" if took and not live else f"{took} {live}".strip()))
    )


def _results(run: StoredRun) -> Iterator[tuple[str, str]]:
    if run.result is not None:
        found = flat(run.result)
        yield "result", _brief(found[""]) if list(found) == [""] else _entries(found, _ENTRIES)
    if run.late:
        yield "later", _entries(flat(run.late.to_dict()), _ENTRIES)
    if run.info:
        yield "info", _entries(flat(run.info.to_dict()), _NAMES)


def _metrics(run: StoredRun, most: int, everything: bool) -> Iterator[tuple[str, str]]:
    shown = {name: metric for name, metric in run.metrics.items() if everything or not name.startswith(SYSTEM)}
    names = [showing.escaped(name) for name in islice(shown, most)]
    longest = max(map(showing.cells, names), default=0)
    for number, (name, metric) in enumerate(zip(names, shown.values(), strict=False)):
        low, high, last = (showing.cell(value) for value in (metric.min, metric.max, metric.last))
        points = showing.counted(len(metric), "point")
        name += " " * (longest - showing.cells(name))
        between = f"  from {low} to {high}" if low != high else ""
        yield "metrics" if not number else "", f"{name}  {last}{between}, {points}"
    if len(shown) > most:
        yield "", f"{len(shown) - most} more; expkit metrics {showing.escaped(str(run.id))}"


def _output(run: StoredRun) -> str:
    count, data = printed_last(run.store, run.uid, _LAST_BYTES)
    lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return showing.size(count) if count else ""
    last = f"the last line: {showing.cut(showing.escaped(lines[-1]), showing.WIDEST)}"
    return f"{showing.size(count)}, {last}"


def _files(files: Mapping[str, Any], most: int) -> str:
    texts = [f"{showing.escaped(name)} ({showing.size(file.size)})" for name, file in islice(files.items(), most)]
    return ", ".join([*texts, *_more(len(files), most)])


def _notes(run: StoredRun, most: int) -> Iterator[tuple[str, str]]:
    """The last ones, with author and time."""
    for note in run.notes[-most:]:
        said = ", ".join(filter(None, (showing.escaped(note.author), showing.moment(note.time))))
        yield "note", f"{said}: {showing.cell(note.value)}"
    if len(run.notes) > most:
        earlier = showing.counted(len(run.notes) - most, "earlier note")
        yield "", f"and {earlier}; expkit show {showing.escaped(str(run.id))} --all"


def _more(count: int, most: int) -> list[str]:
    return [f"and {count - most} more (--all)"] if count > most else []


def _surroundings(run: StoredRun) -> Iterator[tuple[str, str]]:
    for repository in run.repositories:
        commit = showing.escaped(str(repository.get("commit") or ""))[:_SHORT_COMMIT]
        yield "git", f"{commit}{' and changes' if repository.get('dirty') else ''}" if commit else ""
    system = run.host.get("os")
    name = system[0] if isinstance(system, list) and system else system
    python = run.host.get("python_version")
    said = (run.host.get("hostname"), name, f"Python {python}" if python else "")
    yield "host", showing.escaped(", ".join(str(text) for text in said if text))
    if run.record.parent is not None:
        yield "parent", showing.escaped(f"~{run.record.parent}" if run.parent is None else str(run.parent.id))
