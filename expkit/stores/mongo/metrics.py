"""Metrics as tools made for the predecessor read them: a document for each run and name, with three columns.

Documents roll over before they are large: the newest has the plain name of the metric, the ones before it are called
``loss (part 1)`` and so on, for tools show one document for each name. They are made from the streams, which are what is read back; each knows up to
which item of its stream it goes, so what is told twice is there once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import StoreError
from expkit.stores.mongo.streams import field_of, stream_of
from expkit.stores.mongo.views import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from expkit.record.model import Point, StreamKey
    from expkit.stores.mongo.server import Change, Server
    from expkit.stores.mongo.streams import Piece
    from expkit.types import RunId

PART = 10_000
"""Points in one document: some 500 KB, because a server writes a whole document anew when it grows."""

_TRIES = 8
_LONGEST = 200
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - BSON's times are naive UTC


class _Part(NamedTuple):
    """The last document of one name.

    Attributes:
        id: of the document.
        stream: whose points it has.
        number: which one of this name.
        size: points in it.
        end: offset in the stream behind the last of its points.
    """

    id: Any
    stream: str
    number: int
    size: int
    end: int


class Metrics:
    """The documents of metrics of a store.

    Args:
        server: where.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parts: dict[str, dict[str, _Part]] = {}
        self._links: dict[str, list[dict[str, str]]] = {}

    def add(self, run_id: RunId, uid: str, stream: StreamKey, piece: Piece) -> bool:
        """Add the points of a piece; whether there are new documents."""
        from pymongo.errors import BulkWriteError

        place = f"{uid}/{field_of(stream)}"
        for _ in range(_TRIES):
            update = _Update(run_id, stream, place, self._known(run_id, stream, place), piece)
            try:
                if update.send(self._server):
                    self._parts[place] = update.parts
                    if uid in self._links:
                        self._links[uid] += update.made
                    return bool(update.made)
            except BulkWriteError:
                pass
            self._parts.pop(place, None)  # somebody else was faster, or an earlier try of ours came late
        raise StoreError(f"too many processes add metrics to run {run_id} in {self._server.place.url} at once")

    def _known(self, run_id: RunId, stream: StreamKey, place: str) -> dict[str, _Part]:
        """The last documents of a stream; of names that it has not yet, those of the segment before it."""
        if place not in self._parts:
            found = self._listed({"expkit.stream": place})
            if stream.segment:
                found = [*self._before(run_id, stream, place), *found]
            self._parts[place] = {_plain(document): _part_of(document) for document in found}
        return {**self._parts[place]}

    def _before(self, run_id: RunId, stream: StreamKey, place: str) -> list[dict[str, Any]]:
        """The newest documents of earlier segments."""
        uid = place.partition("/")[0]
        places = [f"{uid}/{field_of(stream._replace(segment=number))}" for number in range(stream.segment)]
        found = self._listed({"run_id": run_id, "expkit.stream": {"$in": places}})
        return sorted(found, key=lambda document: places.index(document["expkit"]["stream"]))

    def links(self, run_id: RunId, uid: str) -> list[dict[str, str]]:
        """What ``info.metrics`` says: the name and the document of each metric of a run."""
        if uid not in self._links:
            found = self._listed({"run_id": run_id})
            self._links[uid] = [{"name": _plain(document), "id": str(document["_id"])} for document in found]
        return self._links[uid]

    def _listed(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """What documents say of themselves, in order; ordered here, for a server has little room for large ones."""
        found = self._server.metrics.find(wanted, {"name": 1, "expkit": 1})
        return sorted(found, key=_order)

    def remove_all(self, run_id: RunId, uid: str) -> None:
        """Remove the metrics of a run; never those of another one that has taken its place."""
        ours = {"expkit.stream": {"$gte": f"{uid}/", "$lt": f"{uid}0"}}
        self._server.metrics.delete_many({"run_id": run_id, "$or": [ours, {"expkit": {"$exists": False}}]})
        self.forget(uid)

    def forget(self, uid: str) -> None:
        """Know nothing of a run any more."""
        self._links.pop(uid, None)
        for place in [place for place in self._parts if place.startswith(f"{uid}/")]:
            del self._parts[place]


class _Update:
    """What is to be written for one piece.

    Attributes:
        parts: the last document of each name, after it.
        made: links to the documents that it makes.
    """

    def __init__(self, run_id: RunId, stream: StreamKey, place: str, parts: dict[str, _Part], piece: Piece) -> None:
        self._run_id = run_id
        self._stream = stream
        self._place = place
        self.parts = parts
        self.made: list[dict[str, str]] = []
        self._changes: list[Change] = []
        self._updates = 0
        for name, points in self._by_name(piece).items():
            self._add(name, points)

    def send(self, server: Server) -> bool:
        """Write it; whether all was as expected."""
        return not self._changes or server.write(server.metrics, self._changes, ordered=True) == self._updates

    def _by_name(self, piece: Piece) -> dict[str, list[tuple[int, Point]]]:
        """The points that are not there yet, with their offsets."""
        found: dict[str, list[tuple[int, Any]]] = {}
        for offset, point in enumerate(piece.items, piece.start):
            name = _name(point, self._stream.rank)  # type: ignore[arg-type]
            part = self.parts.get(name)
            if part is None or part.stream != self._place or offset >= part.end:
                found.setdefault(name, []).append((offset, point))
        return found

    def _add(self, name: str, points: list[tuple[int, Point]]) -> None:
        last = self.parts.get(name)
        here = last if last is not None and last.stream == self._place else None
        for number, some in _parts_of(points, here):
            first, end, columns = some[0][0], some[-1][0] + 1, _columns([point for _, point in some])
            if here is not None and here.number == number:
                self._grow(here, columns, len(some), end)
                count = here.size + len(some)
            else:
                self._retire(name, last)
                self._make(name, number, columns, {"n": len(some), "first": first, "end": end})
                count = len(some)
            made = _id(self._place, name, number)
            last = here = self.parts[name] = _Part(made, self._place, number, count, end)

    def _retire(self, name: str, last: _Part | None) -> None:
        """Another document gets the plain name now."""
        if last is not None:
            segment = stream_of(last.stream.partition("/")[2]).segment
            which = f"segment {segment}, part" if self._stream.segment else "part"
            self._changes.append(({"_id": last.id}, {"$set": {"name": f"{name} ({which} {last.number + 1})"}}))
            self._updates += 1

    def _grow(self, part: _Part, columns: dict[str, list[Any]], count: int, end: int) -> None:
        push = {key: {"$each": items} for key, items in columns.items()}
        ours = {"expkit.n": part.size + count, "expkit.end": end}
        self._changes.append(({"_id": part.id, "expkit.n": part.size}, {"$push": push, "$set": ours}))
        self._updates += 1

    def _make(self, name: str, number: int, columns: dict[str, list[Any]], extent: dict[str, int]) -> None:
        ours = {"stream": self._place, "name": name, "part": number, **extent}
        head = {"_id": _id(self._place, name, number), "run_id": self._run_id, "name": name}
        self._changes.append((None, {**head, **columns, "expkit": ours}))
        self.made.append({"name": name, "id": str(head["_id"])})


def _order(document: Mapping[str, Any]) -> tuple[int, int]:
    """First what has no other part before it; and of several metrics the one that was logged first."""
    ours = document.get("expkit", {})
    return ours.get("part", 0), ours.get("first", 0)


def _parts_of(points: list[tuple[int, Point]], last: _Part | None) -> Iterator[tuple[int, list[tuple[int, Point]]]]:
    """Points for the last document, as many as it takes, and for further ones."""
    number, room = (last.number, max(0, PART - last.size)) if last is not None else (0, PART)
    start = 0
    while start < len(points):
        if room:
            yield number, points[start : start + room]
        start, number, room = start + room, number + 1, PART


def _columns(points: Sequence[Point]) -> dict[str, list[Any]]:
    return {
        "steps": [_shown(point.step) for point in points],
        "values": [_shown(point.value) for point in points],
        "timestamps": [_time(point.time) for point in points],
    }


def _time(seconds: float) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return _EPOCH


def _shown(value: Any) -> Any:
    """Numbers as they are; anything else as a short text."""
    if isinstance(value, (int, float)):
        return safe(value)
    return safe(value if isinstance(value, str) else repr(value))[:_LONGEST]


def _name(point: Point, rank: int) -> str:
    tags = ",".join(f"{key}={value}" for key, value in point.tags)
    name = f"{point.name}{{{tags}}}" if tags else point.name
    return str(safe(f"{name} (rank {rank})" if rank else name))


def _plain(document: Mapping[str, Any]) -> str:
    """The name of the metric, which older parts of it show with a number behind it."""
    name: str = document.get("expkit", {}).get("name", document["name"])
    return name


def _part_of(document: Mapping[str, Any]) -> _Part:
    ours = document["expkit"]
    return _Part(document["_id"], ours["stream"], ours["part"], ours["n"], ours["end"])


def _id(place: str, name: str, number: int) -> Any:
    """The id that a document has whoever makes it, so that nobody makes a second one."""
    from bson import ObjectId

    return ObjectId(sha256(f"{place}/{number}/{name}".encode()).digest()[:12])
