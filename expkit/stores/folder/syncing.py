"""Waiting for the disk, in the background: what ended is on the disk soon, and nobody waits for it."""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from contextlib import suppress

from expkit._support.threads import OwnThread, start
from expkit.stores.disk import files

_IDLE = 1.0
_PATIENCE = 30.0


class Syncer:
    """Brings files to the disk, one after the other; what is left at the interpreter's end is waited for then."""

    _works: bool

    def __init__(self) -> None:
        self.forget()
        atexit.register(self.finish)

    def add(self, path: str) -> None:
        """Bring this file to the disk soon."""
        with self._change:
            self._paths.append(path)
            self._change.notify()
            if self._works:
                return
            self._works = start(OwnThread(self._work, "sync"))

    def finish(self) -> None:
        """Bring all that is left to the disk, and wait for what the thread is about, unless the disk hangs."""
        if not self._syncing.acquire(timeout=_PATIENCE):
            return
        try:
            while self._paths:
                sync(self._paths[0])
                self._paths.popleft()
        finally:
            self._syncing.release()

    def forget(self) -> None:
        """Begin anew, without a thread: for a forked child."""
        self._paths: deque[str] = deque()
        self._change = threading.Condition()
        self._syncing = threading.Lock()
        self._works = False

    def _work(self) -> None:
        while self._wait():
            self.finish()

    def _wait(self) -> bool:
        """Whether there is something to do, for a while."""
        with self._change:
            self._works = bool(self._change.wait_for(lambda: self._paths, _IDLE))
            return self._works


def sync(path: str) -> None:
    """Wait until the disk has a file; one that is gone, or cannot be brought there, is left to the system."""
    with suppress(OSError):
        fd = os.open(path, os.O_RDWR | files.BINARY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


syncer = Syncer()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=syncer.forget)
