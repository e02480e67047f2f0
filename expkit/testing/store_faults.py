# ruff: noqa: PLR2004 - the numbers of a test are its own
"""The contract of stores: what breaks in the middle leaves nothing broken."""

from __future__ import annotations

import io
import os
from hashlib import sha256
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import RunNotFoundError
from expkit.record.model import COMPLETED, Point
from expkit.testing.samples import NOON, sample_annotation, sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT, StoreTests, at_once, points_of, skip_unless

if TYPE_CHECKING:
    from expkit.stores.base import RunStore
    from expkit.types import RunId

_FORK = """
import os, time, traceback

run = store.create(sample_record())
store.append(run, LOSS, 0, sample_points(3))
child = os.fork()
if not child:
    try:
        assert list(store.read(run, LOSS)) == sample_points(3), "the child cannot read"
        store.append(run, LOSS, 3, sample_points(2, 3))
        store.annotate(run, sample_annotation("from the child"))
        other = store.create(sample_record())
        assert store.load(other).id == other != run, "the child cannot create"
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
end = time.monotonic() + 60
while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < end:
    time.sleep(0.01)
if ended == (0, 0):
    os.kill(child, 9)
    os.waitpid(child, 0)
assert ended != (0, 0), "the child hangs"
assert ended[1] == 0, "the child failed; what it raised is on stderr"
length = len(store.read(run, LOSS))
store.append(run, LOSS, length, sample_points(1, length))
answer = [length, len(store.annotations(run)), len(store.ids())]
"""

_WRITE = """
for beat in range(10_000):
    store.append(run, LOSS, beat * 10, sample_points(10, beat * 10))
    store.append(run, TEXT, beat * 10, b"0123456789")
    store.save(record.but(info={"beat": beat, "again": [beat] * 100}))
    store.annotate(run, sample_annotation(beat))
    made = store.create(sample_record(info={"made": [beat] * 100}))
    blob = store.put_blob(bytes([beat % 256]) * 100_000).sha256
    tell(beat=beat, made=made, blob=blob)
"""


class FaultContract(StoreTests):
    """Faults: of a write that fails nothing is left, or all of it; whatever happened, the store goes on."""

    def test_a_source_that_fails(self, store: RunStore) -> None:
        """Of a source that cannot be read to its end nothing is kept; its error is raised."""
        data = b"x" * 2_000_000

        class Failing(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                part = super().read(min(size, 500_000) if size and size > 0 else -1)
                if self.tell() > 1_500_000:
                    raise OSError("the line is cut")
                return part

        with pytest.raises(OSError, match="the line is cut"):
            store.put_blob(Failing(data))
        assert not store.has_blob(sha256(data[:1_500_000]).hexdigest())
        assert store.put_blob(data).sha256 == sha256(data).hexdigest()
        with store.open_blob(sha256(data).hexdigest()) as file:
            assert file.read() == data

    def test_a_batch_that_cannot_be_written(self, store: RunStore, run: RunId) -> None:
        """Of a batch with something in it that no store can write nothing is added, and the next one is."""
        store.append(run, LOSS, 0, sample_points(2))
        try:
            store.append(run, LOSS, 2, [*sample_points(3, 2), Point("loss", 5, {"no": object()}, NOON.timestamp())])
        except Exception:
            assert points_of(store, run) == sample_points(2)
            assert store.streams(run) == {LOSS: 2}
            assert store.append(run, LOSS, 2, sample_points(4, 2)) == 6
        assert points_of(store, run)[:5] == sample_points(5)

    def test_a_record_that_cannot_be_written(self, store: RunStore) -> None:
        """A record with something in it that is no JSON is refused, and the old one stays."""
        record = sample_record()
        store.create(record)
        with pytest.raises(Exception):  # noqa: B017, PT011 - which one, the author of the bad record need not know
            store.save(record.but(info={"no": object()}, status=COMPLETED))
        assert store.load(record.uid).but(id=None) == record
        bad = sample_record(info={"no": object()})
        with pytest.raises(Exception):  # noqa: B017, PT011
            store.create(bad)
        assert [key.uid for key in store.ids()] == [record.uid]

    def test_closed_in_the_middle(self, store: RunStore, run: RunId) -> None:
        """Somebody may close the store while others write: they go on, and nothing is lost."""

        def act(number: int) -> None:
            for start in range(0, 40, 4):
                if number == 0:
                    store.append(run, LOSS, start, sample_points(4, start))
                elif not start % 12:
                    store.close()
                    sleep(0.02)

        at_once(act, 2)
        assert points_of(store, run) == sample_points(40)

    def test_two_objects_for_one_store(self, store: RunStore) -> None:
        """Two objects for the same store, used in turn, see what the other did and write on where it stopped."""
        skip_unless(store.capabilities.durable, "durable")
        other, record = self.reopen(store), sample_record()
        run = store.create(record)
        assert other.append(run, LOSS, 0, sample_points(3)) == 3
        assert store.append(run, LOSS, 3, sample_points(3, 3)) == 6
        assert other.append(run, LOSS, 4, sample_points(4, 4)) == 8
        assert store.append(run, TEXT, 0, b"one") == 3
        assert other.append(run, TEXT, 3, b"two") == 6
        other.save(record.but(info={"by": "other"}))
        store.annotate(run, sample_annotation("x"))
        for each in (store, other):
            assert (each.load(run).info, points_of(each, run)) == ({"by": "other"}, sample_points(8))
            assert (each.read(run, TEXT), len(each.annotations(run))) == (b"onetwo", 1)
        store.delete(run)
        with pytest.raises(RunNotFoundError):
            other.load(run)
        with pytest.raises(RunNotFoundError):
            other.append(run, LOSS, 8, sample_points(1, 8))
        other.close()

    def test_forked_children(self, store: RunStore) -> None:
        """A child that was forked may use its parent's store, and leaves it usable; where there are forks at all."""
        if not hasattr(os, "fork"):
            pytest.skip("there are no forks here")
        length, notes, runs = self.elsewhere(store, _FORK)
        if store.capabilities.durable:
            assert (length, notes, runs) == (5, 1, 2), "what the child did is not there"
        else:
            assert (length, notes, runs) == (3, 0, 1), "the memory of two processes is not one"

    def test_killed_while_writing(self, store: RunStore) -> None:
        """Of a process that is killed everything it was told is there, what was on its way wholly or not at all."""
        skip_unless(store.capabilities.durable, "durable")
        record = sample_record()
        run = store.create(record)
        task = f"run = {run!r}\nrecord = store.load(run)\n{_WRITE}"
        writer = self.in_a_process_of_its_own(store, task)
        told = [writer.told() for _ in range(self.amount(8))]
        writer.kill()
        other = self.reopen(store)
        self._check_what_was_told(other, run, told)
        self._check_that_it_goes_on(other, run)
        other.close()

    def _check_what_was_told(self, store: RunStore, run: RunId, told: list[dict[str, Any]]) -> None:
        count = len(told) * 10
        points, text = points_of(store, run), store.read(run, TEXT)
        assert points == sample_points(len(points)), "points came back changed"
        assert len(points) >= count, f"{count} points were acknowledged, {len(points)} are here"
        assert len(text) >= count, f"{count} bytes were acknowledged, {len(text)} are here"
        info = store.load(run).info
        assert info["beat"] >= len(told) - 1
        assert info["again"] == [info["beat"]] * 100
        assert len(store.annotations(run)) >= len(told)
        for each in told:
            assert store.load(each["made"]).info["made"] == [each["beat"]] * 100
            with store.open_blob(each["blob"]) as file:
                assert file.read() == bytes([each["beat"] % 256]) * 100_000

    def _check_that_it_goes_on(self, store: RunStore, run: RunId) -> None:
        assert [store.load(key.uid).id for key in store.ids()] == [key.id for key in store.ids()]
        end = len(points_of(store, run))
        assert store.append(run, LOSS, end, sample_points(3, end)) == end + 3
        text = store.streams(run)[TEXT]
        assert store.append(run, TEXT, text, b"more") == text + 4
        assert store.read(run, TEXT, text) == b"more"
        made = store.create(sample_record())
        assert store.load(made).id == made
        store.changes()
        store.sweep(grace=0)
        assert len(points_of(store, run)) == end + 3
