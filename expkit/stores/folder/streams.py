"""Streams of the runs in a folder: ours, and what Sacred wrote in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.record.model import POINTS, StreamKey
from expkit.stores.disk.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.stores.base import Batch
    from expkit.stores.disk.layout import StoreLayout
    from expkit.stores.disk.point_reader import Columns, Series
    from expkit.stores.folder.index import Entry


class FolderStreams:
    """Reads the streams of an entry of the index; keeps what :class:`Streams` keeps."""

    def __init__(self, layout: StoreLayout) -> None:
        self._layout = layout
        self.own = Streams(layout.locks)

    def read(self, entry: Entry, stream: StreamKey, offset: int, limit: int | None) -> Batch:
        """Items from ``offset`` on, at most ``limit``."""
        run = self._layout.run(entry.id)
        if entry.sacred and stream.content == POINTS:
            from expkit.stores.folder.sacred import points_of

            points = points_of(run) if stream == StreamKey() else []  # Sacred knew one stream of them
            return points[offset : None if limit is None else offset + limit]
        return self.own.read(run, stream, offset, limit)

    def columns(self, entry: Entry, stream: StreamKey) -> Mapping[Series, Columns] | None:
        """All points of a stream by series; None where single points must be read, because Sacred wrote them."""
        return None if entry.sacred else self.own.columns(self._layout.run(entry.id), stream)

    def ends(self, entry: Entry) -> dict[StreamKey, int]:
        """The streams and their present ends."""
        run = self._layout.run(entry.id)
        found = self.own.ends(run)
        if entry.sacred:
            from expkit.stores.folder.sacred import points_of

            found |= {StreamKey(): len(points)} if (points := points_of(run)) else {}
        return found
