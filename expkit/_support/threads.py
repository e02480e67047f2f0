"""Threads of expkit's own, which are known from the user's: :class:`OwnThread`."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from math import inf
from time import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_T = TypeVar("_T")

before_end: list[Callable[[], object]] = []
"""Called by each of our threads when it is done: nobody can tell later that it was ours. They do not raise."""


class OwnThread(threading.Thread):
    """A daemon thread that works for expkit: what it opens and prints is no doing of the user's.

    Args:
        target: what is done.
        name: of the thread, after ``expkit``.
        args: of ``target``.
    """

    def __init__(self, target: Callable[..., object], name: str, *args: Any) -> None:
        super().__init__(target=target, args=args, name=f"expkit {name}", daemon=True)

    def run(self) -> None:
        """Do it, as one of ours."""
        ident = threading.get_ident()
        _own[ident] = time()
        try:
            super().run()
        finally:
            for call in before_end:
                call()
            del _own[ident]

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread's end; a program that waits for all its threads need not wait for ours."""
        if sys._getframe(1).f_globals.get("__name__", "").partition(".")[0] == __name__.partition(".")[0]:
            super().join(timeout)


def start(thread: threading.Thread) -> bool:
    """Start a thread; False where the system has no more of them, or the interpreter is about to end."""
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def each_in_threads(work: Callable[[_T], object], things: Iterable[_T], most: int, name: str) -> None:
    """Do something with each thing, several at once; the thread that calls takes part.

    Args:
        work: what is done; after its first error no further thing is begun.
        things: with what.
        most: threads at once.
        name: of the threads, after ``expkit``.

    Raises:
        Exception: the first that ``work`` raised, when all threads are done.
    """
    left, errors = deque(things), list[Exception]()

    def take() -> None:
        while not errors:
            try:
                thing = left.popleft()
            except IndexError:  # that was all
                return
            try:
                work(thing)
            except Exception as error:
                errors.append(error)

    helpers = [OwnThread(take, name) for _ in range(min(most, len(left)) - 1)]
    started = [helper for helper in helpers if start(helper)]
    take()
    for helper in started:
        helper.join()
    if errors:
        raise errors[0]


def is_own(ident: int, at: float = inf) -> bool:
    """Whether a thread is one of expkit's, and was so at a time: what ends leaves its number to others.

    Args:
        ident: as :func:`threading.get_ident` has it.
        at: seconds since the epoch.
    """
    began = _own.get(ident)
    return began is not None and began <= at


_own: dict[int, float] = {}


def _after_fork() -> None:
    """Of all threads only the one that has forked goes on."""
    me = threading.get_ident()
    for ident in [ident for ident in _own if ident != me]:
        del _own[ident]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
