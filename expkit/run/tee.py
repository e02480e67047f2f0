"""Output of this interpreter: streams that stand in for ``sys.stdout`` and ``sys.stderr``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Record = Callable[[bytes], object]

NAMES = ("stdout", "stderr")


class TeeStream:
    """Passes everything on to a text stream, and records what was written; all else is the stream's own doing.

    Args:
        stream: the stream that it stands in for.
        record: takes the bytes of what was written, as UTF-8.
    """

    def __init__(self, stream: Any, record: Record) -> None:
        self.tee_stream = stream
        self.tee_record = record

    def write(self, text: str, /) -> int:
        """Write to the stream, then to the record."""
        written: int = self.tee_stream.write(text)
        self.tee_record(text.encode("utf-8", "backslashreplace"))
        return written

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write all of them."""
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> TeeBuffer:
        """The stream's buffer, recorded likewise."""
        return TeeBuffer(self, self.tee_stream.buffer)

    def __getattr__(self, name: str) -> Any:
        if name == "tee_stream":  # a copy that is half made
            raise AttributeError(name)
        return getattr(self.tee_stream, name)

    def __repr__(self) -> str:
        return f"<recorded {self.tee_stream!r}>"


class TeeBuffer:
    """Passes bytes on to a binary stream, and records them."""

    def __init__(self, tee: TeeStream, stream: Any) -> None:
        self._tee = tee
        self._stream = stream

    def write(self, data: Any, /) -> int:
        """Write to the stream, then to the record."""
        written: int = self._stream.write(data)
        self._tee.tee_record(bytes(data))
        return written

    def writelines(self, lines: Iterable[Any], /) -> None:
        """Write all of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "_stream":  # a copy that is half made
            raise AttributeError(name)
        return getattr(self._stream, name)


def install(name: str, record: Record) -> TeeStream | None:
    """Put a tee in the place of ``sys.<name>``; None where there is no such stream."""
    stream = getattr(sys, name)
    if stream is None:
        return None
    tee = TeeStream(stream, record)
    setattr(sys, name, tee)
    return tee


def remove(name: str, tee: TeeStream) -> None:
    """Take a tee out of the way to ``sys.<name>``, wherever it stands; who still holds it finds it only passing on."""
    tee.tee_record = _nowhere
    top = getattr(sys, name)
    if top is tee:
        setattr(sys, name, tee.tee_stream)
    while isinstance(top, TeeStream):
        if top.tee_stream is tee:
            top.tee_stream = tee.tee_stream
        top = top.tee_stream


def _nowhere(data: bytes) -> None:
    """The end of recording."""
