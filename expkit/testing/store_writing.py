# ruff: noqa: PLR2004 - the numbers of a test are its own
"""The contract of stores while runs are written: records, streams, leases."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import RunExistsError, RunNotFoundError, StoreError
from expkit.record.model import COMPLETED, OUTPUT, POINTS, QUEUED, RUNNING, Point, StreamKey
from expkit.stores.base import RunStore
from expkit.testing.samples import AWKWARD, sample_annotation, sample_lease, sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT, StoreTests, at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.types import RunId


_USES: dict[str, Callable[[RunStore, str], Any]] = {
    "load": lambda store, run: store.load(run),
    "save": lambda store, run: store.save(sample_record(uid=run)),
    "set_status": lambda store, run: store.set_status(run, QUEUED, RUNNING),
    "append": lambda store, run: store.append(run, LOSS, 0, sample_points(1)),
    "read": lambda store, run: store.read(run, LOSS),
    "streams": lambda store, run: store.streams(run),
    "renew": lambda store, run: store.renew(run, sample_lease()),
    "lease": lambda store, run: store.lease(run),
    "annotate": lambda store, run: store.annotate(run, sample_annotation("x")),
    "annotations": lambda store, run: store.annotations(run),
    "delete": lambda store, run: store.delete(run),
}


class RecordContract(StoreTests):
    """Records: what goes in comes out, under a name that stays."""

    def test_is_a_store(self, store: RunStore) -> None:
        """A store has every member of the protocol."""
        assert isinstance(store, RunStore)

    def test_gives_back_the_record(self, store: RunStore) -> None:
        """What was created is loaded, with the id of this store."""
        record = sample_record()
        run_id = store.create(record)
        assert store.load(run_id) == record.but(id=run_id)

    def test_runs_have_two_names(self, store: RunStore) -> None:
        """A run is found by its short id, also when that is given as text, and by its uid."""
        record = sample_record()
        run_id = store.create(record)
        assert {store.load(name).uid for name in (run_id, str(run_id), record.uid)} == {record.uid}

    def test_keeps_awkward_values(self, store: RunStore) -> None:
        """Any string key and any JSON value survive in config, info and result, exactly."""
        record = sample_record(config=AWKWARD, info=AWKWARD, result=AWKWARD)
        store.create(record)
        found = store.load(record.uid)
        assert (found.config, found.info, found.result) == (AWKWARD, AWKWARD, AWKWARD)

    def test_shares_no_containers(self, store: RunStore) -> None:
        """Changing what was handed in or out changes nothing in the store."""
        config: dict[str, Any] = {"layers": [1]}
        run_id = store.create(sample_record(config=config))
        config["layers"].append(2)
        store.load(run_id).config["layers"].append(3)
        assert store.load(run_id).config == {"layers": [1]}

    def test_lists_runs_in_order(self, store: RunStore) -> None:
        """The list of runs has all of them, in order of creation, each with both names."""
        records = [sample_record() for _ in range(12)]
        ids = [store.create(record) for record in records]
        assert len(set(ids)) == 12
        assert store.ids() == list(zip(ids, [record.uid for record in records], strict=True))

    def test_create_twice_is_create_once(self, store: RunStore) -> None:
        """A uid that is here already keeps its id and its record."""
        record = sample_record()
        run_id = store.create(record)
        store.save(record.but(status=COMPLETED))
        assert store.create(record, id="77") == run_id
        assert (len(store.ids()), store.load(run_id).status) == (1, COMPLETED)

    def test_takes_the_wanted_id(self, store: RunStore) -> None:
        """An id that is free is given, and the next ones are free again."""
        assert str(store.create(sample_record(), id="77")) == "77"
        assert str(store.create(sample_record(), id="by-hand")) == "by-hand"
        assert str(store.create(sample_record())) not in {"77", "by-hand"}

    def test_taken_id_gives_the_next(self, store: RunStore, run: RunId) -> None:
        """A wanted id that is taken is no error: the run gets another one."""
        assert store.create(sample_record(), id=run) != run

    def test_bind_insists(self, store: RunStore, run: RunId) -> None:
        """A bound id that is taken is an error, and nothing is created."""
        with pytest.raises(RunExistsError):
            store.create(sample_record(), id=run, bind=True)
        assert len(store.ids()) == 1

    def test_save_replaces(self, store: RunStore) -> None:
        """A saved record replaces the old one, and its id counts for nothing."""
        record = sample_record()
        run_id = store.create(record)
        changed = record.but(info={"new": [1]}, stop_time=record.start_time, id="other")
        store.save(changed)
        assert store.load(run_id) == changed.but(id=run_id)

    @pytest.mark.parametrize("use", _USES)
    @pytest.mark.parametrize("name", ["4711", "nobody", "../x", "", "0123456789abcdef" * 2])
    def test_unknown_runs(self, store: RunStore, run: RunId, use: str, name: str) -> None:
        """Every method says that there is no such run, and harms no other."""
        before = store.load(run)
        with pytest.raises(RunNotFoundError):
            _USES[use](store, name)
        assert (store.load(run), len(store.ids())) == (before, 1)

    def test_status_is_compared(self, store: RunStore) -> None:
        """The status changes only if it is the expected one."""
        run_id = store.create(sample_record(status=QUEUED))
        assert not store.set_status(run_id, RUNNING, COMPLETED)
        assert store.set_status(run_id, QUEUED, RUNNING)
        assert store.load(run_id).status == RUNNING

    def test_one_starter_wins(self, store: RunStore) -> None:
        """Of several that start a queued run at once exactly one succeeds."""
        run_id = store.create(sample_record(status=QUEUED))
        assert sorted(at_once(lambda _: store.set_status(run_id, QUEUED, RUNNING), 8)) == [False] * 7 + [True]

    def test_ids_are_claimed_by_one(self, store: RunStore) -> None:
        """Runs created at once get different ids, and none is lost."""
        ids = at_once(lambda _: store.create(sample_record()), 16)
        assert len(set(ids)) == len(store.ids()) == 16

    def test_readers_meet_whole_records(self, store: RunStore) -> None:
        """Who reads while somebody saves gets the old or the new record, never a mixture or half of one."""
        record = sample_record()
        run_id = store.create(record)
        seen: list[Any] = []

        def act(number: int) -> None:
            for count in range(40):
                if number == 0:
                    store.save(record.but(info={"count": count, "again": [count] * 1000}))
                else:
                    seen.append(store.load(run_id).info)

        at_once(act, 3)
        assert all("again" not in info or set(info["again"]) == {info["count"]} for info in seen)

    def test_closed_stores_open_again(self, store: RunStore) -> None:
        """A store that was closed may be used on."""
        run_id = store.create(sample_record())
        store.close()
        store.append(run_id, LOSS, 0, sample_points(1))
        assert store.load(run_id).id == run_id


class StreamContract(StoreTests):
    """Streams: appended by offset, read from an offset, exact."""

    def test_points_are_exact(self, store: RunStore, run: RunId) -> None:
        """Steps, values, times, tags and kinds come back as they went in, NaN and infinities included."""
        steps = [0, -3, 2**63, 2**70, 0.1, float("nan"), "epoch 1", 1e300, 5, 5]
        values = [
            1.5,
            float("nan"),
            float("inf"),
            float("-inf"),
            2**60 + 1,
            2**80,
            True,
            "text",
            {"a": [1, None]},
            -0.0,
        ]
        tags = (("phase", "train"), ("räume", "ä.b=c"))
        points = [
            Point("acc.top-1 ☃", step, value, 1.7e9 + number / 3, tags[: number % 3], "scalar")
            for number, (step, value) in enumerate(zip(steps, values, strict=True))
        ]
        assert store.append(run, LOSS, 0, points) == len(points)
        # Compared by their text, because NaN is not equal to itself.
        assert repr([*map(Point._make, _points(store, run))]) == repr(points)

    def test_output_is_bytes(self, store: RunStore, run: RunId) -> None:
        """Output is bytes, wherever it is cut and whatever they mean."""
        data = "schöner ☃ text\r\n".encode() + bytes(range(256))
        for offset, byte in enumerate(data):
            store.append(run, TEXT, offset, bytes([byte]))
        assert store.read(run, TEXT) == data
        assert store.read(run, TEXT, 4, 3) == data[4:7]

    def test_append_is_idempotent(self, store: RunStore, run: RunId) -> None:
        """Items below the end are skipped: appending again, or in overlapping parts, changes nothing."""
        points = sample_points(10)
        ends = [
            store.append(run, LOSS, start, points[start:end])
            for start, end in [(0, 4), (0, 4), (2, 7), (1, 3), (7, 10)]
        ]
        assert ends == [4, 4, 7, 7, 10]
        assert store.read(run, LOSS) == points

    @pytest.mark.parametrize("offset", [3, -1])
    def test_gaps_are_refused(self, store: RunStore, run: RunId, offset: int) -> None:
        """An offset beyond the end, or below the beginning, is an error and adds nothing."""
        store.append(run, LOSS, 0, sample_points(2))
        with pytest.raises(StoreError):
            store.append(run, LOSS, offset, sample_points(5, offset))
        assert store.streams(run) == {LOSS: 2}

    def test_reads_from_an_offset(self, store: RunStore, run: RunId) -> None:
        """Any part can be read; at and beyond the end there is nothing."""
        points = sample_points(100)
        store.append(run, LOSS, 0, points)
        parts = [store.read(run, LOSS, *span) for span in [(0, 3), (97, 10), (99,), (100,), (1000, 5), (5, 0)]]
        assert [list(part) for part in parts] == [points[:3], points[97:], points[99:], [], [], []]

    def test_reads_while_growing(self, store: RunStore, run: RunId) -> None:
        """A reader that goes on where it stopped sees every item once."""
        seen: list[Any] = []
        for start in range(0, 50, 7):
            store.append(run, LOSS, start, sample_points(7, start))
            seen += store.read(run, LOSS, len(seen))
        assert seen == sample_points(56)

    def test_read_while_somebody_writes(self, store: RunStore, run: RunId) -> None:
        """Who reads while somebody appends sees a prefix, whole items only."""
        points, text = sample_points(200), b"0123456789" * 200
        seen: list[Any] = []

        def act(number: int) -> None:
            for start in range(0, 200, 5):
                if number == 0:
                    store.append(run, LOSS, start, points[start : start + 5])
                    store.append(run, TEXT, start * 10, text[start * 10 : start * 10 + 50])
                else:
                    seen.append((_points(store, run), store.read(run, TEXT)))

        at_once(act, 3)
        assert all(some == points[: len(some)] and text.startswith(bytes(part)) for some, part in seen)

    def test_streams_are_apart(self, store: RunStore, run: RunId) -> None:
        """Content, segment and rank make different streams; unknown ones are empty and not listed."""
        keys = [StreamKey(POINTS, segment, rank) for segment in range(2) for rank in range(2)]
        for number, key in enumerate(keys):
            store.append(run, key, 0, sample_points(number + 1))
        store.append(run, StreamKey(OUTPUT, 1, 0), 0, b"hello")
        assert list(store.read(run, StreamKey(POINTS, 7, 7))) == []
        assert store.streams(run) == {**dict(zip(keys, [1, 2, 3, 4], strict=True)), StreamKey(OUTPUT, 1, 0): 5}

    def test_streams_of_other_runs_are_apart(self, store: RunStore, run: RunId) -> None:
        """A run has its own streams."""
        other = store.create(sample_record())
        store.append(run, LOSS, 0, sample_points(3))
        assert store.streams(other) == {}

    def test_unknown_content(self, store: RunStore, run: RunId) -> None:
        """There are streams of points and of output, and no others."""
        with pytest.raises(StoreError):
            store.append(run, StreamKey("smells"), 0, b"x")

    def test_streams_leave_the_record_alone(self, store: RunStore, run: RunId) -> None:
        """Appending does not touch the record."""
        before = store.load(run)
        store.append(run, LOSS, 0, sample_points(3))
        assert store.load(run) == before


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


def _points(store: RunStore, run: RunId) -> list[Any]:
    return list(store.read(run, LOSS))
