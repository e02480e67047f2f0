"""What readers show: the status as written, judged by the signs of life."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from expkit.record.model import RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from expkit.record.model import Lease, RunRecord

DIED = "DIED"
"""The state of a run that says RUNNING and gives no sign of life any more; never stored."""

MISSED = 2
"""A lease is stale after so many intervals without renewal."""


def judge(record: RunRecord, lease: Lease | None, now: datetime, alive: Callable[[Lease], bool | None]) -> str:
    """The state of a run.

    Args:
        record: as stored.
        lease: the last one, if there ever was one; without it a RUNNING run is believed.
        now: by the clock of the store that holds the lease.
        alive: whether the process of a lease lives; None where that cannot be known from here.

    Returns:
        The stored status, or ``"DIED"`` for a run whose process is known to be gone or, where that cannot be
        known, whose lease has not been renewed for two intervals. A stale lease of a living process is
        only slow: its run is RUNNING.
    """
    if record.status != RUNNING or lease is None:
        return record.status
    lives = alive(lease)
    if lives is None:
        lives = not is_stale(lease, now)
    return RUNNING if lives else DIED


def is_stale(lease: Lease, now: datetime) -> bool:
    """Whether the lease has missed two renewals: by the store's clock, or where nobody can ask for that, by how long
    the reader has watched it. One that was never stamped cannot be judged.
    """
    if lease.unmoved is not None:
        return lease.unmoved > MISSED * lease.interval
    return lease.renewed is not None and now - lease.renewed > timedelta(seconds=MISSED * lease.interval)
