"""Reading packed points (:mod:`expkit.stores.disk.slots`): :class:`PointReader`."""

from __future__ import annotations

import json
import os
import threading
from binascii import crc32
from bisect import bisect_right
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import FormatError
from expkit.record.model import Point
from expkit.stores.disk import slots
from expkit.stores.disk.slots import SLOT
from expkit.stores.disk.text import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO

BLOCK = 2048 * SLOT
_STEP_IS_BINARY = frozenset((slots.INT_JSON, slots.FLOAT_JSON))
_USUAL_TYPE = bytes(byte & 15 == slots.INT_FLOAT for byte in range(256))
_PLAIN_TYPES = bytes(1 <= byte & 15 <= slots.LAST_PLAIN for byte in range(256))


class Series(NamedTuple):
    """What a series number stands for."""

    name: str
    tags: tuple[tuple[str, str], ...] = ()
    kind: str = "scalar"


class Columns(NamedTuple):
    """All points of one series, column by column."""

    steps: list[Any]
    values: list[Any]
    times: list[float]


class Span(NamedTuple):
    """Whole records that lie side by side: plain points, or one record with (or without) a payload.

    Attributes:
        kind: type of the record; 0 for plain points of any type.
        points: how many points.
        data: the bytes.
    """

    kind: int
    points: int
    data: bytes


class Names(dict[int, Series]):
    """What the numbers of series stand for."""

    def __missing__(self, number: int) -> Series:
        raise FormatError(f"it is damaged: it has a point of series {number}, and nothing says what that is")


class PointReader:
    """Reads a file of packed points, also while it grows; safe to share between threads.

    Going on where one stopped costs no more than what is new. No file is held open between calls.

    Args:
        path: the file; while there is none, there are no points.

    Attributes:
        path: see above.

    Raises:
        FormatError: (when reading) the file is damaged, of another format or a later version.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._lock = threading.Lock()
        self._series = Names()
        self._points = 0
        self._end = 0
        # where to start for the n-th point: numbers of points, and the places of those points
        self._marks: list[int] = [0]
        self._places: list[int] = [SLOT]

    def count(self) -> int:
        """How many points there are now."""
        with self._looking():
            return self._points

    def end(self) -> int:
        """Where the next record belongs: bytes before it are whole records."""
        with self._looking():
            return self._end

    def series(self) -> Names:
        """What was named up to :meth:`end`."""
        with self._lock:
            return Names(self._series)

    def last_number(self) -> int:
        """The highest number of a series up to :meth:`end`."""
        return max(self.series(), default=0)

    def read(self, offset: int = 0, limit: int | None = None) -> list[Point]:
        """Points from number ``offset`` on, at most ``limit``, in the order in which they were logged."""
        with self._looking():
            stop = self._points if limit is None else min(self._points, offset + limit)
            found: list[Point] = []
            for span in self._spans(offset, stop):
                found += _points(span, self._series)
            return found

    def columns(self, offset: int = 0) -> dict[Series, Columns]:
        """Points from number ``offset`` on by series; faster than :meth:`read` where no single points are needed."""
        columns: dict[Series, Columns] = {}
        with self._looking():
            for span in self._spans(offset, self._points):
                for head, step, value, time in _rows(span):
                    series = self._series[head >> 4]
                    found = columns.get(series) or columns.setdefault(series, Columns([], [], []))
                    found.steps.append(step)
                    found.values.append(value)
                    found.times.append(time)
        return columns

    def plain(self) -> bytes | None:
        """The slots of all points, if every point is plain numbers; else None."""
        found: list[bytes] = []
        with self._looking():
            for span in self._spans(0, self._points):
                if span.kind:
                    return None
                found.append(span.data)
        return b"".join(found)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Know all records that are there now; whatever is wrong with the file is an error that names it."""
        with self._lock, reading(self.path):
            self._scan()
            yield

    def _scan(self) -> None:
        """Take note of records that are new since the last time."""
        try:
            file = open(self.path, "rb", buffering=0)  # noqa: SIM115
        except FileNotFoundError:
            return
        with file:
            if not self._end:
                if not _check_magic(file.read(SLOT)):
                    return
                self._end = SLOT
            for span in _records(file, self._end):
                if span.kind == slots.SERIES:
                    self._series[_head(span.data) >> 4] = _series(span.data)
                self._points += span.points
                self._end += len(span.data)
                if self._end - self._places[-1] >= BLOCK:
                    self._marks.append(self._points)
                    self._places.append(self._end)

    def _spans(self, start: int, stop: int) -> Iterator[Span]:
        """The points from number ``start`` to ``stop``."""
        if start >= stop:
            return
        mark = bisect_right(self._marks, start) - 1
        number = self._marks[mark]
        with open(self.path, "rb", buffering=0) as file:
            for span in _records(file, self._places[mark], self._end):
                cut = _cut(span, start - number, stop - number)
                number += span.points
                if cut.points:
                    yield cut
                if number >= stop:
                    return


def points_in(data: bytes) -> list[Point]:
    """The points of whole records that lie in memory, each series being named before its points.

    Raises:
        FormatError: they are damaged.
    """
    series = Names()
    found: list[Point] = []
    for span in _split(data):
        if span.kind == slots.SERIES:
            series[_head(span.data) >> 4] = _series(span.data)
        elif span.points:
            found += _points(span, series)
    return found


def _check_magic(start: bytes) -> bool:
    """Whether the file has begun; raises for files that are no such file."""
    if slots.MAGIC.startswith(start.rstrip(b"\0")):
        return start == slots.MAGIC
    if start.startswith(slots.MAGIC_START):
        found = start[len(slots.MAGIC_START) :].decode("ascii", "replace").strip()
        raise FormatError(f"points of format {found}; this version of expkit reads format 1: update expkit")
    raise FormatError("not a file of packed metric points")


def _records(file: FileIO, place: int, end: int | None = None) -> Iterator[Span]:
    """Whole records from ``place`` on, up to the first that is not whole."""
    stop = os.fstat(file.fileno()).st_size if end is None else end
    size = BLOCK
    while place < stop:
        file.seek(place)
        data = file.read(min(size, stop - place))
        done = 0
        for span in _split(data):
            done += len(span.data)
            yield span
        size = BLOCK if done else _size_of_first(data)
        place += done
        if not done and not len(data) < size <= stop - place:
            return


def _size_of_first(data: bytes) -> int:
    """Bytes of the record at the beginning, which may be cut off."""
    return slots.size_of(data) if len(data) >= SLOT and data[:4] == data[28:SLOT] else 0


def _split(data: bytes) -> Iterator[Span]:
    """Spans of whole records, up to the first that is none or is cut off."""
    length = len(data) // SLOT * SLOT
    plain = data[:length:SLOT].translate(_PLAIN_TYPES)
    place = 0
    while place < length:
        stop = _end_of_plain(data, plain, place)
        if stop > place:
            yield Span(0, (stop - place) // SLOT, data[place:stop])
            place = stop
            continue
        stop += slots.size_of(data[place : place + SLOT])
        if not _is_whole(data[place:stop], stop - place):
            return
        kind = data[place] & 15
        yield Span(kind, int(kind < slots.SERIES), data[place:stop])
        place = stop


def _end_of_plain(data: bytes, plain: bytes, place: int) -> int:
    """Where the plain points end that begin at ``place``; slots are not looked at one by one, as long as none is torn.

    Args:
        data: slots.
        plain: for each of them whether its type is that of a plain point.
        place: where a record begins.
    """
    found = plain.find(0, place // SLOT)
    stop = (found if found >= 0 else len(plain)) * SLOT
    if all(data[place + byte : stop : SLOT] == data[place + 28 + byte : stop : SLOT] for byte in range(4)):
        return stop
    return next(torn for torn in range(place, stop, SLOT) if data[torn : torn + 4] != data[torn + 28 : torn + SLOT])


def _is_whole(record: bytes, size: int) -> bool:
    """Whether these are the ``size`` bytes of a record that is no plain point."""
    if len(record) < size or record[:4] != record[28:SLOT]:
        return False
    kind = record[0] & 15
    if kind in slots.PAYLOAD:
        return crc32(_text(record)) == int.from_bytes(record[4:8], "little")
    return kind == slots.FILLER


def _cut(span: Span, start: int, stop: int) -> Span:
    """The points of a span from number ``start`` to ``stop``."""
    start, stop = max(start, 0), min(stop, span.points)
    if start >= stop:
        return Span(span.kind, 0, b"")
    if (start, stop) == (0, span.points):
        return span
    return Span(0, stop - start, span.data[start * SLOT : stop * SLOT])


def _points(span: Span, series: Names) -> list[Point]:
    made = []
    new = tuple.__new__
    for head, step, value, time in _rows(span):
        name, tags, kind = series[head >> 4]
        made.append(new(Point, (name, step, value, time, tags, kind)))
    return made


def _rows(span: Span) -> Iterable[tuple[int, Any, Any, float]]:
    """Head, step, value and time of each point."""
    if span.kind:
        return (_payload_row(span),)
    if 0 in span.data[::SLOT].translate(_USUAL_TYPE):
        return _mixed_rows(span.data)
    return slots.usual_rows.iter_unpack(span.data)


def _mixed_rows(data: bytes) -> Iterator[tuple[int, Any, Any, float]]:
    for place, (head, step, value, time) in enumerate(slots.usual_rows.iter_unpack(data)):
        kind = head & 15
        if kind == slots.INT_FLOAT:
            yield head, step, value, time
        else:
            yield head, *slots.PLAIN[kind].unpack_from(data, place * SLOT), time


def _payload_row(span: Span) -> tuple[int, Any, Any, float]:
    head, _, binary, time, _, _ = slots.PAYLOAD[span.kind].unpack_from(span.data)
    tree = json.loads(_text(span.data))
    if span.kind == slots.JSON_JSON:
        step, value = tree
    elif span.kind in _STEP_IS_BINARY:
        step, value = binary, tree
    else:
        step, value = tree, binary
    return head, step, value, time


def _series(record: bytes) -> Series:
    name, kind, tags = json.loads(_text(record))
    return Series(name, tuple((key, value) for key, value in tags), kind)


def _head(record: bytes) -> int:
    return int.from_bytes(record[:4], "little")


def _text(record: bytes) -> bytes:
    return record[SLOT : SLOT + int.from_bytes(record[24:28], "little")]
