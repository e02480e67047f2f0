"""The file of last words: signals that a process got and how it crashed. Who writes it is C code, so it has no form
but its first line.
"""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from expkit._support.frozen import Frozen

if TYPE_CHECKING:
    from datetime import datetime

ENDING = frozenset(
    getattr(signal, name).value
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGXCPU")
    if hasattr(signal, name)
)
"""Signals that end a program which does not handle them."""

CRASH = b"Fatal Python error: "
"""How ``faulthandler`` begins."""


class LastWords(Frozen):
    """What the file says.

    Attributes:
        counter: file and count of :func:`expkit.stores.kernel.oom_counter` at the start.
        signals: numbers of signals that usually end a program, in order.
        crash: what ``faulthandler`` wrote, or ``""``.
        time: when the last of it was written.
    """

    counter: tuple[str, int] | None = None
    signals: tuple[int, ...] = ()
    crash: str = ""
    time: datetime | None = None


def header(counter: tuple[str, int] | None) -> bytes:
    """The first line of the file; after it comes a byte for each signal, then the text of a crash."""
    return json.dumps({"oom_kills": counter}).encode() + b"\n"


def parse(data: bytes, time: datetime | None) -> LastWords:
    """What such a file says."""
    first, _, rest = data.partition(b"\n")
    numbers, mark, crash = rest.partition(CRASH)
    signals = tuple(number for number in numbers if number in ENDING)
    text = (mark + crash).decode("utf-8", "replace")
    return LastWords(counter=_counter(first), signals=signals, crash=text, time=time)


def _counter(line: bytes) -> tuple[str, int] | None:
    try:
        place, count = json.loads(line)["oom_kills"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    return (place, count) if isinstance(place, str) and isinstance(count, int) else None
