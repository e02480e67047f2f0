"""Captured output: what a run prints, in a file, at the moment it is written.

``sys`` takes what this interpreter's ``sys.stdout`` and ``sys.stderr`` get; on a terminal nothing else changes.
``fd`` takes also what C code and child processes print; programs then see a pipe instead of a terminal.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from expkit.errors import UsageError
from expkit.run import pipes, tee

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expkit.run.filtering import LineFilter

MODES = ("auto", "no", "sys", "fd")
TAIL = 10_000_000


def capture(mode: str, path: Path, filter: Callable[[str], str] | None = None) -> Capture:
    """Begin to capture.

    Args:
        mode: ``no``, ``sys``, ``fd``; or ``auto``: ``fd`` where neither stdout nor stderr is a terminal and Python's
            streams lead to them (in notebooks they do not), else ``sys``.
        path: the file to append to.
        filter: gets each line with its end, and returns what to keep of it. Lines wait beside ``path`` (suffix
            ``.raw``) until :meth:`Capture.pump` or the end.

    Raises:
        UsageError: there is no such mode.
    """
    if mode not in MODES:
        raise UsageError(f"there is no capture mode {mode!r}; use {', '.join(MODES[:-1])} or {MODES[-1]}")
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
        self._filter: LineFilter | None = None
        self._sink: tee.Sink | None = None
        self._undo = contextlib.ExitStack()
        if mode == "no":
            return
        if filter is not None:
            raw = path.with_name(f"{path.name}.raw")
            from expkit.run.filtering import LineFilter

            self._filter = LineFilter(raw, path, filter)
            path = raw
        path.touch()  # so that readers need not wait for the tee
        with contextlib.ExitStack() as undo:
            self._start(path, undo)
            self._undo = undo.pop_all()

    def __enter__(self) -> Capture:  # noqa: PYI034 - `Self` needs Python 3.11
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def pump(self) -> None:
        """Bring the file up to date; for every beat."""
        if self._sink is not None:
            self._sink.flush()
        if self._filter is not None:
            self._filter.pump()

    def stop(self) -> None:
        """End it: what was written until now is in the file afterwards. Once is enough, twice does no harm."""
        try:
            self._undo.close()
            if self._sink is not None and self._sink.error is not None:
                raise self._sink.error
            if self._filter is not None and os.getpid() == self._pid:
                self._filter.finish()
        except Exception as error:  # a full disk, or a stream that the program closed
            self.gap = self.gap or f"output is not complete: {error}"
        self._filter = None

    def _start(self, path: Path, undo: contextlib.ExitStack) -> None:
        inside: tuple[str, ...] = tee.NAMES
        if self.mode == "fd":
            inside = tuple(name for name in tee.NAMES if not _reaches_descriptor(name))
            try:
                _redirect(path, [getattr(sys, name) for name in tee.NAMES if name not in inside], undo)
            except OSError as error:
                self.gap = f"output of C code and child processes is not captured: {error}"
                self.mode, inside = "sys", tee.NAMES
        if inside:
            self._sink = tee.Sink(path)
            undo.callback(self._sink.close)
            for name in inside:
                if (stand_in := tee.install(name, self._sink)) is not None:
                    undo.callback(tee.remove, name, stand_in)


def read_text(path: Path, limit: int = TAIL) -> str:
    """The end of a file of captured output, at most ``limit`` bytes of it; bytes that are no UTF-8 show as U+FFFD."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - limit))
            data = file.read(limit)
    except FileNotFoundError:
        return ""
    if size > limit:
        data = data.lstrip(_CONTINUATION)
    return data.decode("utf-8", "replace")


def _fits_descriptors() -> bool:
    """Whether descriptors show all that is printed, and nobody looks at a terminal that would become a pipe."""
    if not pipes.usable() or any(map(os.isatty, pipes.DESCRIPTORS)):
        return False
    return all(map(_reaches_descriptor, tee.NAMES))


def _reaches_descriptor(name: str) -> bool:
    """Whether what is printed to ``sys.<name>`` arrives at its descriptor: not so in notebooks and under test runners."""
    try:
        return bool(getattr(sys, name).fileno() == pipes.DESCRIPTORS[tee.NAMES.index(name)])
    except Exception:  # None, closed, or a stream without descriptor
        return False


def _redirect(path: Path, streams: list[Any], undo: contextlib.ExitStack) -> None:
    """Lead the descriptors through tees; ``streams`` write to them and should not behave differently for it."""
    terminals = [stream for stream in streams if stream.isatty()]
    redirection = pipes.Redirection(path)
    undo.callback(redirection.stop)
    for stream in terminals:
        _set(stream, "isatty", lambda: True, undo)
    for stream in streams:
        if not getattr(stream, "line_buffering", True):
            # a line that was printed must outlive the process
            stream.reconfigure(line_buffering=True)
            undo.callback(stream.reconfigure, line_buffering=False)


def _set(stream: Any, name: str, value: object, undo: contextlib.ExitStack) -> None:
    with contextlib.suppress(AttributeError):  # a stream of another making
        setattr(stream, name, value)
        undo.callback(delattr, stream, name)


_CONTINUATION = bytes(range(0x80, 0xC0))
