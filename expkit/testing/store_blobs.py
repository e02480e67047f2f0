"""The contract of stores: bytes, and how long they stay."""

from __future__ import annotations

import io
import os
from hashlib import sha256
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import BlobNotFoundError
from expkit.record.model import FileRef
from expkit.testing.samples import sample_annotation, sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT, StoreTests

if TYPE_CHECKING:
    from pathlib import Path

    from expkit.stores.base import RunStore
    from expkit.types import RunId

_COARSE = 0.05
"""Seconds after which a file is older than one that is made now: the clock of a file system may be coarse."""

_TREES = ("config", "info", "result", "host", "experiment", "meta")


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

    def test_unknown_bytes(self, store: RunStore) -> None:
        """What is no hash of kept bytes is not here, whatever it looks like."""
        kept = store.put_blob(b"kept").sha256
        for name in ("00" * 32, "", "..", "../../etc/passwd", "zz" * 32, kept.upper(), kept[:-1], kept + "0", "\0"):
            assert not store.has_blob(name), f"{name!r} is here"
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

    def test_kept_once(self, store: RunStore, tmp_path: Path) -> None:
        """Bytes that are here already are not kept a second time: one sweep of them removes one."""
        data = b"w" * 300_000
        (tmp_path / "weights").write_bytes(data)
        for source in (data, tmp_path / "weights", io.BytesIO(data)):
            store.put_blob(source)
        sleep(_COARSE)
        assert store.sweep(grace=0) == 1
        assert not store.has_blob(sha256(data).hexdigest())

    def test_reading_is_seeking(self, store: RunStore) -> None:
        """Whoever opens kept bytes may skip about in them, as in a file."""
        data = bytes(range(256)) * 3000
        with store.open_blob(store.put_blob(data).sha256) as file:
            if not file.seekable():
                assert file.read() == data
                return
            for place in (500_000, 0, 767_999, 123):
                file.seek(place)
                assert file.read(10) == data[place : place + 10]


class SweepContract(StoreTests):
    """Sweeping: bytes stay as long as a run names them, wherever it does."""

    def test_what_a_record_names(self, store: RunStore) -> None:
        """Bytes outlive every sweep that a record names: as kept file, or as array anywhere in its trees."""
        kept = {place: store.put_blob(place.encode()).sha256 for place in (*_TREES, "artifact")}
        trees = {name: {"deep": [{"weights": _array(kept[name])}]} for name in _TREES}
        store.create(sample_record(**trees, files=(_artifact(kept["artifact"]),)))
        store.put_blob(b"nobody's")
        sleep(_COARSE)
        assert store.sweep(grace=0) == 1
        assert [place for place, name in kept.items() if not store.has_blob(name)] == []

    def test_what_later_facts_name(self, store: RunStore, run: RunId) -> None:
        """Bytes outlive every sweep that only a later fact names: a late result with an array, say."""
        late, early = store.put_blob(b"late weights").sha256, store.put_blob(b"early weights").sha256
        store.annotate(run, sample_annotation({"best": [_array(early)]}, action="result"))
        store.annotate(run, sample_annotation({"best": [_array(late)]}, action="result", minutes=1))
        sleep(_COARSE)
        store.sweep(grace=0)
        assert store.has_blob(late), "the bytes of the late result were swept away"
        assert store.has_blob(early), "the bytes of a result that was said before were swept away"

    def test_what_other_runs_name(self, store: RunStore) -> None:
        """Bytes that two runs name stay until both are gone."""
        blob = store.put_blob(b"shared").sha256
        one, other = (store.create(sample_record(files=(_artifact(blob),))) for _ in range(2))
        store.delete(one)
        sleep(_COARSE)
        store.sweep(grace=0)
        assert store.has_blob(blob)
        store.delete(other)
        sleep(_COARSE)
        assert store.sweep(grace=0) >= 1
        assert not store.has_blob(blob)

    def test_what_a_record_names_no_more(self, store: RunStore) -> None:
        """Bytes that a record named before it was saved anew, and names no more, go."""
        blob = store.put_blob(b"first guess").sha256
        record = sample_record(info={"guess": _array(blob)})
        store.create(record)
        store.save(record.but(info={}))
        sleep(_COARSE)
        assert store.sweep(grace=0) >= 1
        assert not store.has_blob(blob)

    def test_grace(self, store: RunStore) -> None:
        """Bytes that nobody names stay while they are younger than the grace period; they may belong to a run to come."""
        blob = store.put_blob(b"file").sha256
        store.delete(store.create(sample_record(files=(_artifact(blob),))))
        store.sweep(grace=3600)
        assert store.has_blob(blob)
        sleep(_COARSE)
        assert store.sweep(grace=0) >= 1
        assert not store.has_blob(blob)

    def test_dry_run(self, store: RunStore) -> None:
        """A dry run tells how many would go, and removes nothing."""
        kept = store.put_blob(b"kept").sha256
        store.create(sample_record(files=(_artifact(kept),)))
        blob = store.put_blob(b"file").sha256
        sleep(_COARSE)
        assert store.sweep(grace=0, dry_run=True) >= 1
        assert store.has_blob(blob), "the dry run removed it"
        assert store.sweep(grace=3600, dry_run=True) == 0
        assert store.sweep(grace=0, dry_run=True) == store.sweep(grace=0)
        assert (store.has_blob(blob), store.has_blob(kept)) == (False, True)

    def test_streams_stay(self, store: RunStore, run: RunId) -> None:
        """A sweep leaves runs as they are: records, streams, leases, later facts."""
        store.append(run, LOSS, 0, sample_points(3))
        store.append(run, TEXT, 0, b"hello")
        store.annotate(run, sample_annotation("x"))
        before = store.load(run)
        sleep(_COARSE)
        store.sweep(grace=0)
        assert (store.load(run), store.annotations(run)) == (before, [sample_annotation("x")])
        assert (store.read(run, LOSS), store.read(run, TEXT)) == (sample_points(3), b"hello")


def _artifact(sha256: str) -> FileRef:
    return FileRef(path="f", role="artifact", sha256=sha256, size=4)


def _array(sha256: str) -> Any:
    return {"!expkit": "array", "dtype": "float64", "shape": [2000], "blob": sha256}
