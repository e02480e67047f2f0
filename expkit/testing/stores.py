# ruff: noqa: PLR2004 - the numbers of a test are its own
"""The contract that every store passes: subclass :class:`StoreContract` in a test module of yours.

::

    class TestMyStore(StoreContract):
        def make_store(self, folder: Path) -> RunStore:
            return MyStore(folder / "runs")

Each test says the rule it holds in its docstring. What a store cannot do it says by its capabilities, and the contract
asks no more of it; what it claims is tried.
"""

from __future__ import annotations

import io
import os
import tempfile
from hashlib import sha256
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import BlobNotFoundError, RunNotFoundError, StoreError
from expkit.record.model import COMPLETED, RUNNING, FileRef
from expkit.record.query import And, Compare, Exists, Not, Or
from expkit.testing.samples import sample_annotation, sample_lease, sample_points, sample_record
from expkit.testing.store_machine import check_beside_memory
from expkit.testing.store_tests import LOSS, StoreTests, at_once
from expkit.testing.store_writing import LeaseContract, RecordContract, StreamContract

if TYPE_CHECKING:
    from expkit.stores.base import RunStore
    from expkit.types import RunId


class BlobContract(StoreTests):
    """Bytes: known by their hash, kept as long as a run names them."""

    @pytest.mark.parametrize("data", [b"", b"hello", bytes(range(256)) * 5000])
    def test_keeps_bytes(self, store: RunStore, tmp_path: Path, data: bytes) -> None:
        """Bytes from memory, a file's path or an open file are kept once, under their sha256."""
        (tmp_path / "data").write_bytes(data)
        blobs = {store.put_blob(source) for source in (data, tmp_path / "data", io.BytesIO(data))}
        assert blobs == {(sha256(data).hexdigest(), len(data))}
        with store.open_blob(sha256(data).hexdigest()) as file:
            assert file.read() == data

    @pytest.mark.parametrize("name", ["00" * 32, "", "..", "../../etc/passwd", "zz" * 32, "AB" * 32])
    def test_unknown_bytes(self, store: RunStore, name: str) -> None:
        """What is no hash of kept bytes is not here, whatever it looks like."""
        assert not store.has_blob(name)
        with pytest.raises(BlobNotFoundError):
            store.open_blob(name)

    def test_read_in_pieces(self, store: RunStore) -> None:
        """Kept bytes may be read piece by piece, by several readers."""
        data = bytes(range(256)) * 9000
        name = store.put_blob(data).sha256
        with store.open_blob(name) as one, store.open_blob(name) as other:
            assert b"".join(iter(lambda: one.read(100_000), b"")) == data
            assert other.read(7) == data[:7]

    def test_a_file_that_changes(self, store: RunStore, tmp_path: Path) -> None:
        """A file whose bytes change, and nothing else that shows, is kept with its new bytes."""
        path = tmp_path / "weights"
        for number in range(3):
            data = bytes([number]) * 3_000_000
            path.write_bytes(data)
            os.utime(path, (10**9, 10**9))
            assert store.put_blob(path).sha256 == sha256(data).hexdigest()

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

    def test_kept_at_once(self, store: RunStore) -> None:
        """The same bytes put at once by many are kept, whole."""
        data = b"x" * 1_000_000
        assert len(set(at_once(lambda _: store.put_blob(data), 8))) == 1
        with store.open_blob(sha256(data).hexdigest()) as file:
            assert file.read() == data

    def test_sweep_keeps_what_is_named(self, store: RunStore) -> None:
        """Bytes that a record names, as file or as array, outlive every sweep."""
        file, array = store.put_blob(b"file").sha256, store.put_blob(b"array").sha256
        tree = {"weights": {"!expkit": "array", "dtype": "float64", "shape": [2000], "blob": array}}
        store.create(sample_record(config=tree, files=(FileRef(path="f", role="artifact", sha256=file, size=4),)))
        store.sweep(grace=0)
        assert store.has_blob(file)
        assert store.has_blob(array)

    def test_sweep_removes_the_rest(self, store: RunStore) -> None:
        """Bytes of deleted runs go when the grace period is over, not before."""
        blob = store.put_blob(b"file").sha256
        run_id = store.create(sample_record(files=(FileRef(path="f", role="artifact", sha256=blob, size=4),)))
        store.delete(run_id)
        store.sweep(grace=3600)
        assert store.has_blob(blob)
        sleep(0.05)  # the clock of a file system may be coarse
        assert store.sweep(grace=0) >= 1
        assert not store.has_blob(blob)


class AfterwardsContract(StoreTests):
    """Later facts, changes, deletion."""

    def test_annotations_are_in_order(self, store: RunStore, run: RunId) -> None:
        """Annotations come back whole, in order of their time; the record does not change."""
        record = store.load(run)
        later, sooner = sample_annotation({"ünï": [1]}, minutes=2), sample_annotation("x", action="tag", minutes=1)
        store.annotate(run, later)
        store.annotate(run, sooner)
        assert store.annotations(run) == [sooner, later]
        assert store.load(run) == record

    def test_annotations_are_not_lost(self, store: RunStore, run: RunId) -> None:
        """Several people who annotate at once do not lose each other's words."""
        at_once(lambda number: store.annotate(run, sample_annotation(number)), 16)
        assert {annotation.value for annotation in store.annotations(run)} == set(range(16))

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

    def test_deleted_runs_are_gone(self, store: RunStore, run: RunId) -> None:
        """A deleted run is in no list and cannot be loaded; others stay."""
        other = sample_record()
        store.create(other)
        store.append(run, LOSS, 0, sample_points(3))
        store.delete(run)
        assert [key.uid for key in store.ids()] == [other.uid]
        assert [row["uid"] for row in store.find()] == [other.uid]
        with pytest.raises(RunNotFoundError):
            store.load(run)


class FindContract(StoreTests):
    """Finding runs."""

    @pytest.fixture
    def five(self, store: RunStore) -> RunStore:
        """Five runs, of which one has no loss, and one a nested value."""
        for number in range(5):
            record = sample_record(config={"lr": 0.1 * number, "net": {"units": 2**number}}, result=5 - number)
            store.create(record, lease=sample_lease())
            if number != 2:
                store.append(record.uid, LOSS, 0, sample_points(number + 1))
        return store

    def test_rows_are_whole_records(self, store: RunStore, run: RunId) -> None:
        """Without columns a row is the record's JSON form, with id, state and later facts."""
        for action, value in [
            ("tag", "good"),
            ("untag", "first"),
            ("name", "new"),
            ("note", "why"),
            ("result", {"a": 1}),
        ]:
            store.annotate(run, sample_annotation(value, action))
        store.renew(run, sample_lease())
        (row,) = store.find()
        assert (row["id"], row["_id"], row["status"], row["state"]) == (run, run, RUNNING, "RUNNING")
        assert (row["tags"], row["name"], row["late"]) == (["good"], "new", {"a": 1})
        assert [note["text"] for note in row["notes"]] == ["why"]
        assert row["config"] == store.load(run).config

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            (None, [0, 1, 2, 3, 4]),
            (Compare("config.lr", "<", 0.15), [0, 1]),
            (Compare("config.net.units", "in", [2, 8, 99]), [1, 3]),
            (Compare("config.nothing", "!=", 1), []),
            (Not(Compare("config.nothing", "==", 1)), [0, 1, 2, 3, 4]),
            (Exists("metrics.loss.last"), [0, 1, 3, 4]),
            (Compare("metrics.loss.count", ">=", 4), [3, 4]),
            (And(Compare("result", "<=", 3), Compare("state", "==", "RUNNING")), [2, 3, 4]),
            (Or(Compare("result", "==", 5), Compare("result", "==", 1)), [0, 4]),
            (Compare("name", "like", "SAM%"), [0, 1, 2, 3, 4]),
            (Compare("tags", "contains", "first"), [0, 1, 2, 3, 4]),
        ],
    )
    def test_queries(self, five: RunStore, query: Any, found: list[int]) -> None:
        """A query finds the runs that match, and no others, in order of creation."""
        assert [5 - row["result"] for row in five.find(query)] == found

    def test_columns(self, five: RunStore) -> None:
        """With columns a row has exactly these; what a run lacks is None."""
        rows = list(five.find(columns=["config.net.units", "metrics.loss.min", "metrics.loss.max"]))
        assert rows[1] == {"config.net.units": 2, "metrics.loss.min": 0.5, "metrics.loss.max": 1.0}
        assert rows[2] == {"config.net.units": 4, "metrics.loss.min": None, "metrics.loss.max": None}

    def test_order_and_limit(self, five: RunStore) -> None:
        """Rows are ordered by fields, also descending, missing values last; then they are counted."""
        by_loss = [row["result"] for row in five.find(columns=["result"], order=["metrics.loss.last"])]
        assert by_loss == [1, 2, 4, 5, 3]
        best = [row["result"] for row in five.find(columns=["result"], order=["-metrics.loss.last"], limit=2)]
        assert best == [5, 4]

    def test_many_orders(self, five: RunStore) -> None:
        """The first field of an order counts most."""
        five.create(sample_record(name="a", result=9))
        names = [row["result"] for row in five.find(columns=["result"], order=["name", "result"])]
        assert names == [9, 1, 2, 3, 4, 5]


class HonestyContract(StoreTests):
    """Claims: what the capability flags say is true.

    Attributes:
        examples: how many stores are driven beside the memory store.
    """

    examples = 15

    def test_counts_means_numbers(self, store: RunStore) -> None:
        """A store that counts gives consecutive numbers, also to several at once; one that does not gives unique ids."""
        ids = [str(found) for found in at_once(lambda _: store.create(sample_record()), 8)]
        assert len(set(ids)) == 8
        if store.capabilities.counts:
            assert sorted(map(int, ids)) == list(range(1, 9))
        else:
            assert all(found.partition("-")[0].isdecimal() for found in ids)

    def test_durable_means_reopened(self, store: RunStore) -> None:
        """What a durable store acknowledged, another object for the same store has."""
        if not store.capabilities.durable:
            return
        record = sample_record()
        run_id = store.create(record)
        store.append(run_id, LOSS, 0, sample_points(3))
        store.annotate(run_id, sample_annotation("x"))
        blob = store.put_blob(b"bytes")
        other = self.reopen(store)
        assert other.load(record.uid) == record.but(id=run_id)
        assert list(other.read(run_id, LOSS)) == sample_points(3)
        assert (len(other.annotations(run_id)), other.has_blob(blob.sha256)) == (1, True)
        other.close()

    def test_shared_means_several_writers(self, store: RunStore) -> None:
        """Several objects for the same shared store claim different ids, lose nothing and see each other's changes."""
        if not store.capabilities.shared:
            return
        stores = [store] + [self.reopen(store) for _ in range(3)]
        ids = at_once(lambda number: stores[number % 4].create(sample_record()), 24)
        assert len(set(ids)) == len(store.ids()) == len(stores[1].ids()) == 24
        assert all(len(each.changes()[0]) == 24 for each in stores)
        for other in stores[1:]:
            other.close()

    def test_behaves_like_memory(self) -> None:
        """Whatever is done to it, in whatever order, a store answers like the memory store."""
        with tempfile.TemporaryDirectory() as folder:
            check_beside_memory(self.make_store, Path(folder), self.examples)


class StoreContract(
    RecordContract, StreamContract, LeaseContract, BlobContract, AfterwardsContract, FindContract, HonestyContract
):
    """Everything that a store must do; the class to subclass."""
