"""The contract of stores: leases, by which readers judge who is alive."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from expkit.record.model import RUNNING
from expkit.testing.samples import sample_lease, sample_record
from expkit.testing.store_tests import StoreTests

if TYPE_CHECKING:
    from expkit.stores.base import RunStore
    from expkit.types import RunId


class LeaseContract(StoreTests):
    """Leases: a sign of life beside the record, by the store's clock."""

    def test_clock_is_aware_and_goes_on(self, store: RunStore) -> None:
        """The store's clock is UTC with zone and does not go back."""
        first, second = store.now(), store.now()
        assert first.utcoffset() == timedelta(0)
        assert first <= second

    def test_none_at_first(self, store: RunStore, run: RunId) -> None:
        """A run that nobody holds has no lease."""
        assert store.lease(run) is None

    def test_comes_with_the_run(self, store: RunStore) -> None:
        """A run may be created with its lease, stamped like one that is renewed; later ones do not replace it."""
        record = sample_record()
        found = store.create(record, lease=sample_lease())
        lease = store.lease(found)
        assert lease is not None
        assert lease.renewed is not None
        assert lease == sample_lease().but(renewed=lease.renewed)
        store.create(record, lease=sample_lease(interval=1.0))
        assert store.lease(found) == lease

    def test_renewed_by_the_stores_clock(self, store: RunStore, run: RunId) -> None:
        """A lease is stamped when it is renewed; all else is as it was given, and the record stays as it is."""
        record = store.load(run)
        stamps = []
        lease = None
        for _ in range(2):
            before = store.now()
            store.renew(run, sample_lease())
            lease = store.lease(run)
            assert lease is not None
            assert lease.renewed is not None
            assert before - timedelta(seconds=1) <= lease.renewed <= store.now() + timedelta(seconds=1)
            stamps.append(lease.renewed)
            time.sleep(0.02)
        assert stamps[0] < stamps[1]
        assert lease == sample_lease().but(renewed=stamps[1])
        assert store.load(run) == record

    def test_state_is_judged(self, store: RunStore, run: RunId) -> None:
        """A run whose lease was not renewed in time is shown as DIED, stays RUNNING on record, and may come back."""
        store.renew(run, sample_lease(interval=0.001))
        time.sleep(0.05)
        assert _states(store) == ["DIED"]
        store.renew(run, sample_lease(interval=3600))
        assert (_states(store), store.load(run).status) == (["RUNNING"], RUNNING)


def _states(store: RunStore) -> list[Any]:
    return [row["state"] for row in store.find(columns=["state"])]
