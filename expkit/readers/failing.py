"""Where a run failed: the error, and the line of the user's own code that had a part in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.readers.run import StoredRun

_FRAME = re.compile(r'[\s|+]*File "(?P<file>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?')
_FOREIGN = ("/site-packages/", "/dist-packages/", "/lib/python", "/expkit/", "<frozen ", "\\lib\\")
_BEGIN = "Traceback (most recent call last):"


class Failure(NamedTuple):
    """How a run failed.

    Attributes:
        error: the last words of the traceback: ``ValueError: no such file``.
        file: of the innermost frame that belongs to the program; ``""`` where none does.
        line: its number in that file, from 1 on; 0 where it is not known.
        function: in which it stands.
        code: the line itself.
    """

    error: str
    file: str = ""
    line: int = 0
    function: str = ""
    code: str = ""


def failure_of(run: StoredRun) -> Failure | None:
    """The error that ended a run, at the user's line; None where it has no traceback."""
    trace = run.fail_trace.strip("\n")
    if not trace.strip():
        return None
    lines = trace.rpartition(_BEGIN)[2].splitlines()
    frames = [(number, match) for number, text in enumerate(lines) if (match := _FRAME.match(text))]
    error = "\n".join(_last_words(lines, frames[-1][0] if frames else -1))
    own = _own(frames, run.sources)
    if own is None:
        return Failure(error)
    file, number, match = own
    code = lines[number + 1].strip() if number + 1 < len(lines) and lines[number + 1].startswith("    ") else ""
    return Failure(error, file, int(match["line"]), match["function"] or "", code)


def _own(frames: list[tuple[int, re.Match[str]]], sources: Iterable[str]) -> tuple[str, int, re.Match[str]] | None:
    """The innermost frame of the program's own files, else the innermost one of nobody else's library."""
    names = list(sources)
    files = [(f"/{match['file']}".replace("\\", "/"), number, match) for number, match in reversed(frames)]
    for path, number, match in files:
        for name in names:
            if path.endswith(f"/{name}"):
                return name, number, match
    foreign = (found for found in files if not any(part in found[0] for part in _FOREIGN))
    return next(((match["file"], number, match) for _, number, match in foreign), None)


def _last_words(lines: list[str], frame: int) -> list[str]:
    """What stands after the last frame and its code."""
    rest = lines[frame + 1 :]
    while rest and (rest[0].startswith("    ") or rest[0].lstrip(" |").startswith("[Previous line repeated")):
        rest = rest[1:]
    return rest or lines[-1:]
