"""The lines on stderr by which a run from the command line says where it is recorded and how it ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit.cli.terminal import emit, speaks_unicode
from expkit.cli.values import short

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

_EXACT, _MINUTE, _HOUR, _DAY = 10, 60, 3600, 86400
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
        parts.append(f"result {short(result)}")
    if id is not None or location:
        parts.append(f"record in {location}" if location else f"run {id}")
    return " · ".join(parts)


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
