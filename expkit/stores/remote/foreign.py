"""Streams that came here as files: of a folder that was copied into the bucket, or of the predecessor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from expkit.record.model import OUTPUT, POINTS, StreamKey
from expkit.stores.remote import layout
from expkit.stores.remote.coding import unpacked
from expkit.stores.remote.sacred import sacred_points

if TYPE_CHECKING:
    from expkit.stores.remote.media import Media

_OUTPUT = re.compile(r"cout(?:-(\d+)-(\d+))?\.txt")
_POINTS = re.compile(r"metrics-(\d+)-(\d+)\.points")


_FIRST = "metrics-0-0.points"


def ends(media: Media, run_id: str) -> dict[StreamKey, int]:
    """The streams of a run and their ends; points have to be counted."""
    found = {}
    for item in media.items(run_id):
        name = item.name.partition("/")[2]
        if name == "metrics.json":
            name = _FIRST
        if match := _OUTPUT.fullmatch(name):
            found[StreamKey(OUTPUT, int(match[1] or 0), int(match[2] or 0))] = item.size
        elif match := _POINTS.fullmatch(name):
            stream = StreamKey(POINTS, int(match[1]), int(match[2]))
            found[stream] = len(read(media, run_id, stream))
    return found


def read(media: Media, run_id: str, stream: StreamKey) -> Any:
    """All items of a stream."""
    data = media.find(name := layout.whole(run_id, stream))
    if stream.content == OUTPUT:
        return data or b""
    if data is None and stream == StreamKey(POINTS):
        return sacred_points(media, run_id)
    return unpacked(data or b"", name)
