"""The runs that are going on in this process, and what happens to them from outside.

A thread that fails is noted in their records. A forked child has nothing to do with them. When the interpreter ends,
those that are still going on in threads are ended first.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("expkit")


class Living(Protocol):
    """A run that is going on."""

    def note(self, text: str) -> None:
        """Write a sentence into the record."""
        ...

    def orphan(self) -> None:
        """This is a forked child: touch nothing of the record."""
        ...

    def abandon(self) -> None:
        """The interpreter ends: write down the run's end."""
        ...


class _ThreadHook:
    """Stands in for ``threading.excepthook`` while runs are going on.

    One that somebody covered by a hook of their own stays below it, and only passes on; hence one object each time.
    """

    def __init__(self) -> None:
        self.before: Callable[[Any], Any] = threading.excepthook
        self.is_over = False

    def __call__(self, args: threading.ExceptHookArgs) -> None:
        try:
            if not self.is_over and args.exc_type is not SystemExit:  # that one ends a thread without a word
                _note(_sentence(args))
        except Exception:
            log.warning("a record lacks that a thread failed", exc_info=True)
        self.before(args)

    def undo(self) -> None:
        self.is_over = True
        if threading.excepthook is self:
            threading.excepthook = self.before


_lives: list[Living] = []
_lock = threading.RLock()
_hook: _ThreadHook | None = None
_is_registered = False


def add(life: Living) -> None:
    """The run has begun."""
    global _hook, _is_registered  # noqa: PLW0603
    with _lock:
        if _hook is None:
            _hook = threading.excepthook = _ThreadHook()
        if not _is_registered:
            _is_registered = True
            atexit.register(_interpreter_ends)
        _lives.append(life)


def remove(life: Living) -> None:
    """The run has ended; once is enough, twice does no harm."""
    with _lock:
        if life in _lives:
            _lives.remove(life)
        if not _lives:
            _unhook()


def _unhook() -> None:
    global _hook  # noqa: PLW0603
    if _hook is not None:
        _hook.undo()
        _hook = None


def _note(text: str) -> None:
    """In the records of all runs: nobody knows which of them the thread worked for."""
    for life in [*_lives]:
        life.note(text)


def _sentence(args: threading.ExceptHookArgs) -> str:
    name = "a thread" if args.thread is None else f"thread {args.thread.name!r}"
    place, step = "", args.exc_traceback
    while step is not None:
        place = f" ({os.path.basename(step.tb_frame.f_code.co_filename)}, line {step.tb_lineno})"
        step = step.tb_next
    try:
        what = f"{args.exc_type.__name__}: {args.exc_value}"
    except Exception:  # whose text cannot be had
        what = args.exc_type.__name__
    return f"{name} ended with {what}{place}; the run went on"


def _interpreter_ends() -> None:
    for life in reversed([*_lives]):
        life.abandon()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - another thread may have held it
    _lock = threading.RLock()
    for life in _lives:
        life.orphan()
    _lives.clear()
    _unhook()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
