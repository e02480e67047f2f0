# ruff: noqa: PLR2004 - the numbers of a test are its own
"""The contract of stores: many at once, in threads and in processes, and readers in between."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from expkit.record.model import POINTS, QUEUED, RUNNING, StreamKey
from expkit.testing.samples import sample_annotation, sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT, StoreTests, at_once, points_of, skip_unless

if TYPE_CHECKING:
    from expkit.stores.base import RunStore
    from expkit.types import RunId


class ThreadContract(StoreTests):
    """One object, used by several threads at once."""

    def test_ids_are_claimed_by_one(self, store: RunStore) -> None:
        """Runs created at once get different ids, and none is lost."""
        count = self.amount(16)
        ids = at_once(lambda _: store.create(sample_record()), count)
        assert len(set(ids)) == len(store.ids()) == count

    def test_one_run_created_by_many(self, store: RunStore) -> None:
        """A run that several create at once is there once, under one id."""
        record = sample_record()
        assert len(set(at_once(lambda _: store.create(record), self.amount(8)))) == 1
        assert len(store.ids()) == 1

    def test_one_starter_wins(self, store: RunStore) -> None:
        """Of several that start a queued run at once exactly one succeeds."""
        run_id = store.create(sample_record(status=QUEUED))
        count = self.amount(8)
        won = at_once(lambda _: store.set_status(run_id, QUEUED, RUNNING), count)
        assert sorted(won) == [False] * (count - 1) + [True]

    def test_annotations_are_not_lost(self, store: RunStore, run: RunId) -> None:
        """Several people who annotate at once do not lose each other's words."""
        count = self.amount(16)
        at_once(lambda number: store.annotate(run, sample_annotation(number)), count)
        assert {annotation.value for annotation in store.annotations(run)} == set(range(count))

    def test_streams_grow_at_once(self, store: RunStore, run: RunId) -> None:
        """Streams of one run that grow at once, each by its own writer, are whole and apart."""
        count = self.amount(4)

        def write(rank: int) -> None:
            for start in range(0, 60, 20):
                store.append(run, StreamKey(POINTS, 0, rank), start, sample_points(20, start, f"m{rank}"))

        at_once(write, count)
        for rank in range(count):
            assert store.read(run, StreamKey(POINTS, 0, rank)) == sample_points(60, 0, f"m{rank}")

    def test_the_same_appended_at_once(self, store: RunStore, run: RunId) -> None:
        """Items that two deliver at once (one believed dead, say) are there once, in order."""
        points = sample_points(40)

        def write(_: int) -> None:
            for start in range(0, 40, 10):
                store.append(run, LOSS, start, points[start : start + 10])

        at_once(write, 3)
        assert (store.read(run, LOSS), store.streams(run)) == (points, {LOSS: 40})

    def test_bytes_kept_at_once(self, store: RunStore) -> None:
        """The same bytes put at once by many are kept, whole."""
        data = b"x" * 1_000_000
        assert len(set(at_once(lambda _: store.put_blob(data), self.amount(8)))) == 1
        with store.open_blob(sha256(data).hexdigest()) as file:
            assert file.read() == data


class ReaderContract(StoreTests):
    """Reading while somebody writes."""

    def test_readers_meet_whole_records(self, store: RunStore) -> None:
        """Who reads while somebody saves gets the old or the new record, never a mixture or half of one."""
        record = sample_record()
        run_id = store.create(record)
        seen: list[Any] = []

        def act(number: int) -> None:
            for count in range(self.amount(40)):
                if number == 0:
                    store.save(record.but(info={"count": count, "again": [count] * 1000}))
                else:
                    seen.append(store.load(run_id).info)

        at_once(act, 3)
        assert all("again" not in info or set(info["again"]) == {info["count"]} for info in seen)

    def test_readers_meet_a_prefix(self, store: RunStore, run: RunId) -> None:
        """Who reads while somebody appends sees a prefix, whole items only."""
        points, text = sample_points(200), b"0123456789" * 200
        seen: list[Any] = []
        step = 200 // self.amount(40)

        def act(number: int) -> None:
            for start in range(0, 200, step):
                if number == 0:
                    store.append(run, LOSS, start, points[start : start + step])
                    store.append(run, TEXT, start * 10, text[start * 10 : (start + step) * 10])
                else:
                    seen.append((points_of(store, run), store.read(run, TEXT)))

        at_once(act, 3)
        assert all(some == points[: len(some)] and text.startswith(bytes(part)) for some, part in seen)

    def test_listing_while_runs_come_and_go(self, store: RunStore, run: RunId) -> None:
        """Who lists and searches while runs are created and deleted meets whole ones, and those that stay each time."""
        uid = store.load(run).uid
        seen: list[Any] = []

        def act(number: int) -> None:
            for _ in range(self.amount(10)):
                if number == 0:
                    store.delete(store.create(sample_record()))
                else:
                    rows = list(store.find(columns=["uid", "status", "config.lr"]))
                    seen.append(([key.uid for key in store.ids()], rows))

        at_once(act, 2)
        assert all(uid in uids and uid in [row["uid"] for row in rows] for uids, rows in seen)
        assert all(row["config.lr"] == 0.1 for _, rows in seen for row in rows if row["uid"] == uid)


_BUSY = """
made = [store.create(sample_record()) for _ in range(each)]
for run in made:
    for start in range(0, 20, 10):
        store.append(run, LOSS, start, sample_points(10, start))
store.annotate(shared, sample_annotation(number))
store.append(shared, StreamKey(POINTS, 0, number), 0, sample_points(5, 0, f"m{number}"))
won = store.set_status(shared, QUEUED, RUNNING)
blob = store.put_blob(b"the same" * 1000).sha256
answer = [[str(run) for run in made], won, blob]
"""


_SAME = """
import time
points, text, end, offset = sample_points(total), bytes(range(250)) * total, 0, 0
store.annotate(run, sample_annotation(number))
while len(store.annotations(run)) < count:
    time.sleep(0.005)
while end < total:
    end = store.append(run, LOSS, end, points[end : end + 20 + 7 * number])
    offset = store.append(run, TEXT, offset, text[offset : offset + 5000 + 777 * number])
answer = end
"""


class ProcessContract(StoreTests):
    """Several processes at once, where the store claims that they may."""

    def test_one_stream_from_several_processes(self, store: RunStore, run: RunId) -> None:
        """What several processes append to one stream at once is there once, in order, and can be read; none fails."""
        skip_unless(store.capabilities.shared, "shared")
        count, total = 3, 25 * self.amount(40)
        task = f"run, count, total = {run!r}, {count}, {total}\n{_SAME}"
        assert self.in_processes(store, task, count) == [total] * count
        assert store.streams(run)[LOSS] == total
        assert store.read(run, LOSS) == sample_points(total)
        text = store.read(run, TEXT)
        assert text == (bytes(range(250)) * total)[: len(text)]

    def test_one_stream_from_several_objects(self, store: RunStore, run: RunId) -> None:
        """The same holds for several objects of one store in one process."""
        skip_unless(store.capabilities.shared, "shared")
        stores, points = [store, self.reopen(store)], sample_points(10 * self.amount(40))

        def write(number: int) -> None:
            end = 0
            while end < len(points):
                end = stores[number].append(run, LOSS, end, points[end : end + 10 + 3 * number])

        at_once(write, 2)
        assert [each.streams(run) for each in stores] == [{LOSS: len(points)}] * 2
        assert [each.read(run, LOSS) for each in stores] == [points] * 2
        stores[1].close()

    def test_processes_at_once(self, store: RunStore) -> None:
        """Several processes that create runs, append, annotate, start a queued run and keep bytes lose nothing of each other's."""
        skip_unless(store.capabilities.shared, "shared")
        shared, count, each = store.create(sample_record(status=QUEUED)), 3, self.amount(5)
        task = f"shared, each = {shared!r}, {each}\n{_BUSY}"
        answers = self.in_processes(store, task, count)
        made = [run for runs, _, _ in answers for run in runs]
        assert len(set(made)) == count * each
        assert sorted(won for _, won, _ in answers) == [False, False, True], "not exactly one started the queued run"
        if store.capabilities.counts:
            assert sorted(map(int, made)) == list(range(int(shared) + 1, int(shared) + 1 + count * each))
        assert {str(key.id) for key in store.ids()} == {str(shared), *made}
        assert [store.read(run, LOSS) == sample_points(20) for run in made] == [True] * len(made)
        assert sorted(note.value for note in store.annotations(shared)) == list(range(count))
        assert len(store.streams(shared)) == count
        assert len([change for change in store.changes()[0] if change.what == "created"]) == count * each + 1
        assert {store.has_blob(blob) for _, _, blob in answers} == {True}

    def test_what_others_write_is_seen(self, store: RunStore, run: RunId) -> None:
        """What another process writes is seen here at once, though this object has read the run before."""
        skip_unless(store.capabilities.shared, "shared")
        before = (store.load(run), store.streams(run), store.annotations(run), store.lease(run), store.changes()[1])
        self.elsewhere(
            store,
            f"run = {run!r}\nstore.append(run, LOSS, 0, sample_points(3))\nstore.annotate(run, sample_annotation('x'))\n"
            "store.renew(run, sample_lease())\nstore.save(store.load(run).but(info={'theirs': 1}, status=COMPLETED))",
        )
        assert (store.load(run).info, store.load(run).status) == ({"theirs": 1}, "COMPLETED")
        assert store.streams(run) == {LOSS: 3}
        assert store.annotations(run) == [sample_annotation("x")]
        assert store.lease(run) is not None
        assert sorted(change.what for change in store.changes(before[4])[0]) == ["annotated", "saved"]
        assert store.append(run, LOSS, 3, sample_points(2, 3)) == 5
