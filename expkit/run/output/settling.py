"""What was printed, settled into the file that people read: :class:`Settler`."""

from __future__ import annotations

import logging
import os
import re
import threading
from contextlib import suppress
from time import gmtime, monotonic, strftime
from typing import TYPE_CHECKING

from expkit._support.shown import Shown
from expkit.stores.disk import files, output
from expkit.stores.disk.output import CHUNK, Note

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.run.output.filtering import Filtering

log = logging.getLogger("expkit")

_QUIET = 1.0
_LARGE, _NOTED_EVERY = 1 << 26, 1 << 22
_LINES = r"[^\n]*\n|[^\n]+"


class Settler:
    """Brings bytes of the raw file as settled lines into ``path``, and below them the screen as it is.

    Args:
        path: what people read.
        end: tells how many bytes of the raw file are printed; None where its size says so.
        filter: gets each line with its end, returns what to keep of it. With one there is no screen in ``path``.

    Attributes:
        length: bytes of ``path`` that will not change any more.
    """

    def __init__(self, path: str, end: Callable[[], int | None], filter: Callable[[str], str] | None) -> None:
        self.length = 0
        self._path = path
        self._end = end
        self._filter = None if filter is None else _filtering(filter)
        self._shows_screen = filter is None
        self._screen = Shown()
        self._offset = self._noted = self._given_back = 0
        self._ready: list[bytes] = []  # settled, and not written yet
        self._shown = (b"", 0)
        self._quieted = monotonic()
        self._lock = threading.RLock()
        self._is_busy = self._is_last = False
        self._go_on()
        self._key = os.path.abspath(path)
        output.settling[self._key] = lambda: self.length

    @property
    def gap(self) -> str:
        """One sentence on what was not settled as it should be, or ``""``."""
        return self._filter.gap if self._filter is not None else ""

    def pump(self) -> int:
        """Settle what has been printed until now; return how many bytes there were.

        Raises:
            OSError: the disk does not take it; nothing is lost by that.
        """
        with self._lock:
            if self._is_busy:  # a filter, or a signal handler that comes in between
                return 0
            self._is_busy = True
            try:
                return self._pump()
            finally:
                self._is_busy = False

    def finish(self) -> None:
        """Settle all that was printed; what it was made from is then no longer needed.

        Raises:
            OSError: the disk does not take it; readers still put it together.
        """
        with self._lock:
            try:
                self._is_last = True
                self.pump()
                self._keep(self._screen.rest())
                self._screen = Shown()
                self._write(note=False)
                self._remove_raw()
            finally:
                self.leave()

    def leave(self) -> None:
        """Let readers judge for themselves from here on."""
        output.settling.pop(self._key, None)

    def _go_on(self) -> None:
        """Begin after what is there already."""
        if os.path.exists(output.raw_path(self._path)):  # somebody was killed here
            files.write_at(self._path, 0, output.read(self._path))
            self._remove_raw()
        self.length = files.size_of(self._path)
        if self.length:
            output.write_note(self._path, Note(length=self.length))

    def _remove_raw(self) -> None:
        for path in (output.raw_path(self._path), output.note_path(self._path)):  # in this order for readers
            with suppress(FileNotFoundError):
                os.unlink(path)

    def _pump(self) -> int:
        before = self._offset
        if self._ready:
            self._write()
        end = self._end()
        if end is None:
            end = files.size_of(output.raw_path(self._path))
        try:
            with open(output.raw_path(self._path), "rb", buffering=0) as raw:
                raw.seek(before)
                while data := raw.read(max(0, min(CHUNK, end - self._offset))):
                    self._offset += len(data)
                    self._keep(self._screen.feed(data))
                    self._write(note=self._offset - self._noted > _NOTED_EVERY)
                    self._give_back()
        except FileNotFoundError:
            return 0
        if (now := monotonic()) - self._quieted > _QUIET and not self._is_last:
            self._quieted = now
            self._keep(self._screen.quiet())
        self._write(note=not self._is_last)
        return self._offset - before

    def _write(self, *, note: bool = True) -> None:
        """Append settled lines and the screen, then note how far it came; unless nothing is new."""
        lines = b"".join(self._ready)
        screen = self._screen.rest() if self._shows_screen else b""
        is_noted = self._noted == self._offset or not note
        if not lines and (screen, self._offset) == self._shown and is_noted:
            return
        with open(self._path, "r+b", buffering=0) as file:
            file.seek(self.length)
            files.write_all(file.fileno(), lines + screen)
            if len(lines) + len(screen) < len(self._shown[0]):
                file.truncate()
        if note:
            offset = self._offset - self._screen.unfinished
            output.write_note(self._path, Note(offset, self.length + len(lines), self._screen.state))
            self._noted = self._offset
        self._ready.clear()
        self._shown = screen, self._offset
        self.length += len(lines)

    def _keep(self, lines: bytes) -> None:
        if lines and self._filter is not None:
            text = re.findall(_LINES, lines.decode("utf-8", "replace"))
            lines = "".join(self._filter(text)).encode("utf-8", "backslashreplace")
        if lines:
            self._ready.append(lines)

    def _give_back(self) -> None:
        """Give the disk back what is settled, if it is much; readers may still be at the last few megabytes."""
        if self._offset - self._given_back > 2 * _LARGE:
            upto = self._offset - _LARGE
            _punch(output.raw_path(self._path), self._given_back, upto - self._given_back)
            self._given_back = upto


def _filtering(filter: Callable[[str], str]) -> Filtering:
    from expkit.run.output.filtering import Filtering

    return Filtering(filter)


def _punch(path: str, start: int, size: int) -> None:
    """Free a part of a file; where that cannot be done, it stays until the end of the run."""
    import ctypes

    fallocate = getattr(ctypes.CDLL(None), "fallocate", None) if os.name == "posix" else None
    if fallocate is None:
        return
    keep_size, punch_hole = 1, 2
    fd = os.open(path, os.O_RDWR)
    try:
        fallocate(fd, keep_size | punch_hole, ctypes.c_long(start), ctypes.c_long(size))
    finally:
        os.close(fd)


def incomplete(error: OSError | str, since: float | None = None) -> str:
    """The sentence on output that is missing.

    Args:
        error: why.
        since: seconds since 1970; now by default.
    """
    reason = error if isinstance(error, str) else error.strerror or str(error)
    return (
        f"output is not complete: from {strftime('%Y-%m-%d %H:%M:%S', gmtime(since))} UTC on some is missing: {reason}"
    )
