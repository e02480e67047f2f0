"""The end of a run's output, as ``captured_out`` of its document shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from expkit.stores.mongo import streams

if TYPE_CHECKING:
    from expkit.record.model import StreamKey
    from expkit.stores.mongo.server import Server

SHOWN = 100_000
"""Bytes of output that are shown; all of it lies in the stream."""


class Screens:
    """Remembers the end of each run's output.

    Args:
        server: where.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._tails: dict[str, tuple[StreamKey, int, bytes]] = {}

    def shown(self, uid: str, stream: StreamKey, piece: streams.Piece) -> dict[str, Any]:
        """What the run's document says after a piece: of the first rank, which speaks for all."""
        if stream.rank:
            return {}
        tail = (self._tail(uid, stream, piece.start) + cast("bytes", piece.items))[-SHOWN:]
        self._tails[uid] = (stream, piece.end, tail)
        text = tail.decode("utf-8", "replace")
        left = piece.end - len(tail)
        return {"captured_out": f"[{left:,} bytes of output before this are in the record]\n{text}" if left else text}

    def _tail(self, uid: str, stream: StreamKey, end: int) -> bytes:
        known = self._tails.get(uid)
        if known is not None and known[:2] == (stream, end):
            return known[2]
        start = max(0, end - SHOWN)
        return cast("bytes", streams.read(self._server, uid, stream, start, end - start)) if end else b""

    def forget(self, uid: str) -> None:
        """Know nothing of a run any more."""
        self._tails.pop(uid, None)
