"""The contract of stores: streams of points and of output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import StoreError
from expkit.record.model import OUTPUT, POINTS, Point, StreamKey
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT, StoreTests, points_of

if TYPE_CHECKING:
    from expkit.stores.base import RunStore
    from expkit.types import RunId


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
        assert repr([*map(Point._make, points_of(store, run))]) == repr(points)

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
