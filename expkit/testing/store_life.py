# ruff: noqa: PLR2004 - the numbers of a test are its own
"""The contract of stores: the life of a run, from its creation to its end and beyond."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import RunNotFoundError
from expkit.record.model import COMPLETED, FAILED, QUEUED, RUNNING, StreamKey
from expkit.stores.base import RunStore
from expkit.testing.samples import NOON, sample_annotation, sample_lease, sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT, StoreTests

if TYPE_CHECKING:
    from expkit.types import RunId

_SAID = (b"before", b"beyond")
"""What the run of :meth:`LifeContract.test_a_whole_life` prints in each of its segments."""


class LifeContract(StoreTests):
    """Records while they live: created, saved, ended, resumed, deleted."""

    def test_is_a_store(self, store: RunStore) -> None:
        """A store has every member of the protocol."""
        assert isinstance(store, RunStore)

    def test_gives_back_the_record(self, store: RunStore) -> None:
        """What was created is loaded, with the id of this store."""
        record = sample_record()
        run_id = store.create(record)
        assert store.load(run_id) == record.but(id=run_id)

    def test_save_replaces(self, store: RunStore) -> None:
        """A saved record replaces the old one, and its id counts for nothing."""
        record = sample_record()
        run_id = store.create(record)
        changed = record.but(info={"new": [1]}, stop_time=record.start_time, id="other")
        store.save(changed)
        assert store.load(run_id) == changed.but(id=run_id)

    def test_save_twice_is_save_once(self, store: RunStore) -> None:
        """The same record may be saved again and again, also after the end."""
        record = sample_record()
        store.create(record)
        ended = record.but(status=COMPLETED, stop_time=NOON + timedelta(minutes=1), result=1)
        for _ in range(3):
            store.save(ended)
        assert store.load(record.uid).but(id=None) == ended

    def test_shares_no_containers(self, store: RunStore) -> None:
        """Changing what was handed in or out changes nothing in the store."""
        config: dict[str, Any] = {"layers": [1]}
        run_id = store.create(sample_record(config=config))
        config["layers"].append(2)
        store.load(run_id).config["layers"].append(3)
        assert store.load(run_id).config == {"layers": [1]}

    def test_status_is_compared(self, store: RunStore) -> None:
        """The status changes only if it is the expected one."""
        run_id = store.create(sample_record(status=QUEUED))
        assert not store.set_status(run_id, RUNNING, COMPLETED)
        assert store.set_status(run_id, QUEUED, RUNNING)
        assert store.load(run_id).status == RUNNING

    def test_a_whole_life(self, store: RunStore) -> None:
        """Queued, started, beating, failed, resumed, completed, remarked upon, deleted: each step shows, none undoes another."""
        record = sample_record(status=QUEUED, start_time=None, heartbeat=None, info={})
        run = store.create(record)
        assert store.set_status(run, QUEUED, RUNNING)
        self._segment(store, record.but(status=RUNNING, start_time=NOON), FAILED)
        self._segment(store, record.but(status=RUNNING, start_time=NOON, segment=1), COMPLETED)
        store.annotate(run, sample_annotation("good"))
        found = store.load(run)
        assert (found.status, found.segment, found.info, found.id) == (COMPLETED, 1, {"beats": 2}, run)
        ends = {StreamKey(content, segment): 6 for content in (LOSS.content, TEXT.content) for segment in (0, 1)}
        assert store.streams(run) == ends
        assert [store.read(run, StreamKey(TEXT.content, segment)) for segment in (0, 1)] == list(_SAID)
        store.delete(run)
        assert store.ids() == []

    def _segment(self, store: RunStore, record: Any, end: str) -> None:
        """A stretch of a run, from its start to its end."""
        points, output = StreamKey(LOSS.content, record.segment), StreamKey(TEXT.content, record.segment)
        text = _SAID[record.segment]
        store.save(record)
        for beat in range(2):
            store.append(record.uid, points, beat * 3, sample_points(3, beat * 3))
            store.append(record.uid, output, beat * 3, text[beat * 3 : beat * 3 + 3])
            store.renew(record.uid, sample_lease())
            record = record.but(info={"beats": beat + 1}, heartbeat=NOON + timedelta(seconds=beat))
            store.save(record)
        store.save(record.but(status=end, stop_time=NOON + timedelta(minutes=1)))

    def test_streams_may_come_after_the_end(self, store: RunStore) -> None:
        """What is delivered late, when the record says that all is over, is taken like what came in time."""
        record = sample_record()
        run = store.create(record)
        store.append(run, LOSS, 0, sample_points(3))
        store.append(run, TEXT, 0, b"abc")
        store.save(record.but(status=COMPLETED, stop_time=NOON + timedelta(minutes=1)))
        assert store.append(run, LOSS, 2, sample_points(3, 2)) == 5
        assert store.append(run, TEXT, 3, b"def") == 6
        assert (store.read(run, LOSS), store.read(run, TEXT)) == (sample_points(5), b"abcdef")

    def test_deleted_runs_are_gone(self, store: RunStore, run: RunId) -> None:
        """A deleted run is in no list and cannot be loaded; others stay, whole."""
        other = sample_record()
        store.create(other)
        store.append(other.uid, LOSS, 0, sample_points(2))
        store.append(run, LOSS, 0, sample_points(3))
        store.delete(run)
        assert [key.uid for key in store.ids()] == [other.uid]
        assert [row["uid"] for row in store.find()] == [other.uid]
        with pytest.raises(RunNotFoundError):
            store.load(run)
        assert store.read(other.uid, LOSS) == sample_points(2)

    def test_ids_of_deleted_runs(self, store: RunStore, run: RunId) -> None:
        """The id of a deleted run is not given to another one by itself: somebody may have written it down."""
        last = store.create(sample_record())
        store.delete(last)
        assert str(store.create(sample_record())) not in {str(last), str(run)}

    def test_deleted_runs_may_come_again(self, store: RunStore) -> None:
        """A uid that is created again begins anew: it has nothing of what it had before."""
        record = sample_record()
        store.create(record, lease=sample_lease())
        store.append(record.uid, LOSS, 0, sample_points(3))
        store.append(record.uid, TEXT, 0, b"old")
        store.annotate(record.uid, sample_annotation("x"))
        store.delete(record.uid)
        again = store.create(record.but(info={"second": True}))
        assert store.load(record.uid) == record.but(info={"second": True}, id=again)
        assert (store.streams(again), store.lease(again), store.annotations(again)) == ({}, None, [])
        assert store.append(again, LOSS, 0, sample_points(1)) == 1
        assert store.read(again, LOSS) == sample_points(1)

    def test_closed_stores_open_again(self, store: RunStore) -> None:
        """A store that was closed may be used on."""
        run_id = store.create(sample_record())
        store.close()
        store.append(run_id, LOSS, 0, sample_points(1))
        assert store.load(run_id).id == run_id
