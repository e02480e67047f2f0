"""Metric points in one append-only file: :class:`PointWriter` and :class:`PointReader`.

The file is mapped into memory, so a point that was added survives the process, even one killed at once. Room is
allocated before it is mapped: a full disk is an ``OSError``, never a bus error.

How a point gets in without a lock: ``mmap.write`` copies a record and moves on in one step that neither another thread nor
a signal handler can interrupt. So there is never a gap, and nothing has to be undone when an exception strikes.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections.abc import Mapping
from time import monotonic
from time import time as now
from typing import TYPE_CHECKING, Any

from expkit._support.blame import arose_in
from expkit.errors import StoreError
from expkit.record.model import Point
from expkit.stores.disk import slots
from expkit.stores.disk.files import write_all
from expkit.stores.disk.held import HeldFile
from expkit.stores.disk.point_reader import Columns, PointReader, Series
from expkit.stores.disk.reserve import SIZE, is_full
from expkit.stores.disk.slots import SLOT, pack_int_float, pack_int_int
from expkit.stores.disk.window import next_window, open_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias, TypeVar

    from expkit.stores.disk.window import Appending, Window

    Tags: TypeAlias = Iterable[tuple[str, str]] | Mapping[str, str]
    _Tags: TypeAlias = tuple[tuple[str, str], ...]
    _W = TypeVar("_W")

__all__ = ["Columns", "Point", "PointReader", "PointWriter", "Series"]

FIRST_WINDOW = 1 << 16
LAST_WINDOW = 1 << 18
PAUSE = 0.1
"""Seconds between two searches for room on a full disk."""


class PointWriter:
    """Adds points to a file; from any thread, also from a signal handler in the middle of adding one.

    Points belong to one process: in a forked child nothing is added.

    Args:
        path: the file; made (or continued) when the first point comes.
        on_loss: told why a point could not be kept (disk full, writer closed, forked child); without it the error is
            raised.
        on_full: frees room that was held back, once the disk is full.
        reader: one that has read the file before, so that what it knows need not be read again.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        on_loss: Callable[[Exception], None] | None = None,
        on_full: Callable[[], None] | None = None,
        reader: PointReader | None = None,
    ) -> None:
        self._path = os.fspath(path)
        self._begun = reader
        self._on_loss = on_loss
        self._on_full = on_full
        self._lock = threading.RLock()
        self._known: dict[Any, _Series] = {}
        self._numbers = itertools.count(1)
        self._file: HeldFile | None = None
        self._window: Window | Appending | None = None
        self._write: Callable[[bytes], object] = _no_room
        self._closed = ""
        self._full: tuple[float, tuple[Any, ...]] | None = None
        self._reader = reader or PointReader(path)
        _writers.add(self)

    @property
    def count(self) -> int:
        """How many points the file has."""
        return self._reader.count()

    def log_scalar(self, name: str, value: Any, step: Any = None) -> None:
        """Add a point of a plain series now: the short way, for hot loops."""
        try:
            series = self._known[name]
        except KeyError:
            return self.add(name, value, step)
        if step is None:
            step = series.next_step() if series.moved is None else series.restart()
        elif step.__class__ is int:
            series.moved = step
        else:
            return self.add(name, value, step)
        try:
            kind = value.__class__
            number = value if kind is float or kind is int else _plain(value)
            if number.__class__ is float:
                self._write(pack_int_float(series.head, step, number, now(), series.head))
                return None
            if number.__class__ is int:
                self._write(pack_int_int(series.int_head, step, number, now(), series.int_head))
                return None
        except Exception as error:  # a full window, a number that is too large: the long way knows
            if not arose_in(error, _HERE):
                raise
        return self._keep(series, step, _plain(value), now())

    def add(
        self,
        name: str,
        value: Any,
        step: Any = None,
        tags: Tags = (),
        kind: str = "scalar",
        time: float | None = None,
    ) -> None:
        """Add a point.

        Args:
            name: of the metric.
            value: a number; any other value is kept as :mod:`expkit.record.codec` encodes it.
            step: where the series stands; None for the series' last step + 1, the first being 0. Steps may repeat or go
                back.
            tags: pairs (or a mapping) of str that tell series of one name apart.
            kind: reserved.
            time: seconds since the epoch; None for now.

        Raises:
            OSError, StoreError: the point could not be kept, and nobody else is told (``on_loss``).
        """
        if time is None:
            time = now()
        if step is not None:
            step = _plain(step)
        self._put(str(name), step, _plain(value), time, _sorted(tags) if tags else (), kind)

    def add_many(self, points: Iterable[Point]) -> None:
        """Add points as they are: times, steps and encoded values included."""
        for name, step, value, time, tags, kind in points:
            self._put(name, step, value, time, tags, kind)

    def close(self, *, sync: bool = False) -> None:
        """Give back the room that is left; later points are lost (see ``on_loss``).

        Args:
            sync: whether to wait until the disk has everything.
        """
        with self._lock:
            self._closed = self._closed or f"{self._path} is closed: no more points can be added"
            window, self._window = self._window, None
            file, self._file = self._file, None
            self._write = _no_room
            if window is None or file is None:
                return
            file.truncate(window.close())
            if sync:
                os.fsync(file.fd())
            file.close()

    def _put(self, name: str, step: Any, value: Any, time: float, tags: _Tags, kind: str) -> None:
        key = (name, tags, kind) if tags or kind != "scalar" else name
        try:
            series = self._known.get(key) or self._name(key, name, tags, kind)
        except (OSError, StoreError) as error:
            self._lose(error)
        else:
            self._keep(series, series.take(step), value, time)

    def _keep(self, series: _Series, step: Any, value: Any, time: float) -> None:
        try:
            self._append(slots.pack_point(series.number, step, value, time))
        except (OSError, StoreError) as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        if self._on_loss is None or not arose_in(error, _HERE):
            raise error
        self._on_loss(error)

    def _name(self, key: object, name: str, tags: _Tags, kind: str) -> _Series:
        """Begin a series: it stands in the file before anybody can use it."""
        with self._lock:
            self._make_room(SLOT)
            new = _Series(next(self._numbers), self._lock)
            self._append(slots.pack_series(new.number, name, tags, kind))
            # another thread or a signal handler may have been quicker: the first one stays
            return self._known.setdefault(key, new)

    def _append(self, record: bytes) -> None:
        try:
            self._write(record)
        except ValueError as error:  # the window is full, or there is none
            if not arose_in(error, _HERE):
                raise
            self._make_room(len(record))
            self._append(record)

    def _make_room(self, needed: int) -> None:
        with self._lock:
            if (old := self._window or self._with_room(self._open)).room < needed:
                old.fill()
                new = self._with_room(lambda: self._next_window(old, needed))
                # no signal handler can come between this question and its answer: no call, no jump back
                if self._window is old:
                    self._window = new
                    old.leave()
            if self._window is not None:
                self._write = self._window.write

    def _next_window(self, old: Window | Appending, needed: int) -> Window:
        assert self._file is not None
        return next_window(self._file, old.end, needed, self._wanted(min(old.size * 2, LAST_WINDOW)))

    def _wanted(self, usual: int) -> int:
        """The size of a window: all there is, once room has run out, before somebody else takes it."""
        return usual if self._full is None else SIZE

    def _with_room(self, step: Callable[[], _W]) -> _W:
        """Take a step that needs room; on a full disk it is tried now and then only, for that takes its time."""
        if self._full is not None and monotonic() < self._full[0]:
            raise OSError(*self._full[1])
        try:
            try:
                return step()
            except OSError as error:
                if self._on_full is None or not is_full(error):
                    raise
            self._on_full()
            self._full = 0.0, ()
            return step()
        except OSError as error:
            self._full = monotonic() + PAUSE, error.args
            raise

    def _open(self) -> Window | Appending:
        if self._closed:
            raise StoreError(self._closed)
        file = HeldFile(self._path, os.O_RDWR)
        try:
            # else its own: a signal handler may come here while one is at work
            reader = self._begun or PointReader(self._path)
            end = reader.end()
            numbers = itertools.count(reader.last_number() + 1)
            if self._window is None:
                _clear(file.fd(), end)
            window = open_window(file, self._path, end, self._wanted(FIRST_WINDOW))
            if not end:
                window.write(slots.MAGIC)
        except BaseException:
            file.close()
            raise
        if self._window is None:  # else a signal handler was here meanwhile
            self._window, self._file, self._numbers = window, file, numbers
        else:
            file.close()
        return self._window

    def forget(self) -> None:
        """In a forked child: leave the file to the parent."""
        self._closed = f"{self._path} belongs to the process that this one was forked from: log points there"
        self._lock = threading.RLock()
        self._reader = PointReader(self._path)
        window, self._window = self._window, None
        file, self._file = self._file, None
        self._write = _no_room
        if window is not None and file is not None:
            window.leave()
            file.close()


class _Series:
    """Number and step counter of one series."""

    __slots__ = ("_lock", "head", "int_head", "moved", "next_step", "number")

    def __init__(self, number: int, lock: threading.RLock) -> None:
        self.number = number
        self.head = number << 4 | slots.INT_FLOAT
        self.int_head = number << 4 | slots.INT_INT
        self.next_step: Callable[[], float] = itertools.count().__next__
        self.moved: float | None = None
        self._lock = lock

    def take(self, step: Any) -> Any:
        """The step of the next point; one that is given and is a number moves the counter."""
        if step is None:
            return self.next_step() if self.moved is None else self.restart()
        if type(step) in _NUMBERS:
            self.moved = step
        return step

    def restart(self) -> float:
        """The step after the one that was given last."""
        with self._lock:
            if self.moved is not None:
                self.next_step = itertools.count(self.moved + 1).__next__
                self.moved = None
        return self.next_step()


def _clear(fd: int, end: int) -> None:
    """Forget what a killed process left behind its last record. Nothing is cut: another process may have it mapped."""
    os.lseek(fd, end, os.SEEK_SET)
    while data := os.read(fd, LAST_WINDOW):
        if any(data):
            os.lseek(fd, -len(data), os.SEEK_CUR)
            write_all(fd, bytes(len(data)))


def _no_room(record: bytes, /) -> object:  # noqa: ARG001
    raise ValueError("no window")


def _sorted(tags: Tags) -> _Tags:
    pairs = tags.items() if isinstance(tags, Mapping) else tags
    return tuple(sorted((str(key), str(value)) for key, value in pairs))


def _plain(value: Any) -> Any:
    """An int or a float as it is, also out of NumPy's and tensors' wrappers; anything else as a JSON tree."""
    if isinstance(value, float):
        return float(value)
    if type(value) not in _PLAIN:
        value = _unwrapped(value)
    if type(value) in _PLAIN and not (type(value) is int and value.bit_length() > _LONG):
        return value
    from expkit.record.codec import encode  # needed by few runs

    return encode(value)


def _unwrapped(value: Any) -> Any:
    try:
        return value.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):  # no array at all, or one of several
        return value


_HERE = __name__.rpartition(".")[0]
_PLAIN = frozenset((float, int, str, bool, type(None)))
_NUMBERS = (float, int)
_LONG = 10_000

_writers: weakref.WeakSet[PointWriter] = weakref.WeakSet()


def _after_fork() -> None:
    for writer in list(_writers):
        writer.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
