"""Locks that nobody may hold while the process is copied: :class:`ForkLocks`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class ForkLocks(threading.local):
    """What a thread has locked for its fork. Several threads may fork at once, and a signal handler in between."""

    def __init__(self) -> None:
        self._held: list[list[Any]] = []

    def begin(self, locks: Iterable[Any]) -> None:
        """A fork begins: lock these."""
        held: list[Any] = []
        self._held.append(held)
        for lock in locks:
            lock.acquire()
            held.append(lock)

    def release(self) -> None:
        """The fork is over, in the parent or in the child."""
        for lock in reversed(self._held.pop() if self._held else []):
            lock.release()
