"""The lines on stderr by which a run from the command line says where it is recorded and how it ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit.cli.terminal import emit, speaks_unicode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from expkit.record.model import RunRecord

_EXACT, _MINUTE, _HOUR, _DAY = 10, 60, 3600, 86400
_KILO = 1000
_UNITS = ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s"))


def begin_line(
    id: object,
    location: str | None,
    observers: Iterable[str],
    seed: int | None,
) -> str:
    """The line before main.

    Args:
        id: of the run; None where nothing is recorded.
        location: where the record is, like ``runs/7``.
        observers: how those are called who observe besides.
        seed: root of the run's randomness.
    """
    return " · ".join(
        [
            _run(id, location) if id is not None or location else "run not recorded",
            *([f"observers {', '.join(names)}"] if (names := list(observers)) else []),
            *([f"seed {seed}"] if seed is not None else []),
        ]
    )


def queued_line(id: object, location: str | None) -> str:
    """The line for a run that is only written down, to be started later."""
    return f"{_run(id, location)} · queued; start it with --id {id}"


def end_line(id: object, location: str | None, status: str, seconds: float, result: Any = None) -> str:
    """The line after the end.

    Args:
        id: of the run; None where nothing is recorded.
        location: where the record is.
        status: how the run ended.
        seconds: from start to end.
        result: what main returned; None is not mentioned.
    """
    took = "after" if status != "COMPLETED" else "in"
    parts = [f"{status.lower()} {took} {duration(seconds)}"]
    if result is not None:
        from expkit.cli.values import short

        parts.append(f"result {short(result)}")
    if id is not None or location:
        parts.append(f"record in {location}" if location else f"run {id}")
    return " · ".join(parts)


def captured_line(record: RunRecord) -> str:
    """The line that says what the record holds, and what it could not see.

    ``captured: 6 sources, 14 packages, 3 inputs (1.2 GB), 2 outputs; could not see: subprocess ffmpeg``
    """
    packages = record.experiment.get("dependencies") or ()
    counts = [
        _count(len(record.files_of("source")), "source"),
        _count(len(packages), "package"),
        *(_files(record, role) for role in ("resource", "input", "output", "artifact") if record.files_of(role)),
    ]
    return "; ".join(
        [
            f"captured: {', '.join(counts)}",
            *([f"could not see: {_some(record.unseen)}"] if record.unseen else []),
            *([f"missing: {_some(record.gaps, 1)}"] if record.gaps else []),
        ]
    )


def size(count: int) -> str:
    """A number of bytes for people: ``512 B``, ``1.2 GB``."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < _KILO:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= _EXACT else f"{amount:.1f} {unit}"
        amount /= _KILO
    return f"{amount:.1f} TB"


def _files(record: RunRecord, role: str) -> str:
    refs = record.files_of(role)
    return f"{_count(len(refs), role)} ({size(sum(ref.size for ref in refs))})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(items: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"


def tell(line: str, stream: TextIO | None = None) -> None:
    """Write a status line to stderr, in ASCII where nothing else can be written."""
    target = sys.stderr if stream is None else stream
    if not speaks_unicode(target):
        line = line.replace("→", "->").replace(" · ", " | ")
    emit(f"{line}\n", target)


def duration(seconds: float) -> str:
    """A time span for people: ``0.31 s``, ``42.0 s``, ``3 min 7 s``, ``2 h 5 min``, ``1 d 3 h``."""
    if seconds < _MINUTE:
        return f"{seconds:.2f} s" if seconds < _EXACT else f"{seconds:.1f} s"
    whole = round(seconds)
    size, name, smaller, smaller_name = next(unit for unit in _UNITS if whole >= unit[0])
    return f"{whole // size} {name} {whole % size // smaller} {smaller_name}"


def _run(id: object, location: str | None) -> str:
    name = "run" if id is None else f"run {id}"
    return f"{name} → {location}" if location else name
