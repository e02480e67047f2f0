"""Output of this interpreter: streams that are recorded where they are, as the objects that they are.

Whoever holds a stream already, such as a logging handler, is recorded too, and whatever a stream can do it does as
before: only its ``write`` is another one for a while.
"""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING, Any

from expkit._support.blame import arose_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from expkit.run.output.raw import RawFile

_recorded: list[Recorded] = []


def record(stream: Any, raw: RawFile) -> Callable[[], None]:
    """Copy into ``raw`` what is written to ``stream``, until the function that is returned is called.

    Raises:
        AttributeError: a stream of a making that does not allow it.
    """
    found = next((recorded for recorded in _recorded if recorded.stream is stream), None)
    recorded = found or Recorded(stream)
    recorded.add(raw)
    return lambda: recorded.remove(raw)


class Recorded:
    """A stream, and the files that get a copy of what is written to it.

    Args:
        stream: a text stream.

    Raises:
        AttributeError: a stream of a making that does not allow it.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._raws: tuple[RawFile, ...] = ()
        self._write = stream.write
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def add(self, raw: RawFile) -> None:
        """Copy into this file, too."""
        self._set((*self._raws, raw))

    def remove(self, raw: RawFile) -> None:
        """Copy no longer into this file."""
        self._set(tuple(other for other in self._raws if other is not raw))

    def _set(self, raws: tuple[RawFile, ...]) -> None:
        self._restore()
        self._raws = raws
        if not raws:
            return
        write = _copying(self._write, raws[0]) if len(raws) == 1 else _copying_to_all(self._write, raws)
        self._replace(self.stream, "write", write)
        _recorded.append(self)
        if (buffer := getattr(self.stream, "buffer", None)) is not None:
            self._record_bytes(buffer, write.__code__)

    def _record_bytes(self, buffer: Any, *own: CodeType) -> None:
        """Record what is written past the text; text itself comes here, too, and has been recorded already."""
        own = (*own, _passing_on(print).__code__)
        encoding = str(getattr(self.stream, "encoding", None) or "utf-8")
        decode = None if _is_utf8(encoding) else encoding
        try:
            self._replace(buffer, "write", _copying_bytes(buffer.write, self._raws, own, decode))
            for name in ("flush", "close", "detach", "reconfigure"):  # these write text that has been held back
                if hasattr(self.stream, name):
                    self._replace(self.stream, name, _passing_on(getattr(self.stream, name)))
        except AttributeError:
            pass

    def _replace(self, owner: Any, name: str, function: Any) -> None:
        before = vars(owner).get(name, _NOTHING) if hasattr(owner, "__dict__") else _NOTHING
        setattr(owner, name, function)
        self._replaced.append((owner, name, function, before))

    def _restore(self) -> None:
        if self in _recorded:
            _recorded.remove(self)
        while self._replaced:
            owner, name, function, before = self._replaced.pop()
            if vars(owner).get(name) is not function:  # somebody has put another one over it: ours only passes on
                continue
            if before is _NOTHING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


def _copying(real: Callable[[str], int], raw: RawFile) -> Any:
    put = raw.put

    def write(text: str, /) -> int:
        nonlocal put  # a variable of its own: this runs twice for every line that is printed
        written = real(text)
        try:
            put(text.encode())
        except (ValueError, OSError) as error:
            put = _late(raw, text, error)
        return written

    return write


def _late(raw: RawFile, text: str, error: Exception) -> Callable[[bytes], object]:
    """Let the file take what it could not take directly; what takes text directly from now on."""
    if not arose_in(error, "expkit"):  # a signal handler has struck here, and what it raises is the program's
        raise error
    raw.late(text)
    return raw.put


def _copying_to_all(real: Callable[[str], int], raws: tuple[RawFile, ...]) -> Any:
    def write(text: str, /) -> int:
        written = real(text)
        for raw in raws:
            raw.late(text)
        return written

    return write


def _copying_bytes(
    real: Callable[[Any], int], raws: tuple[RawFile, ...], own: tuple[CodeType, ...], encoding: str | None
) -> Any:
    def write(data: Any, /) -> int:
        written = real(data)
        caller = sys._getframe().f_back
        if caller is None or caller.f_code not in own:
            for raw in raws:
                raw.late(bytes(data) if encoding is None else bytes(data).decode(encoding, "replace"))
        return written

    return write


def _passing_on(real: Callable[..., Any]) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return real(*args, **kwargs)

    return call


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name in ("utf-8", "ascii")
    except LookupError:
        return True


_NOTHING = object()
