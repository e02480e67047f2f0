# ruff: noqa: PLR2004 - the numbers of a test are its own
"""The contract of stores: later facts, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from expkit.errors import StoreError
from expkit.record.model import COMPLETED, QUEUED, RUNNING
from expkit.testing.samples import AWKWARD, sample_annotation, sample_lease, sample_points, sample_record
from expkit.testing.store_tests import LOSS, StoreTests

if TYPE_CHECKING:
    from expkit.stores.base import RunStore
    from expkit.types import RunId


class AnnotationContract(StoreTests):
    """Annotations: what people say later, beside a record that stays as it is."""

    def test_none_at_first(self, store: RunStore, run: RunId) -> None:
        """Of a new run nobody has said anything."""
        assert store.annotations(run) == []

    def test_are_in_order(self, store: RunStore, run: RunId) -> None:
        """Annotations come back whole, in order of their time; the record does not change."""
        record = store.load(run)
        later, sooner = sample_annotation({"ünï": [1]}, minutes=2), sample_annotation("x", action="tag", minutes=1)
        store.annotate(run, later)
        store.annotate(run, sooner)
        assert store.annotations(run) == [sooner, later]
        assert store.load(run) == record

    def test_any_value(self, store: RunStore, run: RunId) -> None:
        """The value of an annotation may be any JSON: odd keys, numbers of any size, long texts."""
        said = sample_annotation(AWKWARD, action="result").but(author="ü \0 $")
        store.annotate(run, said)
        assert store.annotations(run) == [said]

    def test_told_twice(self, store: RunStore, run: RunId) -> None:
        """A fact that comes twice, from two who copy a run at once, say, is there once; what differs in anything stays."""
        said = sample_annotation(1, action="result")
        others = [said.but(value=True), said.but(author="else"), said.but(action="note")]
        for each in (said, *others, said):
            store.annotate(run, each)
        assert repr(store.annotations(run)) == repr([said, *others])

    def test_outlive_the_record(self, store: RunStore) -> None:
        """A record that is saved later, and a run that is resumed, take no annotations away."""
        record = sample_record()
        run = store.create(record)
        store.annotate(run, sample_annotation("x"))
        store.save(record.but(status=COMPLETED, result=1))
        store.save(record.but(segment=1))
        assert store.annotations(run) == [sample_annotation("x")]

    def test_belong_to_one_run(self, store: RunStore, run: RunId) -> None:
        """What is said of one run is said of no other."""
        other = store.create(sample_record())
        store.annotate(run, sample_annotation("one"))
        assert (store.annotations(other), len(store.annotations(run))) == ([], 1)


class ChangeContract(StoreTests):
    """Changes: everything that happens to runs, told in order to whoever asks again and again."""

    def test_changes_tell_what_happened(self, store: RunStore) -> None:
        """Creating, saving, annotating, resuming and deleting are told, in order."""
        record = sample_record()
        store.create(record)
        store.save(record.but(status=COMPLETED))
        store.annotate(record.uid, sample_annotation("x"))
        store.save(record.but(segment=1))
        store.delete(record.uid)
        changes, _ = store.changes()
        assert [(change.uid, change.what) for change in changes] == [
            (record.uid, what) for what in ("created", "saved", "annotated", "resumed", "deleted")
        ]

    @pytest.mark.usefixtures("run")
    def test_changes_since(self, store: RunStore) -> None:
        """Who asks with the last cursor is told of what is new, once."""
        _, cursor = store.changes()
        assert store.changes(cursor) == ([], cursor)
        other = sample_record()
        store.create(other)
        news, cursor = store.changes(cursor)
        assert [(change.uid, change.what) for change in news] == [(other.uid, "created")]
        assert store.changes(cursor)[0] == []

    def test_bad_cursors_are_refused(self, store: RunStore) -> None:
        """What is no cursor of this store is an error."""
        with pytest.raises(StoreError):
            store.changes("the day before yesterday")

    def test_what_is_no_change(self, store: RunStore) -> None:
        """Streams, leases and a run that is created again are no changes of the run."""
        record = sample_record()
        store.create(record)
        store.append(record.uid, LOSS, 0, sample_points(2))
        store.renew(record.uid, sample_lease())
        store.create(record)
        assert [change.what for change in store.changes()[0]] == ["created"]

    def test_a_status_is_a_change(self, store: RunStore) -> None:
        """A status that was set is told as the saving of a record; one that was not set is no change."""
        run = store.create(sample_record(status=QUEUED))
        store.set_status(run, RUNNING, COMPLETED)
        store.set_status(run, QUEUED, RUNNING)
        assert [change.what for change in store.changes()[0]] == ["created", "saved"]

    def test_times_of_changes(self, store: RunStore) -> None:
        """Changes have the time of the store's clock, with its zone."""
        before = store.now()
        store.create(sample_record())
        ((change,), _) = store.changes()
        assert abs((change.time - before).total_seconds()) < 60
