"""The figures of metrics, in the documents of runs: they change in one request with the ends of the streams."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from expkit.record.model import POINTS
from expkit.stores import figures
from expkit.stores.mongo.streams import read, stream_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.record.model import StreamKey
    from expkit.stores.mongo.server import Server
    from expkit.stores.mongo.streams import Piece

_LONGEST = 1 << 20
"""Characters of what is known of one stream; beyond it the points are looked at."""

_CHUNK = 100_000


def grown(known: Mapping[str, Any] | None, stream: StreamKey, piece: Piece) -> dict[str, Any] | None:
    """What is known of a stream of points once a piece is added; None where that is not enough, or too long.

    Args:
        known: what was known before.
        stream: which.
        piece: what was added.
    """
    end, text = (0, "{}") if known is None else (known["end"], known["text"])
    if stream.content != POINTS or end != piece.start:
        return None
    found = json.loads(text)
    figures.count(found, piece.items)  # type: ignore[arg-type]
    text = json.dumps(found)
    return {"end": piece.end, "text": text} if len(text) <= _LONGEST else None


def of_run(server: Server, document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The figures of the metrics of a run; points that nobody counted, as older versions left them, are counted now.

    Args:
        server: where.
        document: of the run, with ``expkit.uid``, ``expkit.ends`` and ``expkit.figures``.
    """
    ours = document["expkit"]
    parts = []
    for field, end in ours["ends"].items():
        stream = stream_of(field)
        if stream.content == POINTS:
            found = _whole(server, ours["uid"], stream, ours.get("figures", {}).get(field), end)
            parts += [figures.Part(name, stream.segment, stream.rank, 0, each) for name, each in found.items()]
    return figures.together(parts)


def _whole(server: Server, uid: str, stream: StreamKey, known: Mapping[str, Any] | None, end: int) -> dict[str, Any]:
    place, text = (0, "{}") if known is None else (known["end"], known["text"])
    found: dict[str, Any] = json.loads(text)
    while place < end:
        points = read(server, uid, stream, place, min(_CHUNK, end - place))
        if not points:
            break
        figures.count(found, points)  # type: ignore[arg-type]
        place += len(points)
    return found
