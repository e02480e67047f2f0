"""Streams as pieces: documents that are written once, each named by the offset of its first item.

So a piece that is sent twice, or that a stopped server takes in late, is there once; and a stream has no gaps, because a
piece begins where the one before it ends. How far a stream goes stands in the run's document, written last. Whole chunks
of output lie in the GridFS instead; they are put there before their pieces go.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from expkit.record.model import OUTPUT, POINTS, Point, StreamKey
from expkit.stores.mongo import outputs
from expkit.stores.mongo.files import CHUNK, put_long, read_all, remove

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from expkit.stores.base import Batch
    from expkit.stores.mongo.server import Server
    from expkit.types import RunId

_ITEMS = {POINTS: 20_000, OUTPUT: CHUNK}
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


def field_of(stream: StreamKey) -> str:
    """How a run's document calls a stream."""
    return f"{stream.content}-{stream.segment}-{stream.rank}"


def stream_of(field: str) -> StreamKey:
    """The stream of :func:`field_of`."""
    content, segment, rank = field.split("-")
    return StreamKey(content, int(segment), int(rank))


def add_piece(server: Server, run_id: RunId, uid: str, stream: StreamKey, start: int, batch: Batch) -> Piece:
    """Add items from ``start``, the end of the stream, on, as many as one piece takes; return the piece that is there now.

    That is another one where somebody was faster.
    """
    most = _ITEMS[stream.content]
    if stream.content != OUTPUT:
        return _add(server, uid, stream, Piece(start, batch[:most]))
    piece = Piece(start, batch[: most - start % most])  # so that chunks can be whole
    if len(piece.items) == most:
        outputs.put_chunk(server, run_id, uid, field_of(stream), start // most, cast("bytes", piece.items))
        return piece
    return _add(server, uid, stream, piece)


def _add(server: Server, uid: str, stream: StreamKey, piece: Piece) -> Piece:
    from pymongo.errors import DuplicateKeyError

    data = _packed(stream, piece.items)
    document: dict[str, Any] = {"_id": _name(uid, stream, piece.start), "end": piece.end, "data": data}
    if len(data) > _LONG:
        document["file"], document["data"] = put_long(server, data, f"stream://{document['_id']}"), b""
    try:
        server.pieces.insert_one(document)
    except DuplicateKeyError:
        remove(server, [document["file"]] if "file" in document else [])
        found = server.pieces.find_one({"_id": document["_id"]})
        return piece if found is None else _unpacked(server, stream, found)
    return piece


def settle(server: Server, run_id: RunId, uid: str, stream: StreamKey, first: int, end: int) -> None:
    """Put output into the GridFS, from a chunk on; pieces that whole chunks stand for go."""
    field = field_of(stream)
    for number in range(first, -(-end // CHUNK)):
        start = number * CHUNK
        data = cast("bytes", read(server, uid, stream, start, min(CHUNK, end - start)))
        outputs.put_chunk(server, run_id, uid, field, number, data)
        if len(data) == CHUNK:
            names = {"$gte": _name(uid, stream, 0), "$lt": _name(uid, stream, start + CHUNK)}
            server.pieces.delete_many({"_id": names, "end": {"$lte": start + CHUNK}})


def read(server: Server, uid: str, stream: StreamKey, offset: int, limit: int) -> Batch:
    """At most ``limit`` items from ``offset`` on."""
    found: list[Any] = []
    place, end = offset, offset + limit
    while place < end:
        for items in _from_pieces(server, uid, stream, place, end):
            found.append(items)
            place += len(items)
        before = place
        for data in _from_chunks(server, uid, stream, place, end):
            found.append(data)
            place += len(data)
        if place == before:
            break
    if stream.content == OUTPUT:
        return b"".join(found)
    return [point for items in found for point in items]


def _from_pieces(server: Server, uid: str, stream: StreamKey, place: int, end: int) -> Iterator[Any]:
    for piece in _pieces(server, uid, stream, place, end):
        if not piece.start <= place < piece.end:
            break  # what is behind a gap was added while we looked, or lies in the GridFS
        yield piece.items[place - piece.start : end - piece.start]
        place = piece.end


def _pieces(server: Server, uid: str, stream: StreamKey, offset: int, end: int) -> Iterator[Piece]:
    first, last = _name(uid, stream, offset), _name(uid, stream, end)
    before = {"_id": {"$gte": _name(uid, stream, 0), "$lte": first}}
    start = server.pieces.find_one(before, {"_id": 1}, sort=[("_id", -1)])
    wanted = {"_id": {"$gte": first if start is None else start["_id"], "$lt": last}}
    for document in server.pieces.find(wanted, batch_size=_BATCH).sort("_id", 1):
        yield _unpacked(server, stream, document)


def _from_chunks(server: Server, uid: str, stream: StreamKey, place: int, end: int) -> Iterator[bytes]:
    while place < end and stream.content == OUTPUT:
        data = outputs.chunk(server, uid, field_of(stream), place // CHUNK)[place % CHUNK :][: end - place]
        if not data:
            return
        yield data
        place += len(data)


def remove_all(server: Server, uid: str) -> None:
    """Remove all streams of a run."""
    of_run = {"_id": {"$gte": f"{uid}/", "$lt": f"{uid}0"}}
    long = [found["file"] for found in server.pieces.find({**of_run, "file": {"$exists": True}}, {"file": 1})]
    server.pieces.delete_many(of_run)
    remove(server, long)
    outputs.remove_all(server, uid)


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


class Outputs:
    """Moves output that fills chunks from the pieces into the GridFS.

    Args:
        server: where.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._whole: dict[str, dict[str, int]] = {}

    def grown(self, run_id: RunId, uid: str, stream: StreamKey, piece: Piece) -> None:
        """Hear that a stream has a new piece; before anybody else does, so that no chunk is left out."""
        if stream.content != OUTPUT or piece.end // CHUNK == piece.start // CHUNK:
            return
        if piece.start % CHUNK or len(piece.items) != CHUNK:
            self._settle(run_id, uid, stream, piece.end - piece.end % CHUNK)
        else:  # it is a chunk
            self._whole.setdefault(uid, {})[field_of(stream)] = piece.end // CHUNK

    def finish(self, run_id: RunId, uid: str, stream: StreamKey, end: int) -> None:
        """Have all of a stream in the GridFS; what fills no chunk stays in pieces as well, where it may grow."""
        self._settle(run_id, uid, stream, end)

    def _settle(self, run_id: RunId, uid: str, stream: StreamKey, end: int) -> None:
        field = field_of(stream)
        known = self._whole.setdefault(uid, {})
        if field not in known:
            known[field] = outputs.whole_chunks(self._server, uid, field)
        settle(self._server, run_id, uid, stream, known[field], end)
        known[field] = end // CHUNK

    def forget(self, uid: str) -> None:
        """Know nothing of a run any more."""
        self._whole.pop(uid, None)
