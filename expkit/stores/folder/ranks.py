"""Which of the ranks of a run are at work, and which went without a word."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from expkit.record.state import MISSED
from expkit.record.wire import lease_from_json, lease_to_json
from expkit.stores.disk import files, text
from expkit.stores.holder import alive

if TYPE_CHECKING:
    from expkit.record.model import Lease
    from expkit.stores.disk.layout import RunLayout

_FOREIGN = 600.0
"""Seconds without a sign of life after which a process of another machine is given up, whatever the others say."""


def take(run: RunLayout, segment: int, rank: int, lease: Lease) -> bool:
    """Take the place of a rank other than 0; False where another process that lives has it."""
    path = run.rank_lease(segment, rank)
    for _ in range(2):
        try:
            files.write_new(path, text.pretty(lease_to_json(lease)))
            return True
        except FileExistsError:
            if _is_of(path, lease):
                return True
            if _lives(run, path):
                return False
            with suppress(FileNotFoundError):
                files.remove(path)
    return False


def ranks_at_work(run: RunLayout) -> list[int]:
    """The ranks other than 0 that have begun, live, and have not said their end."""
    return [rank for rank, path in run.rank_leases() if _lives(run, path)]


def silent_ranks(run: RunLayout) -> list[int]:
    """The ranks other than 0 whose processes are gone without having said their end."""
    return [rank for rank, path in run.rank_leases() if not _lives(run, path)]


def _is_of(path: str, lease: Lease) -> bool:
    try:
        return lease_from_json(text.parsed(files.created(path))) == lease.but(renewed=None)
    except (OSError, ValueError):
        return False


def _lives(run: RunLayout, path: str) -> bool:
    """Whether a rank lives, as far as can be known: what has just said its end counts as living."""
    try:
        lease = lease_from_json(text.parsed(files.read(path)))
        renewed = os.stat(path).st_mtime
    except (OSError, ValueError):
        return True
    lives = alive(lease)
    return not _is_stale(run, lease, renewed) if lives is None else lives


def _is_stale(run: RunLayout, lease: Lease, renewed: float) -> bool:
    """Whether the rank has missed signs that rank 0 gave: both times are by the file system's clock."""
    return max(map(_modified, (run.lease, run.record))) - renewed > MISSED * lease.interval or (
        time.time() - renewed > _FOREIGN
    )


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
