"""Python's stdout in front of a pipe: line by line, and in blocks while very much is printed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from expkit._support.forking import ForkLocks
from expkit._support.threads import OwnThread

if TYPE_CHECKING:
    from collections.abc import Callable

TICK = 0.02
"""Seconds after which a block is written at the latest."""

_SAMPLE = 64
_MOST = 0.7
_LONG_ENOUGH = 0.01
_TURN = 1.0
_FEW, _CALM = 2000, 5
_BLOCK = 4096


class Pace:
    """Writes each line as it is printed, so that it outlives the process; a call of the system costs as much as ten.

    Once most of the time is spent on that, in a program that does nothing but print, lines are written in blocks, of
    8 KB or every :data:`TICK` seconds, until that is over. Not where it also writes elsewhere, since somebody could
    then know of a line that a kill -9 would take; and not where several threads may print: Python's streams lose text
    when they hold blocks for more than one. What goes to stderr, and a fork, come after what was printed before them.

    Args:
        out: stdout, a text stream in front of descriptor 1.
        err: stderr likewise, or None.
        wake: called when :meth:`tick` should soon be.
        mend: called when nobody reads the pipe any more; whether the descriptors now lead elsewhere.
    """

    def __init__(self, out: Any, err: Any, wake: Callable[[], None], mend: Callable[[], bool]) -> None:
        self.blocks = False
        self._out = out
        self._wake = wake
        self._mend = mend
        self._lines = self._calm = 0
        self._spent = self._since = 0.0
        self._lines_before = self._writes_before = 0
        self._wanted = self._failed = False
        self._lock = threading.RLock()
        self._undo: list[tuple[Any, Any]] = []
        out.reconfigure(line_buffering=True)
        with suppress(AttributeError):  # a stream of another making stays line by line
            self._set_flush(out.buffer, self._measuring(out.buffer.flush))
            if err is not None:
                self._set_flush(err.buffer, self._after_stdout(err.buffer.flush))
        _paces.append(self)

    def tick(self, growth: int) -> None:
        """Write what waits, and choose between lines and blocks.

        Args:
            growth: bytes that have come since the last time.
        """
        with self._lock, suppress(ValueError, OSError):  # the program meets these errors itself at its next line
            if self._wanted and not self.blocks:
                self._begin_blocks()
            elif self.blocks:
                self._out.flush()
                self._calm = self._calm + 1 if growth < _FEW else 0
                # looked at anew from time to time: lines cost little where there are not so many any more
                if self._calm > _CALM or monotonic() - self._since > _TURN or self._does_more(growth / _BLOCK):
                    self.blocks = False
                    self._out.reconfigure(line_buffering=True)

    def _begin_blocks(self) -> None:
        self._wanted = False
        if not _several_threads():
            self._out.reconfigure(line_buffering=False)
            self.blocks = True
            self._calm = 0
            self._since = monotonic()

    def stop(self) -> None:
        """Leave the stream as it was.

        What a flush could not write, the program knows of: it must not fail once more when the interpreter ends.
        """
        with self._lock:
            self.blocks = False
            if self._failed:
                _lead_nowhere(self._out)
            if self in _paces:
                _paces.remove(self)
            while self._undo:
                buffer, flush = self._undo.pop()
                if vars(buffer).get("flush") is flush:
                    del buffer.flush
            with suppress(ValueError, OSError):
                self._out.reconfigure(line_buffering=False)

    def _set_flush(self, buffer: Any, flush: Any) -> None:
        buffer.flush = flush
        self._undo.append((buffer, flush))

    def _measuring(self, real: Callable[[], None]) -> Any:
        def flush() -> None:
            self._lines += 1
            try:
                if self._lines % _SAMPLE or self.blocks:
                    self._write(real)
                else:
                    self._measure(real)
            except OSError:
                self._failed = True
                raise

        return flush

    def _after_stdout(self, real: Callable[[], None]) -> Any:
        def flush() -> None:
            if self.blocks:
                with suppress(ValueError, OSError):
                    self._out.flush()
            self._write(real)

        return flush

    def _write(self, real: Callable[[], None]) -> None:
        try:
            real()
        except BrokenPipeError:
            if not self._mend():
                raise
            real()

    def _measure(self, real: Callable[[], None]) -> None:
        """Find out by one line in many how much of the time goes into writing them."""
        start = monotonic()
        self._write(real)
        now = monotonic()
        self._spent += (now - start) * _SAMPLE
        if (passed := now - self._since) > _LONG_ENOUGH:
            if not self._does_more() and self._spent > passed * _MOST:
                self._wanted = True
                self._wake()
            self._spent, self._since = 0.0, now

    def _does_more(self, blocks: float = 0) -> bool:
        """Whether more has been written since this was last asked than was printed, or several threads may print."""
        lines, writes = self._lines - self._lines_before, _writes() - self._writes_before
        self._lines_before += lines
        self._writes_before += writes
        return writes > lines * 1.05 + blocks + 50 or _several_threads()


def _lead_nowhere(stream: Any) -> None:
    with suppress(ValueError, OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _writes() -> int:
    """Calls of the system by which this process has written until now; 0 where nobody counts them."""
    try:
        with open("/proc/self/io", "rb") as file:
            return int(file.read().partition(b"syscw: ")[2].split(b"\n")[0])
    except (OSError, ValueError):
        return 0


def _several_threads() -> bool:
    """Whether there are threads beside the program's first one, apart from ours."""
    return sum(not isinstance(thread, OwnThread) for thread in threading.enumerate()) > 1


_paces: list[Pace] = []
_forking = ForkLocks()


def _before_fork() -> None:
    """Leave nothing in a block that a child would write once more, and no lock that nobody would release there."""
    paces = [*_paces]
    _forking.begin(pace._lock for pace in paces)
    for pace in paces:
        if pace.blocks:
            with suppress(ValueError, OSError):
                pace._out.flush()


def _after_fork_in_child() -> None:
    """There is no thread here that would write blocks."""
    for pace in _paces:
        if pace.blocks:
            pace.blocks = False
            with suppress(ValueError, OSError):
                pace._out.reconfigure(line_buffering=True)
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_forking.release, after_in_child=_after_fork_in_child)
