"""Names that are unique everywhere and sort by time."""

from __future__ import annotations

import os
import time

_last = 0


def new_uid() -> str:
    """A new globally unique name: 32 hex digits in the shape of a UUID version 7.

    The first 16 digits tell the time (milliseconds and their 4096ths, beside the version digit), so names sort
    by creation, strictly so where one thread makes them. The rest is random, drawn anew for every name, so that threads
    and forked processes need not agree.
    """
    ticks = _next_ticks()
    head = f"{ticks >> 12:012x}7{ticks & 0xFFF:03x}"
    tail = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1 | 1 << 63
    return f"{head}{tail:016x}"


def _next_ticks() -> int:
    global _last  # noqa: PLW0603 - one clock per process
    ticks = _last = max(_last + 1, (time.time_ns() << 12) // 1_000_000)
    return ticks
