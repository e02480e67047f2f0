"""Output of this process and its children: file descriptors 1 and 2, led through ``tee`` processes.

A process of its own is needed: a thread could not empty the pipe while C code prints and holds the interpreter lock, and
what was printed must reach the record even if this process is killed. It has its own session, and no signal ends it
before its pipe ends.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from expkit.provenance.code.modules import imported, loaded
from expkit.run.output.tees import Tee, begin, begun, high, tee_program
from expkit.settings import SETTINGS
from expkit.stores.disk.held import Held

if TYPE_CHECKING:
    from collections.abc import Iterator

DESCRIPTORS = STDOUT, STDERR = 1, 2

_PATIENCE = 2.0
_SETTLED = 0.05
_HELD = 1 << 20

_lock = threading.RLock()
_stack: list[Redirection] = []


class Redirection:
    """Leads descriptors 1 and 2 through tees that append to ``path``; redirections may be stacked.

    Args:
        path: the file that gets a copy of everything.

    Attributes:
        complaints: what tees have said, once stopped: a file or a target that takes nothing more.
        broken_at: since when it leads nowhere (see :meth:`mend`), in seconds since 1970; 0.0 if it does.

    Raises:
        OSError: no process or no descriptor is to be had.
    """

    def __init__(self, path: str) -> None:
        self.complaints = ""
        self._path = path
        self.broken_at = 0.0
        self._saved: dict[int, Held] = {}  # descriptor to a copy of what it was
        self._tees: list[Tee] = []  # those that it leads to
        self._left: list[Tee] = []
        with _lock:
            flush_streams()
            self.attach()
            _stack.append(self)

    def stop(self) -> None:
        """Lead the descriptors back, and wait until all that was written has been recorded.

        Redirections that were begun later, and last longer, are lifted and laid down again.
        """
        with _lock, contextlib.ExitStack() as undo:
            flush_streams()
            ends = [(tee, self._watch(tee, undo)) for tee in self._tees]
            keep = undo.pop_all()
            try:
                self._lift()
            finally:
                _stack.remove(self)
        with keep:
            for tee, end in ends:
                _wait_for(tee, end, self._path)
        for tee in self._left:
            tee.has_ended  # noqa: B018 - reads what it has said
            self.complaints += tee.said
            tee.close()
        self._left.clear()

    def mend(self) -> bool:
        """Lead the descriptors back if somebody has ended a tee, or its reader went away; whether that was so just now."""
        with _lock:
            if self not in _stack or not any(tee.has_ended for tee in self._tees):
                return False
            self.broken_at = time.time()
            self._lift()
            return True

    def mend_soon(self) -> bool:
        """:meth:`mend`, when a write has just failed: a tee that goes lets go of its pipe a moment before it has ended."""
        if not any(tee.is_behind(fd) for tee in self._tees for fd in DESCRIPTORS):
            return bool(self.broken_at)
        end = time.monotonic() + _PATIENCE
        while not self.mend() and self._tees and time.monotonic() < end:
            time.sleep(0.001)
        return bool(self.broken_at)

    def attach(self) -> None:
        """Lead the descriptors through new tees, from wherever they lead now."""
        same = _same_target(STDOUT, STDERR)
        groups = [(STDOUT, STDERR)] if same else [(STDOUT,), (STDERR,)]
        with contextlib.ExitStack() as failed, contextlib.ExitStack() as undo:
            tees, starter = begin([targets[0] for targets in groups], self._path)
            for tee in tees:
                undo.callback(os.close, tee.pipe)
                failed.callback(tee.close)
            begun(tees, starter)
            saved: dict[int, Held] = {}
            for target in DESCRIPTORS:
                saved[target] = Held(high(os.dup(target)))
                failed.callback(saved[target].close)
                saved[target].raise_number()
            failed.pop_all()
            self._saved = saved
            for tee, targets in zip(tees, groups, strict=True):
                self._tees.append(tee)
                for target in targets:
                    os.dup2(tee.pipe, target)

    def detach(self) -> None:
        """Lead them back; the tees end when everybody has let go of their pipes."""
        for target, saved in self._saved.items():
            if saved.is_ours:  # else the program has closed it, and goes on printing through the tee
                os.dup2(saved.number, target)
                saved.close()
        self._saved = {}
        self._left += self._tees
        self._tees = []

    def _lift(self) -> None:
        above = _stack[_stack.index(self) + 1 :]
        for other in reversed(above):
            other.detach()
        self.detach()
        for other in above:
            other.attach()

    def _watch(self, tee: Tee, undo: contextlib.ExitStack) -> int:
        behind = [fd for fd in DESCRIPTORS if tee.is_behind(fd)]
        end = tee.watch(behind[0]) if behind else -1
        if end >= 0:
            undo.callback(os.close, end)
        return end


def usable() -> bool:
    """Whether descriptors can be led through tees here."""
    try:
        return all(map(os.fstat, DESCRIPTORS)) and bool(tee_program())
    except OSError:  # closed
        return False


def flush_streams() -> None:
    """Let go of what Python's streams and C's hold back."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(Exception):  # None, closed, or anything else that a user put there
            stream.flush()  # type: ignore[union-attr]
    if _may_use_c_streams():
        _flush_c_streams()


def _may_use_c_streams() -> bool:
    """Whether somebody is here who could print through C's ``stdout``; loading ctypes to flush it costs 5 ms."""
    if "ctypes" in sys.modules:
        return True
    return _has_others_extension(imported())


@lru_cache(maxsize=1)
def _has_others_extension(_: tuple[int, ...]) -> bool:
    return any(
        name.partition(".")[0] not in _SILENT and type(names.get("__loader__")).__name__ == "ExtensionFileLoader"
        for name, names in loaded()
    )


def _flush_c_streams() -> None:
    import ctypes

    library = ctypes.CDLL(None)
    # these two only: to flush all, C would wait for a thread that reads from the terminal
    for name in ("__stdoutp", "__stderrp") if sys.platform == "darwin" else ("stdout", "stderr"):
        with contextlib.suppress(ValueError, AttributeError):
            library.fflush(ctypes.c_void_p.in_dll(library, name))


def _same_target(one: int, other: int) -> bool:
    first, second = os.fstat(one), os.fstat(other)
    return (first.st_dev, first.st_ino, first.st_rdev) == (second.st_dev, second.st_ino, second.st_rdev)


def _wait_for(tee: Tee, end: int, path: str) -> None:
    """Wait until a tee has ended, or has nothing left to do while a child of ours keeps its pipe open.

    It is never ended by force: whoever holds its pipe would be ended, too. What such a child goes on printing is not
    waited for: all that was ours has gone through once the pipe was empty, or more has come than the tee can hold.

    Args:
        tee: its pipe is no longer written to by this process.
        end: of its pipe, to look how much is left; or -1.
        path: what it appends to.
    """
    began = changed = time.monotonic()
    first = size = _size_of(path)
    emptied = 0.0
    for pause in _pauses():
        if tee.has_ended:
            return
        now = time.monotonic()
        if (found := _size_of(path)) != size:
            size, changed = found, now
        if not emptied and now - began > _SETTLED and _unread(end) == 0:
            emptied = now
        if now - changed > _PATIENCE or (emptied and now - min(changed, emptied) > _SETTLED):
            return
        if size - first > _HELD or now - began > SETTINGS.LANES.END_LIMIT:
            return
        time.sleep(pause)


def _pauses() -> Iterator[float]:
    pause = 0.0002
    while True:
        yield pause
        pause = min(pause * 1.5, 0.02)


def _unread(end: int) -> int | None:
    """Bytes in a pipe, or None where that cannot be known."""
    import fcntl
    import termios

    try:
        return int.from_bytes(fcntl.ioctl(end, termios.FIONREAD, bytes(4)), sys.byteorder)
    except (OSError, ValueError):
        return None


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


_SILENT = frozenset((*sys.stdlib_module_names, "expkit", "psutil", "wrapt", "yaml"))
