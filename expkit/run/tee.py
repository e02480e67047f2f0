"""Output of this interpreter: streams that stand in for ``sys.stdout`` and ``sys.stderr``."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

from expkit._support.blame import arose_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAMES = ("stdout", "stderr")


class Sink:
    """The file that gets a copy: of each line at its end, and at every flush.

    A process that is killed has lost no whole line; nothing that goes wrong here is the program's problem.

    Args:
        path: appended to.

    Attributes:
        error: what went wrong first, if anything did.
    """

    def __init__(self, path: Path) -> None:
        raw = path.open("ab", buffering=0)
        self._text = io.TextIOWrapper(raw, "utf-8", "backslashreplace", newline="", line_buffering=True)
        self.error: OSError | None = None

    def write(self, text: str) -> None:
        """Append text."""
        try:
            self._text.write(text)
        except (OSError, ValueError) as error:
            self._forgive(error)

    def write_bytes(self, data: bytes) -> None:
        """Append bytes."""
        try:
            self._text.flush()
            self._text.buffer.write(data)
        except (OSError, ValueError) as error:
            self._forgive(error)

    def flush(self) -> None:
        """Append a line that has not ended yet, too."""
        try:
            self._text.flush()
        except (OSError, ValueError) as error:
            self._forgive(error)

    def close(self) -> None:
        """From here on nothing is copied."""
        try:
            self._text.close()
        except OSError as error:
            self._forgive(error)

    def _forgive(self, error: Exception) -> None:
        if not arose_in(error, __name__):
            raise error
        if isinstance(error, OSError):  # else somebody has kept a stream of a run that is over
            self.error = self.error or error


class TeeStream:
    """Passes everything on to a text stream, and copies what is written; all else is the stream's own doing.

    Args:
        stream: the stream that it stands in for.
        sink: takes the copy.
    """

    def __init__(self, stream: Any, sink: Sink) -> None:
        self.tee_stream = stream
        self.tee_sink = sink

    def write(self, text: str, /) -> int:
        """Write to the stream, then to the sink."""
        written: int = self.tee_stream.write(text)
        self.tee_sink.write(text)
        return written

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write all of them."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream and the sink."""
        self.tee_stream.flush()
        self.tee_sink.flush()

    @property
    def buffer(self) -> TeeBuffer:
        """The stream's buffer, copied likewise."""
        return TeeBuffer(self.tee_stream.buffer, self.tee_sink)

    def __getattr__(self, name: str) -> Any:
        if name == "tee_stream":  # a copy that is half made
            raise AttributeError(name)
        return getattr(self.tee_stream, name)

    def __repr__(self) -> str:
        return f"<recorded {self.tee_stream!r}>"


class TeeBuffer:
    """Passes bytes on to a binary stream, and copies them."""

    def __init__(self, stream: Any, sink: Sink) -> None:
        self._stream = stream
        self._sink = sink

    def write(self, data: Any, /) -> int:
        """Write to the stream, then to the sink."""
        written: int = self._stream.write(data)
        self._sink.write_bytes(bytes(data))
        return written

    def writelines(self, lines: Iterable[Any], /) -> None:
        """Write all of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "_stream":  # a copy that is half made
            raise AttributeError(name)
        return getattr(self._stream, name)


def install(name: str, sink: Sink) -> TeeStream | None:
    """Put a tee in the place of ``sys.<name>``; None where there is no such stream."""
    stream = getattr(sys, name)
    if stream is None:
        return None
    tee = TeeStream(stream, sink)
    setattr(sys, name, tee)
    return tee


def remove(name: str, tee: TeeStream) -> None:
    """Take a tee out of the way to ``sys.<name>``, wherever it stands."""
    top = getattr(sys, name)
    if top is tee:
        setattr(sys, name, tee.tee_stream)
    while isinstance(top, TeeStream):
        if top.tee_stream is tee:
            top.tee_stream = tee.tee_stream
        top = top.tee_stream
