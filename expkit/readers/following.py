"""A live run, watched until it ends: :func:`follow`."""

from __future__ import annotations

import codecs
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Union

from expkit._support.named import NamedTuple
from expkit.errors import RunNotFoundError
from expkit.record.model import COPYING, OUTPUT, QUEUED, RUNNING, Point
from expkit.stores.finding import state_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from expkit.record.model import StreamKey
    from expkit.stores.base import RunStore

LIVE = (QUEUED, RUNNING, COPYING)
"""States after which something may come."""

_CHUNK = {OUTPUT: 1 << 20}
_POINTS = 10_000
_LONGEST_PAUSE = 2.0
_SLOWER = 1.5


class Printed(NamedTuple):
    """Some output of a run."""

    text: str
    segment: int = 0
    rank: int = 0


class Turned(NamedTuple):
    """A run is in another state now."""

    state: str


News = Union[Point, Printed, Turned]
"""What happens to a run that is followed."""


def follow(store: RunStore, uid: str, *, history: bool, poll: float, timeout: float | None) -> Iterator[News]:
    """What happens to a run, until it ends or is deleted; see :meth:`expkit.readers.run.StoredRun.follow`."""
    streams = _Streams(store, uid)
    if not history:
        streams.skip()
    state, pause, end = "", poll, None if timeout is None else monotonic() + timeout
    try:
        while True:
            before, state = state, state_of(store, store.load(uid))
            if state != before and state in LIVE:
                yield Turned(state)
            came = yield from streams.news()
            if state not in LIVE:
                yield Turned(state)
                return
            pause = poll if came else min(pause * _SLOWER, _LONGEST_PAUSE)
            if end is not None and monotonic() + pause > end:
                return
            sleep(pause)
    except RunNotFoundError:
        return


def printed(store: RunStore, uid: str, rank: int = 0) -> Iterator[bytes]:
    """What one process of a run has printed up to now, piece by piece, as it was recorded."""
    for key, end in sorted(store.streams(uid).items()):
        offset = 0
        while key.content == OUTPUT and key.rank == rank and offset < end:
            piece: Any = store.read(uid, key, offset, _CHUNK[OUTPUT])
            if not piece:
                break
            offset += len(piece)
            yield piece


def printed_last(store: RunStore, uid: str, most: int) -> tuple[int, bytes]:
    """How many bytes the first process of a run has printed up to now, and the last of them.

    Args:
        store: where the run is.
        uid: which.
        most: bytes that are wanted of the last segment.
    """
    ends = [(key, end) for key, end in sorted(store.streams(uid).items()) if key.content == OUTPUT and key.rank == 0]
    there = [(key, end) for key, end in ends if end]
    if not there:
        return 0, b""
    key, end = there[-1]
    data: Any = store.read(uid, key, max(0, end - most), most)
    return sum(each for _, each in there), data


class _Streams:
    """How far each stream has been read."""

    def __init__(self, store: RunStore, uid: str) -> None:
        self._store = store
        self._uid = uid
        self._ends: dict[StreamKey, int] = {}
        self._decoders: dict[StreamKey, Any] = {}

    def skip(self) -> None:
        """Leave out what is there."""
        self._ends = dict(self._store.streams(self._uid))

    def news(self) -> Generator[Point | Printed, None, bool]:
        """What is new; returns whether anything was."""
        came = False
        for key, end in sorted(self._store.streams(self._uid).items()):
            while self._ends.get(key, 0) < end:
                start = self._ends.get(key, 0)
                batch: Any = self._store.read(self._uid, key, start, _CHUNK.get(key.content, _POINTS))
                if not batch:
                    break
                self._ends[key], came = start + len(batch), True
                yield from self._printed(key, batch) if key.content == OUTPUT else batch
        return came

    def _printed(self, key: StreamKey, data: bytes) -> Iterator[Printed]:
        decoder = self._decoders.get(key) or self._decoders.setdefault(
            key, codecs.getincrementaldecoder("utf-8")("replace")
        )
        if text := decoder.decode(data):
            yield Printed(text, key.segment, key.rank)
