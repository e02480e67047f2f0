"""Streams as pieces: objects that are written once, each named by its first item and its end; joined when the run ends.

So a piece that is sent twice, or that a stopped server takes in late, is there once. Pieces are bytes of the folder store's
file: put together they are that file, and any run of them can be fetched alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import FormatError
from expkit.record.model import OUTPUT, POINTS, StreamKey
from expkit.stores import rules
from expkit.stores.disk import slots
from expkit.stores.remote import foreign, layout
from expkit.stores.remote.coding import Numbers, packed, unpacked
from expkit.stores.remote.drivers import PART

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from expkit.stores.base import Batch
    from expkit.stores.remote.media import Item, Media

_ITEMS = {POINTS: 50_000, OUTPUT: 4 << 20}
"""Items of a piece, at most."""

_SMALL = 1 << 20
"""Bytes; larger pieces stay as they are."""

_MANY = 32
"""So many small pieces are made one, and so many of those again: n beats leave some log(n) times as many pieces."""

_TRIES = 4


class Span(NamedTuple):
    """Items that lie together in one object, or in a part of one.

    Attributes:
        start, end: items.
        name: of the object.
        first, last: bytes of the object; None for all of it.
        size: bytes.
    """

    start: int
    end: int
    name: str
    first: int | None
    last: int | None
    size: int


class Listed(NamedTuple):
    """What a listing says of one stream: the note on its whole file (or None), and its pieces."""

    joined: str | None
    pieces: list[Span]

    @property
    def end(self) -> int:
        """Offset behind the last item."""
        end = layout.joined_end(self.joined or "")
        for span in self.pieces:
            end = max(end, span.end) if span.start <= end else end
        return end


class _Written:
    """What is known of a stream that this process writes."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.numbers: Numbers = {}
        self.tails: list[list[Span]] = [[]]
        """Small pieces at the end: those of the first list were written, those of the next ones put together."""


class Streams:
    """The streams of all runs of one store.

    Args:
        media: where.
    """

    def __init__(self, media: Media) -> None:
        self._media = media
        self._written: dict[tuple[str, StreamKey], _Written] = {}

    # -- reading ---------------------------------------------------------------------------------------

    def ends(self, uid: str, run_id: str) -> dict[StreamKey, int]:
        """The streams of a run and their ends, from names alone."""
        found = {key: listed.end for key, listed in self._list(uid).items()}
        if not found:
            found = foreign.ends(self._media, run_id)
        return {key: found[key] for key in sorted(found) if found[key]}

    def read(self, uid: str, run_id: str, stream: StreamKey, offset: int, limit: int | None) -> Batch:
        """Items from ``offset`` on, at most ``limit``; only the objects that hold them are fetched."""
        rules.check_stream(stream)
        end = None if limit is None else offset + limit
        for left in reversed(range(_TRIES)):
            try:
                return self._read(uid, run_id, stream, offset, end)
            except FileNotFoundError:  # pieces were put together between our two looks
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _read(self, uid: str, run_id: str, stream: StreamKey, offset: int, end: int | None) -> Batch:
        listed = self._list(uid, stream).get(stream)
        if listed is None:
            whole: Batch = foreign.read(self._media, run_id, stream) if not self._list(uid) else rules.empty(stream)
            return whole[offset:end]
        spans = [span for span in self._spans(listed, run_id, stream) if span.end > offset]
        spans = [span for span in spans if end is None or span.start < end]
        if not spans:
            return rules.empty(stream)
        parts = self._parts(spans, stream)
        found: Any = b"".join(parts) if stream.content == OUTPUT else [point for part in parts for point in part]
        begin = spans[0].start
        return found[max(0, offset - begin) : None if end is None else end - begin]  # type: ignore[no-any-return]

    def _parts(self, spans: Sequence[Span], stream: StreamKey) -> list[Any]:
        """The items of spans, without those that the span before has."""
        parts, end = [], spans[0].start
        for span, data in zip(spans, self._media.each(spans, self._fetch), strict=True):
            items: Any = data if stream.content == OUTPUT else unpacked(data, span.name)
            parts.append(items[end - span.start :])
            end = span.end
        return parts

    def _fetch(self, span: Span) -> bytes:
        return self._media.get(span.name, span.first, span.last)

    def _list(self, uid: str, stream: StreamKey | None = None) -> dict[StreamKey, Listed]:
        folder = f"{layout.STREAMS}/{uid}" if stream is None else layout.stream_folder(uid, stream)
        found: dict[StreamKey, Listed] = {}
        for item in self._media.items(folder):
            _take(found, item)
        for listed in found.values():
            listed.pieces.sort(key=lambda span: (span.start, -span.end))
        return found

    def _spans(self, listed: Listed, run_id: str, stream: StreamKey) -> list[Span]:
        """Where the items of a stream lie, in order, without gaps; a span may begin before the end of the one before."""
        spans = self._whole_spans(listed.joined, run_id, stream) if listed.joined else []
        end = spans[-1].end if spans else 0
        for span in listed.pieces:
            if span.start <= end < span.end:
                spans.append(span)
                end = span.end
        return spans

    def _whole_spans(self, name: str, run_id: str, stream: StreamKey) -> list[Span]:
        marks = _marks(self._media.get(name), name)
        spans, item, byte = [], 0, 0
        for end, last in marks:
            spans.append(Span(item, end, layout.whole(run_id, stream), byte, last, last - byte))
            item, byte = end, last
        return spans

    # -- writing ---------------------------------------------------------------------------------------

    def append(self, uid: str, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add what is new in ``batch``; return the new end.

        Raises:
            StoreError: ``offset`` would leave a gap, or there are no streams of this content.
        """
        rules.check_stream(stream)
        written = self._known(uid, stream, offset)
        rules.check_offset(uid, stream, offset, written.end)
        new = batch[written.end - offset :]
        size = _ITEMS[stream.content]
        for start in range(0, len(new), size):
            self._add(uid, stream, written, new[start : start + size])
        return written.end

    def _known(self, uid: str, stream: StreamKey, offset: int) -> _Written:
        known = self._written.get((uid, stream))
        if known is None or offset > known.end:  # others may have gone on
            listed = self._list(uid, stream).get(stream)
            known = self._written[uid, stream] = _Written(listed.end if listed else 0)
        return known

    def _add(self, uid: str, stream: StreamKey, written: _Written, items: Batch) -> None:
        start, end = written.end, written.end + len(items)
        data = items if isinstance(items, bytes) else packed(items, start, written.numbers)
        folder = layout.stream_folder(uid, stream)
        name = layout.piece(folder, start, end)
        self._media.put(name, data)
        written.end = end
        self._note(folder, written, 0, Span(start, end, name, None, None, len(data)))

    def _note(self, folder: str, written: _Written, level: int, span: Span) -> None:
        """Note a piece at the end; many of one level become one of the next."""
        if span.size >= _SMALL:
            written.tails = [[]]
            return
        tail = written.tails[level]
        tail.append(span)
        if len(tail) < _MANY:
            return
        gathered = self._gather(folder, tail)
        if gathered is None:  # those that are gathered next must lie side by side
            written.tails = [[]]
            return
        tail.clear()
        if len(written.tails) == level + 1:
            written.tails.append([])
        self._note(folder, written, level + 1, gathered)

    def _gather(self, folder: str, tail: Sequence[Span]) -> Span | None:
        """Make one piece of many small ones; who dies in between leaves both, which does no harm."""
        name = layout.piece(folder, tail[0].start, tail[-1].end)
        try:
            data = b"".join(self._media.each(tail, self._fetch))
        except FileNotFoundError:  # somebody else has put them together
            return None
        self._media.put(name, data)
        self._media.remove(span.name for span in tail)
        return Span(tail[0].start, tail[-1].end, name, None, None, len(data))

    def join(self, uid: str, run_id: str) -> bool:
        """Put the pieces of each stream together into the folder store's file; whether there were any."""
        listing = {stream: listed for stream, listed in self._list(uid).items() if listed.pieces}
        for stream, listed in listing.items():
            self._join(uid, run_id, stream, listed)
        return bool(listing)

    def _join(self, uid: str, run_id: str, stream: StreamKey, listed: Listed) -> None:
        folder = layout.stream_folder(uid, stream)
        spans = self._spans(listed, run_id, stream)
        if spans and spans[-1].end > layout.joined_end(listed.joined or ""):
            marks: list[tuple[int, int]] = []
            parts = self._bytes(spans, stream, marks)
            name = layout.whole(run_id, stream)
            if sum(span.size for span in spans) < PART:
                self._media.put(name, b"".join(parts))
            else:
                self._media.upload(name, parts)
            note = layout.joined(folder, spans[-1].end)
            self._media.put(note, json.dumps({"marks": marks}).encode())
            if listed.joined and listed.joined != note:
                self._media.remove([listed.joined])
        self._media.remove(span.name for span in listed.pieces)
        self._written.pop((uid, stream), None)

    def _bytes(self, spans: Sequence[Span], stream: StreamKey, marks: list[tuple[int, int]]) -> Iterator[bytes]:
        """The bytes of the whole file, span by span; ``marks`` gets where each ends."""
        item = size = 0
        for span in spans:
            data = self._fetch(span)
            if span.start < item:  # of two that wrote the same one went farther
                data = _rest(data, span, item, stream)
            item, size = span.end, size + len(data)
            marks.append((item, size))
            yield data

    def forget(self, uid: str) -> None:
        """Know nothing of a run any more."""
        for key in [key for key in self._written if key[0] == uid]:
            self._written.pop(key, None)

    def remove_all(self, uid: str) -> None:
        """Remove the pieces of a run."""
        self._media.remove(item.name for item in self._media.items(f"{layout.STREAMS}/{uid}"))
        self.forget(uid)

    def drop(self) -> None:
        """Let go of what is remembered."""
        self._written.clear()


def _take(found: dict[StreamKey, Listed], item: Item) -> None:
    """Sort a listed object in."""
    said = layout.stream_of(item.name)
    if said is None:
        return
    stream, items = said
    listed = found.setdefault(stream, Listed(None, []))
    if items is not None:
        listed.pieces.append(Span(*items, item.name, None, None, item.size))
    elif layout.joined_end(item.name) > layout.joined_end(listed.joined or ""):
        found[stream] = Listed(item.name, listed.pieces)


def _marks(data: bytes, name: str) -> list[tuple[int, int]]:
    try:
        return [(int(end), int(last)) for end, last in json.loads(data)["marks"]]
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(f"{name} does not say where items lie: {error}") from None


def _rest(data: bytes, span: Span, item: int, stream: StreamKey) -> bytes:
    if stream.content == OUTPUT:
        return data[item - span.start :]
    return packed(unpacked(data, span.name)[item - span.start :], item, {}).removeprefix(slots.MAGIC)
