"""Streams as pieces: documents that are written once, each named by the offset of its first item.

So a piece that is sent twice, or that a stopped server takes in late, is there once; and a stream has no gaps, because a
piece begins where the one before it ends. How far a stream goes stands in the run's document, written last.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import StoreError
from expkit.record.model import OUTPUT, POINTS, Point, StreamKey
from expkit.stores.mongo.files import put_long, read_all, remove

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from expkit.stores.base import Batch
    from expkit.stores.mongo.server import Server

_ITEMS = {POINTS: 20_000, OUTPUT: 1 << 20}
_LONG = 1 << 22
"""Bytes of a piece that lie in its document; longer ones, of few huge values, lie in the GridFS."""

_BATCH = 8
"""Pieces in one answer: 32 MB at most."""


class Piece(NamedTuple):
    """Some items of a stream that lie together."""

    start: int
    items: Batch

    @property
    def end(self) -> int:
        """Offset behind the last item."""
        return self.start + len(self.items)


def check(stream: StreamKey) -> None:
    """Refuse streams of other content.

    Raises:
        StoreError: there are no such streams.
    """
    if stream.content not in _ITEMS:
        raise StoreError(f"there are streams of {POINTS!r} and of {OUTPUT!r}, not of {stream.content!r}")


def field_of(stream: StreamKey) -> str:
    """How a run's document calls a stream."""
    return f"{stream.content}-{stream.segment}-{stream.rank}"


def stream_of(field: str) -> StreamKey:
    """The stream of :func:`field_of`."""
    content, segment, rank = field.split("-")
    return StreamKey(content, int(segment), int(rank))


def add_piece(server: Server, uid: str, stream: StreamKey, start: int, batch: Batch) -> Piece:
    """Add items from ``start``, the end of the stream, on, as many as one piece takes; return the piece that is there now.

    That is another one where somebody was faster.
    """
    from pymongo.errors import DuplicateKeyError

    piece = Piece(start, batch[: _ITEMS[stream.content]])
    data = _packed(stream, piece.items)
    document: dict[str, Any] = {"_id": _name(uid, stream, start), "end": piece.end, "data": data}
    if len(data) > _LONG:
        document["file"], document["data"] = put_long(server, data, f"stream://{document['_id']}"), b""
    try:
        server.pieces.insert_one(document)
    except DuplicateKeyError:
        remove(server, [document["file"]] if "file" in document else [])
        found = server.pieces.find_one({"_id": document["_id"]})
        return piece if found is None else _unpacked(server, stream, found)
    return piece


def read(server: Server, uid: str, stream: StreamKey, offset: int, limit: int) -> Batch:
    """At most ``limit`` items from ``offset`` on."""
    found: list[Any] = []
    place = offset
    for piece in _pieces(server, uid, stream, offset, offset + limit):
        if not piece.start <= place < piece.end:
            break  # what is behind a gap was added while we looked
        found.append(piece.items[place - piece.start : offset + limit - piece.start])
        place = piece.end
    if stream.content == OUTPUT:
        return b"".join(found)
    return [point for items in found for point in items]


def _pieces(server: Server, uid: str, stream: StreamKey, offset: int, end: int) -> Iterator[Piece]:
    first, last = _name(uid, stream, offset), _name(uid, stream, end)
    before = {"_id": {"$gte": _name(uid, stream, 0), "$lte": first}}
    start = server.pieces.find_one(before, {"_id": 1}, sort=[("_id", -1)])
    wanted = {"_id": {"$gte": first if start is None else start["_id"], "$lt": last}}
    for document in server.pieces.find(wanted, batch_size=_BATCH).sort("_id", 1):
        yield _unpacked(server, stream, document)


def remove_all(server: Server, uid: str) -> None:
    """Remove all streams of a run."""
    of_run = {"_id": {"$gte": f"{uid}/", "$lt": f"{uid}0"}}
    long = [found["file"] for found in server.pieces.find({**of_run, "file": {"$exists": True}}, {"file": 1})]
    server.pieces.delete_many(of_run)
    remove(server, long)


def _name(uid: str, stream: StreamKey, offset: int) -> str:
    """Names sort like offsets."""
    return f"{uid}/{field_of(stream)}/{offset:016d}"


def _unpacked(server: Server, stream: StreamKey, document: dict[str, Any]) -> Piece:
    start = int(document["_id"].rpartition("/")[2])
    data = read_all(server, document["file"]) if "file" in document else bytes(document["data"])
    return Piece(start, data if stream.content == OUTPUT else list(_points(zlib.decompress(data))))


def _packed(stream: StreamKey, items: Any) -> bytes:
    if stream.content == OUTPUT:
        return bytes(items)
    return zlib.compress(_text(items).encode(), 1)


def _text(points: Iterable[Point]) -> str:
    """Points as JSON: a table of series, then a column each."""
    series: dict[Any, int] = {}
    rows = [
        (series.setdefault((name, tuple(map(tuple, tags)), kind), len(series)), step, value, time)
        for name, step, value, time, tags, kind in points
    ]
    columns = dict(zip(("of", "steps", "values", "times"), zip(*rows, strict=True), strict=True))
    return json.dumps({"series": list(series), **columns})


def _points(text: bytes) -> Iterator[Point]:
    tree = json.loads(text)
    series = [(name, tuple(map(tuple, tags)), kind) for name, tags, kind in tree["series"]]
    for of, step, value, time in zip(tree["of"], tree["steps"], tree["values"], tree["times"], strict=True):
        name, tags, kind = series[of]
        yield Point(name, step, value, time, tags, kind)
