"""A run's output, as ``captured_out`` of its document shows it: all of it while it is short, else its head and its tail.

A text in a document can only be replaced. While it is short, that is done with every piece; later when an eighth is new,
after a minute, and at the end: so what is sent stays in proportion to what is new.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from expkit.stores.mongo import streams
from expkit.stores.mongo.outputs import name_of

if TYPE_CHECKING:
    from expkit.record.model import StreamKey
    from expkit.stores.mongo.server import Server

SHOWN = 100_000
"""Bytes of output up to which all of it is shown."""

_HEAD = 20_000
_OFTEN = 4_000
_PART = 8
_AGE = 60.0


class _Screen(NamedTuple):
    """What is known of the output of a run.

    Attributes:
        stream: whose output is shown.
        end: of the stream.
        head: its first bytes.
        tail: its last ones.
        shown: up to where the document shows it.
        time: since when.
    """

    stream: StreamKey
    end: int = 0
    head: bytes = b""
    tail: bytes = b""
    shown: int = -1
    time: float = 0.0

    def grown(self, data: bytes) -> _Screen:
        head = self.head + data[: _HEAD - len(self.head)] if len(self.head) < _HEAD else self.head
        return self._replace(end=self.end + len(data), head=head, tail=(self.tail + data)[-SHOWN:])

    def is_due(self) -> bool:
        new = self.end - self.shown
        return self.end <= _OFTEN or new * _PART >= min(self.end, SHOWN) or monotonic() - self.time >= _AGE


class Screens:
    """Remembers the output of runs under way, as far as it is shown.

    Args:
        server: where.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._known: dict[str, _Screen] = {}

    def shown(self, uid: str, stream: StreamKey, piece: streams.Piece) -> dict[str, Any]:
        """What the run's document says after a piece: of the first rank, which speaks for all."""
        if stream.rank:
            return {}
        screen = self._at(uid, stream, piece.start).grown(cast("bytes", piece.items))
        return self._show(uid, screen) if screen.is_due() else self._keep(uid, screen)

    def rest(self, uid: str, stream: StreamKey, end: int) -> dict[str, Any]:
        """What is still to be shown at the end of a run."""
        screen = self._at(uid, stream, end)
        return self._show(uid, screen) if screen.shown < end else {}

    def _keep(self, uid: str, screen: _Screen) -> dict[str, Any]:
        self._known[uid] = screen
        return {}

    def _show(self, uid: str, screen: _Screen) -> dict[str, Any]:
        self._known[uid] = screen._replace(shown=screen.end, time=monotonic())
        return {"captured_out": _text(uid, screen)}

    def _at(self, uid: str, stream: StreamKey, end: int) -> _Screen:
        known = self._known.get(uid)
        if known is not None and (known.stream, known.end) == (stream, end):
            return known
        head, start = self._read(uid, stream, 0, min(end, _HEAD)), max(0, end - SHOWN)
        return _Screen(stream, end, head, self._read(uid, stream, start, end - start))

    def _read(self, uid: str, stream: StreamKey, start: int, size: int) -> bytes:
        return cast("bytes", streams.read(self._server, uid, stream, start, size)) if size else b""

    def forget(self, uid: str) -> None:
        """Know nothing of a run any more."""
        self._known.pop(uid, None)


def _text(uid: str, screen: _Screen) -> str:
    if screen.end <= SHOWN:
        return screen.tail.decode("utf-8", "replace")
    tail = screen.tail[_HEAD - SHOWN :]
    left = screen.end - len(screen.head) - len(tail)
    note = f"{left:,} bytes are left out here; the GridFS has the file {name_of(uid, streams.field_of(screen.stream))}"
    return "\n".join((screen.head.decode("utf-8", "replace"), f"[{note}]", tail.decode("utf-8", "replace")))
