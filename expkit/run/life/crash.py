"""Last words: what C code writes about signals and crashes of the process, so that it is there at once.

Python's own handlers must wait for the interpreter, which C code may hold for hours, and never run after a crash.
See :mod:`expkit.stores.death` for who reads it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import weakref

from expkit.stores.disk.held import HeldFile
from expkit.stores.kernel import oom_counter
from expkit.stores.last_words import header

_LONGEST = 1 << 16


class LastWords:
    """A file that gets a byte for each signal with a Python handler, and a traceback when the process crashes.

    A process has one at most: that of its outermost run. Where somebody else has asked for either (asyncio for signals,
    the user for ``faulthandler``), it stays theirs.

    Args:
        path: the file; ``""`` for none. It is there from now on until :meth:`remove`.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: HeldFile | None = None
        self._is_made = False
        self._header = b""
        self._hears = False
        self._sink: weakref.ref[_Sink] | None = None
        if path and not _mine and os.name == "posix":
            try:
                self._open()
            except OSError:  # a full disk; there are other ways to know, if less exact
                self.remove()

    def trim(self) -> None:
        """Forget what was written, where a timer or a profiler sends signals all the time."""
        if self._file is not None and self._file.is_ours and os.fstat(self._file.number).st_size > _LONGEST:
            os.ftruncate(self._file.number, 0)
            os.write(self._file.number, self._header)

    def remove(self) -> None:
        """The run has ended and says so itself."""
        if self._is_made and self.close():
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def close(self) -> bool:
        """Write no more; False where that cannot be stopped from this thread."""
        if self._file is None:
            return True
        if self._hears and not _stop_hearing(self._file.number):
            return False
        if self._sink is not None and self._sink() is not None:
            import faulthandler

            faulthandler.disable()
        self._file.close()
        self._file = None
        _mine.remove(self)
        return True

    def _open(self) -> None:
        self._file = HeldFile(self._path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
        self._is_made = True
        self._header = header(oom_counter())
        _mine.append(self)
        self._file.raise_number()
        os.write(self._file.number, self._header)
        self._hears = _hear(self._file.number)
        self._sink = _expect_crashes(self._file.number)


class _Sink:
    """What ``faulthandler`` keeps: when it has let go of this object, somebody else has asked it for something."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd

    def flush(self) -> None:
        pass


_mine: list[LastWords] = []


def _hear(fd: int) -> bool:
    if threading.current_thread() is not threading.main_thread():
        return False
    before = signal.set_wakeup_fd(fd, warn_on_full_buffer=False)
    if before != -1:
        signal.set_wakeup_fd(before)
    return before == -1


def _stop_hearing(fd: int) -> bool:
    if threading.current_thread() is not threading.main_thread():
        return False
    now = signal.set_wakeup_fd(-1)
    if now not in (-1, fd):
        with contextlib.suppress(OSError, ValueError):  # closed by whoever it was
            signal.set_wakeup_fd(now)
    return True


def _expect_crashes(fd: int) -> weakref.ref[_Sink] | None:
    import faulthandler

    if faulthandler.is_enabled():
        return None
    sink = _Sink(fd)
    faulthandler.enable(sink)
    return weakref.ref(sink)


def _after_fork() -> None:
    """What a forked child gets, or how it crashes, is not the run's affair."""
    for words in [*_mine]:
        words.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
