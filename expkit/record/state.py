"""What readers show: the status as written, judged by the signs of life."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from expkit.record.model import RUNNING
from expkit.settings import SETTINGS

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
        lease: the last one; without it the record's own times are the last signs of life.
        now: by the clock of the store that holds the lease.
        alive: whether the process of a lease lives; None where that cannot be known from here.

    Returns:
        The stored status, or ``"DIED"`` for a run whose process is known to be gone or, where that cannot be
        known, whose lease has not been renewed for two intervals. A stale lease of a living process is
        only slow: its run is RUNNING.
    """
    if record.status != RUNNING:
        return record.status
    lives = None if lease is None else alive(lease)
    if lives is None:
        lives = not (_is_silent(record, now) if lease is None or is_from_later(lease, now) else is_stale(lease, now))
    return RUNNING if lives else DIED


def is_from_later(lease: Lease, now: datetime) -> bool:
    """Whether the lease was stamped with a time that has not come yet, and so says nothing: a clock was set back."""
    return lease.unmoved is None and lease.renewed is not None and lease.renewed - now > _patience(lease.interval)


def is_stale(lease: Lease, now: datetime) -> bool:
    """Whether the lease has missed two renewals: by the store's clock, or where nobody can ask for that, by how long
    the reader has watched it. One that was never stamped cannot be judged.
    """
    if lease.unmoved is not None:
        return lease.unmoved > MISSED * lease.interval
    return lease.renewed is not None and now - lease.renewed > _patience(lease.interval)


def _is_silent(record: RunRecord, now: datetime) -> bool:
    """Whether a run of which nobody holds a lease has told nothing for two intervals."""
    told = record.heartbeat or record.start_time
    return told is not None and now - told > _patience(SETTINGS.LEASE_INTERVAL)


def _patience(interval: float) -> timedelta:
    return timedelta(seconds=MISSED * interval)
