"""Captured output through a user's filter: :class:`LineFilter`."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

log = logging.getLogger("expkit")

LONGEST_LINE = 1 << 20
"""A line that is longer is cut, in bytes: a progress bar may never end one."""

_CHUNK = 1 << 22


class LineFilter:
    """Brings whole lines of ``raw`` through ``function`` into ``path``.

    A filter that raises is reported once; from there on text is kept as it is.

    Args:
        raw: what was printed.
        path: what is kept.
        function: gets one line with its end, returns what to keep of it.
    """

    def __init__(self, raw: Path, path: Path, function: Callable[[str], str]) -> None:
        self._raw = raw
        self._path = path
        self._function: Callable[[str], str] | None = function
        self._done = 0
        self._lock = threading.Lock()

    def pump(self, *, last: bool = False) -> None:
        """Filter the lines that are complete by now; with ``last`` also the one that is not."""
        with self._lock, open(self._raw, "rb") as raw, open(self._path, "ab") as kept:
            raw.seek(self._done)
            while data := raw.read(_CHUNK):
                whole = data if last and len(data) < _CHUNK else _whole_lines(data)
                if not whole:
                    return
                kept.write("".join(map(self._filtered, _lines(whole))).encode("utf-8", "backslashreplace"))
                self._done += len(whole)
                raw.seek(self._done)

    def finish(self) -> None:
        """Filter the rest; what was printed is then no longer needed."""
        self.pump(last=True)
        os.unlink(self._raw)

    def _filtered(self, line: str) -> str:
        if self._function is None:
            return line
        try:
            return str(self._function(line))
        except Exception:
            self._function = None
            log.warning("captured_out_filter failed; output is kept unfiltered from here on", exc_info=True)
            return line


def _whole_lines(data: bytes) -> bytes:
    end = data.rfind(b"\n") + 1
    return data[:end] if end or len(data) < LONGEST_LINE else data


def _lines(data: bytes) -> Iterator[str]:
    """Lines with their ends; a line feed ends one, a carriage return does not."""
    *whole, rest = data.split(b"\n")
    for line in whole:
        yield line.decode("utf-8", "replace") + "\n"
    if rest:
        yield rest.decode("utf-8", "replace")
