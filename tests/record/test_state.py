from __future__ import annotations

from datetime import timedelta

import pytest

from expkit.record.state import is_stale, judge
from expkit.testing.samples import NOON, sample_lease, sample_record

LEASE = sample_lease(interval=10).but(renewed=NOON)
FRESH, STALE = NOON + timedelta(seconds=20), NOON + timedelta(seconds=20.1)


@pytest.mark.parametrize("status", ["QUEUED", "COMPLETED", "FAILED", "INTERRUPTED", "TIMEOUT", "MY_OWN"])
def test_only_running_runs_are_judged(status):
    """Any status but RUNNING is shown as it is, however old the lease."""
    assert judge(sample_record(status=status), LEASE, STALE, lambda _: False) == status


@pytest.mark.parametrize(
    ("alive", "now", "state"),
    [
        (True, FRESH, "RUNNING"),
        (True, STALE, "RUNNING"),
        (False, FRESH, "DIED"),
        (False, STALE, "DIED"),
        (None, FRESH, "RUNNING"),
        (None, STALE, "DIED"),
        (None, NOON - timedelta(days=1), "RUNNING"),
    ],
)
def test_signs_of_life(alive, now, state):
    """A known process decides at once; an unknown one is judged by two missed renewals."""
    assert judge(sample_record(), LEASE, now, lambda _: alive) == state


def test_without_lease_the_record_tells():
    """A run without a lease, or with one from times to come, is judged by what it told last; if nothing, believed."""
    told = sample_record(heartbeat=NOON)
    for lease in (None, LEASE.but(renewed=NOON + timedelta(days=900))):
        assert judge(told, lease, FRESH, lambda _: None) == "RUNNING"
        assert judge(told, lease, STALE, lambda _: None) == "DIED"
    assert judge(told.but(heartbeat=None, start_time=None), None, STALE, lambda _: False) == "RUNNING"


def test_a_lease_without_a_time_is_believed():
    """A lease that was never stamped cannot be judged."""
    assert judge(sample_record(), sample_lease(), STALE, lambda _: None) == "RUNNING"
    assert not is_stale(sample_lease(), STALE)
