"""Metrics and output of runs as streams: added at offsets, read from offsets."""

from __future__ import annotations

import os
import threading
from binascii import crc32
from typing import TYPE_CHECKING

from expkit.record.model import OUTPUT, StreamKey
from expkit.stores.disk import files, output, slots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.record.model import Point
    from expkit.stores.base import Batch
    from expkit.stores.disk.layout import RunLayout
    from expkit.stores.disk.point_reader import Columns, PointReader, Series

_READERS = 64
_LOCKS = 64
_NUMBERS = (float, int)


class Streams:
    """Keeps a reader per file of points, so that reading on costs only what is new.

    Args:
        locks: folder for the files by which those who append know of each other; made with the first one.
    """

    def __init__(self, locks: str) -> None:
        self._locks = locks
        self._readers: dict[str, PointReader] = {}
        self._lock = threading.Lock()

    def ends(self, run: RunLayout) -> dict[StreamKey, int]:
        """The streams of a run and their present ends."""
        return {key: self._end(key, path) for key, path in run.streams()}

    def read(self, run: RunLayout, stream: StreamKey, offset: int, limit: int | None) -> Batch:
        """Items from ``offset`` on, at most ``limit``."""
        if stream.content == OUTPUT:
            return output.read(run.stream(stream), offset, limit)
        path = run.stream(stream)
        return self._reader(path).read(offset, limit) if os.path.isfile(path) else []  # a pipe would never end

    def columns(self, run: RunLayout, stream: StreamKey) -> Mapping[Series, Columns]:
        """All points of a stream by series; needs NumPy."""
        from expkit.stores.disk.point_arrays import columns

        path = run.stream(stream)
        return columns(self._reader(path)) if os.path.isfile(path) else {}

    def append(self, run: RunLayout, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add what is new in ``batch``; return the new end.

        Raises:
            StoreError: ``offset`` would leave a gap, or there are no streams of this content.
        """
        from expkit.stores.disk.locking import alone
        from expkit.stores.rules import check_stream

        check_stream(stream)
        with alone(self._lock_of(run, stream)):  # else of two who deliver the same both would find that it is new
            return self._append(run, stream, offset, batch)

    def _append(self, run: RunLayout, stream: StreamKey, offset: int, batch: Batch) -> int:
        from expkit.stores.rules import check_offset

        path = run.stream(stream)
        end = self._end(stream, path)
        check_offset(run.id, stream, offset, end)
        if new := batch[end - offset :]:
            self._add(path, end, new)
        return max(end, offset + len(batch))

    def drop(self) -> None:
        """Let go of all readers."""
        with self._lock:
            self._readers.clear()

    def _lock_of(self, run: RunLayout, stream: StreamKey) -> str:
        """The file that stands for a stream: a few serve all, so that nobody need ever remove one."""
        if not os.path.isdir(self._locks):
            os.makedirs(self._locks, exist_ok=True)
        name = f"{run.id}/{os.path.basename(run.stream(stream))}"
        return f"{self._locks}/{crc32(os.fsencode(name)) % _LOCKS}"

    def _add(self, path: str, end: int, new: Batch) -> None:
        if isinstance(new, bytes):
            files.write_at(path, end, new)
            return
        from expkit.stores.disk.points import PointWriter

        _check(new)
        writer = PointWriter(path, reader=self._reader(path))  # which knows the file, however long it is
        try:
            writer.add_many(new)
        finally:
            writer.close()

    def _end(self, stream: StreamKey, path: str) -> int:
        if stream.content == OUTPUT:
            return output.size(path)
        return self._reader(path).count()

    def _reader(self, path: str) -> PointReader:
        from expkit.stores.disk.point_reader import PointReader

        with self._lock:
            reader = self._readers.pop(path, None) or PointReader(path)
            self._readers[path] = reader  # the least recently used comes first
            if len(self._readers) > _READERS:
                del self._readers[next(iter(self._readers))]
            return reader


def _check(points: Sequence[Point]) -> None:
    """Raise for a point that cannot be written, before anything of its batch is."""
    for _, step, value, *_ in points:
        if type(step) not in _NUMBERS or type(value) not in _NUMBERS:
            slots.pack_point(0, step, value, 0.0)
