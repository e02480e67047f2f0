"""Captured output: what a run prints, in a file, as a terminal would show it.

``sys`` takes what this interpreter's ``sys.stdout`` and ``sys.stderr`` get; on a terminal nothing else changes.
``fd`` takes also what C code and child processes print; programs then see a pipe instead of a terminal.
Both put bytes into a raw file beside the output, where they outlive the process; a thread settles them from there.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import sys
import threading
from typing import TYPE_CHECKING, Any

from expkit._support import troubles
from expkit.errors import UsageError
from expkit.run.clock import LateThread
from expkit.run.output import pipes
from expkit.run.output.flood import TICK, Pace
from expkit.run.output.settling import Settler, incomplete
from expkit.settings import SETTINGS
from expkit.stores.disk import output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expkit.run.output.raw import RawFile

log = logging.getLogger("expkit")

MODES = ("auto", "no", "sys", "fd")
TAIL = 10_000_000

_NAMES = ("stdout", "stderr")
_NO_TEE = "nobody reads it any more, or somebody has ended the helper process `tee`"
_SOON, _LATER = 0.1, 0.5
_TURN = 0.2
_UNSETTLED = "output could not be settled"


def capture(mode: str, path: Path, filter: Callable[[str], str] | None = None) -> Capture:
    """Begin to capture.

    Args:
        mode: ``no``, ``sys``, ``fd``; or ``auto``: ``fd`` where neither stdout nor stderr is a terminal and Python's
            streams lead to them (in notebooks they do not), else ``sys``.
        path: the file to append to.
        filter: gets each line with its end, as a terminal would show it, and returns what to keep of it.

    Raises:
        UsageError: there is no such mode.
    """
    if mode not in MODES:
        raise UsageError(f"there is no capture mode {mode!r}; use {', '.join(MODES[:-1])} or {MODES[-1]}")
    if mode == "no":
        with contextlib.suppress(OSError):
            path.open("ab").close()  # whoever reads runs looks for it in each of them
    if mode == "auto":
        mode = "fd" if _fits_descriptors() else "sys"
    return Capture(mode, path, filter)


class Capture:
    """Capture that goes on until :meth:`stop` or the end of a ``with`` block.

    Attributes:
        mode: what is really done: ``no``, ``sys`` or ``fd``.
        gap: one sentence on what is missing, or ``""``.
    """

    def __init__(self, mode: str, path: Path, filter: Callable[[str], str] | None = None) -> None:
        self.mode = mode
        self.gap = ""
        self._pid = os.getpid()
        self._path = os.fspath(path)
        self._raw_path = output.raw_path(self._path)
        self._raw: RawFile | None = None
        self._upto: int | None = None
        self._settler: Settler | None = None
        self._pace: Pace | None = None
        self._redirection: pipes.Redirection | None = None
        self._thread: LateThread | None = None
        self._wake = threading.Event()
        self._stopped = False
        self._undo = contextlib.ExitStack()
        if mode == "no":
            return
        path.touch()
        self._settler = Settler(self._path, self._end, filter)
        with contextlib.ExitStack() as undo:
            undo.callback(self._settler.leave)
            self._start(undo)
            self._wake.set()  # the thread begins with work
            with contextlib.suppress(RuntimeError):  # no more threads: beats and the end settle
                self._thread = LateThread(self._run, "output", _SOON)
            self._undo = undo.pop_all()

    def __enter__(self) -> Capture:  # noqa: PYI034 - `Self` needs Python 3.11
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def pump(self) -> None:
        """Bring the file up to date; for every beat."""
        if self._settler is not None and os.getpid() == self._pid:
            with contextlib.suppress(OSError):  # what is not settled now is settled later
                self._settler.pump()

    def stop(self) -> None:
        """End it: what was written until now is in the file afterwards. Once is enough, twice does no harm."""
        settler, self._settler = self._settler, None
        self._stopped = True
        self._wake.set()
        try:
            self._undo.close()
        except Exception as error:  # a stream that the program closed
            self.gap = self.gap or incomplete(str(error))
        self._upto = _size_of(self._raw_path)  # a child may go on printing
        if settler is None or os.getpid() != self._pid:
            return
        if not self._has_ended():
            self.gap = self.gap or incomplete("the disk does not answer")
            settler.leave()  # readers put together what is there
            return
        self._note_losses()
        try:
            settler.finish()
        except OSError as error:
            self.gap = self.gap or incomplete(error)
        except Exception as error:
            troubles.keep(_UNSETTLED, error)
        self.gap = self.gap or settler.gap

    def _has_ended(self) -> bool:
        thread = self._thread
        return thread is None or thread.call_off() or thread.ended(SETTINGS.LANES.END_LIMIT)

    def _start(self, undo: contextlib.ExitStack) -> None:
        inside: tuple[str, ...] = _NAMES
        if self.mode == "fd" and any(_is_fed_by_descriptor(getattr(sys, name)) for name in inside):
            self.mode = "sys"
        if self.mode == "fd":
            inside = tuple(name for name in _NAMES if not _reaches_descriptor(name))
            try:
                self._redirect([getattr(sys, name) for name in _NAMES if name not in inside], undo)
            except OSError as error:
                self.gap = f"output of C code and child processes is not captured: {error}"
                self.mode, inside = "sys", _NAMES
        if inside:
            from expkit.run.output.raw import RawFile

            self._raw = RawFile(self._raw_path, shared=self.mode == "fd")
            undo.callback(self._raw.close)
            for stream in {id(getattr(sys, name)): getattr(sys, name) for name in inside}.values():
                self._record(stream, self._raw, undo)

    def _record(self, stream: Any, raw: RawFile, undo: contextlib.ExitStack) -> None:
        if stream is None:  # a program without a console
            return
        from expkit.run.output.tee import record

        try:
            undo.callback(record(stream, raw))
        except AttributeError:
            self.gap = f"what is printed to {stream!r} is not captured: its `write` cannot be replaced"

    def _redirect(self, streams: list[Any], undo: contextlib.ExitStack) -> None:
        """Lead the descriptors through tees; ``streams`` write to them and should not behave differently for it."""
        terminals = [stream for stream in streams if stream.isatty()]
        self._redirection = pipes.Redirection(self._raw_path)
        undo.callback(self._redirection.stop)
        for stream in terminals:
            _set(stream, "isatty", lambda: True, undo)
        out = next((stream for stream in streams if stream is sys.stdout), None)
        err = next((stream for stream in streams if stream is sys.stderr), None)
        if out is not None and not getattr(out, "line_buffering", True) and not getattr(out, "write_through", True):
            self._pace = Pace(out, err, self._wake.set, self._redirection.mend_soon)
            undo.callback(self._pace.stop)

    def _end(self) -> int | None:
        end = self._raw.end if self._raw is not None else None
        return self._upto if end is None else end

    # -- the thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause, since, size = _SOON, 0.0, 0
        while not self._stopped:
            self._wake.wait(pause)
            self._wake.clear()
            if self._pace is not None:
                before, size = size, _size_of(self._raw_path)
                self._pace.tick(size - before)
            if self._redirection is not None:
                self._redirection.mend()
            since += pause
            if since < _TURN and self._pace is not None and self._pace.blocks:
                pause = TICK
                continue
            since = 0.0
            pause = self._turn(pause)

    def _turn(self, pause: float) -> float:
        """Settle; the pause until the next time."""
        try:
            grown = self._settler.pump() if self._settler is not None else 0
        except OSError as error:  # a full disk: tried again
            log.debug("output could not be settled: %s", error)
            return _LATER
        except Exception as error:
            troubles.keep(_UNSETTLED, error)
            return _LATER
        if self._pace is not None and self._pace.blocks:
            return TICK
        return _SOON if grown else min(pause * 1.5, _LATER)

    def _note_losses(self) -> None:
        if self._raw is not None:
            self.gap = self.gap or self._raw.gap
        if self._redirection is None:
            return
        if self._redirection.broken_at:
            self.gap = self.gap or incomplete(_NO_TEE, self._redirection.broken_at)
        for line in self._redirection.complaints.splitlines():
            if self._raw_path in line:
                since = os.stat(self._raw_path).st_mtime if os.path.exists(self._raw_path) else None
                self.gap = self.gap or incomplete(line.rpartition(": ")[2], since)
            else:
                log.warning("what was printed did not all arrive where it should be shown: %s", line)


def read_text(path: Path, limit: int = TAIL) -> str:
    """The end of a file of captured output, at most ``limit`` bytes of it; bytes that are no UTF-8 show as U+FFFD."""
    name = os.fspath(path)
    size = output.size(name)
    data = output.read(name, max(0, size - limit), limit)
    if size > limit:
        data = data.lstrip(_CONTINUATION)
    return data.decode("utf-8", "replace")


def _fits_descriptors() -> bool:
    """Whether descriptors show all that is printed, and nobody looks at a terminal that would become a pipe."""
    return pipes.usable() and not any(map(_is_device, pipes.DESCRIPTORS)) and all(map(_reaches_descriptor, _NAMES))


def _is_device(fd: int) -> bool:
    """Whether it is a terminal, or another device but the null one: such devices answer a program themselves."""
    status = os.fstat(fd)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev != os.stat(os.devnull).st_rdev


def _is_fed_by_descriptor(stream: Any) -> bool:
    """Whether it gets itself what arrives at the descriptor, as in a Jupyter kernel: ``sys`` captures that, then."""
    return getattr(stream, "watch_fd_thread", None) is not None


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _reaches_descriptor(name: str) -> bool:
    """Whether what is printed to ``sys.<name>`` arrives at its descriptor: not so in notebooks and under test runners."""
    try:
        return bool(getattr(sys, name).fileno() == pipes.DESCRIPTORS[_NAMES.index(name)])
    except Exception:  # None, closed, or a stream without descriptor
        return False


def _set(stream: Any, name: str, value: object, undo: contextlib.ExitStack) -> None:
    with contextlib.suppress(AttributeError):  # a stream of another making
        setattr(stream, name, value)
        undo.callback(delattr, stream, name)


_CONTINUATION = bytes(range(0x80, 0xC0))
