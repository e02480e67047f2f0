"""Writing to a terminal, or to whatever stands in its place."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


def emit(text: str, stream: TextIO | None, *, needed: bool = False) -> bool:
    """Write ``text`` and flush; characters that the stream's encoding lacks are escaped.

    Where the reader has gone (``| head``), this and all later output goes nowhere. A stream that is closed or
    missing (``2>&-``, programs without a console) is passed over, and so is any other trouble unless it is ``needed``.

    Raises:
        OSError: what is needed cannot be written: the disk is full.

    Returns:
        False if the reader was found gone now.
    """
    if stream is None or stream.closed:
        return True
    try:
        _write(text, stream)
    except BrokenPipeError:
        _turn_away(stream)
        return False
    except OSError as error:
        if needed and error.errno != errno.EBADF:  # else the descriptor below the stream was closed
            _turn_away(stream)
            raise
    return True


def _turn_away(stream: TextIO) -> None:
    """Let all that comes go nowhere: Python flushes once more at exit, which must not fail a second time."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _write(text: str, stream: TextIO) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether people may be looking; nobody looks at a stream that is closed or missing."""
    return stream is not None and not stream.closed and stream.isatty()


def wants_colour(stream: TextIO | None) -> bool:
    """Whether colour has a place there: on a terminal that can, unless ``NO_COLOR`` is set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def speaks_unicode(stream: TextIO | None) -> bool:
    """Whether arrows and dots can be written there."""
    try:
        "→·".encode(getattr(stream, "encoding", None) or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
