"""What a run opens: :class:`Opened` takes it in where it happens, and keeps it for whoever works it off."""

from __future__ import annotations

import os
import threading
from stat import S_ISDIR, S_ISREG
from time import time
from typing import TYPE_CHECKING, Any

from expkit._support.blame import raise_foreign
from expkit._support.named import NamedTuple
from expkit._support.signature import Signature, signature_of
from expkit._support.threads import is_own

if TYPE_CHECKING:
    from collections.abc import Callable

AUDIT, HOOK, WORKER, FOLDER = "audit", "hook", "worker", "folder"

SMALL = 1_000_000
"""Files up to this size, in bytes, that were read and are about to be overwritten are looked at first."""

MOST_FRESH = 1000
"""When more than so many files wait to be looked at, whoever opens the next one looks at two."""

_GONE: tuple[float, None] = (0.0, None)


class Sight(NamedTuple):
    """A file that was opened for reading.

    Attributes:
        signature: as it was then, or a moment later.
        time: when it was opened, in seconds since the epoch.
        layer: ``audit``, ``hook`` or ``worker``.
    """

    signature: Signature
    time: float
    layer: str = AUDIT


class Writing(NamedTuple):
    """A file that was opened for writing, or renamed to where it is.

    Attributes:
        before: what was there just before; None for nothing.
        time: seconds since the epoch.
        layer: as for :class:`Sight`.
    """

    before: Signature | None
    time: float
    layer: str = AUDIT


class _AllReading:
    """What is in it needs no second look: all that is only read."""

    def __contains__(self, args: Any) -> bool:
        return not args[2] & (os.O_WRONLY | os.O_RDWR)

    def __len__(self) -> int:
        return 0

    def add(self, args: object) -> None: ...

    discard = add

    def clear(self) -> None: ...


class Opened:
    """The files that one run opens, by absolute path, and the programs that it starts.

    Called in the user's threads, between any two steps of theirs: no locks, no waiting. What is only read is put aside
    and looked at a moment later, by another thread, or before anything is overwritten.

    Args:
        most: after so many files that are read nothing that is read is noted any more; and so with what is written.
        on_fork: called in a forked process, where nobody works off what is noted.

    Attributes:
        reads: the first time that each file was read.
        writes: the first time that each file was written.
        pending: reads in their order, for who works them off.
        saved: bytes of small files that were read, taken just before the program overwrote them.
        folders: what lay in folders that are to be looked at again at the end.
        modules: files of the user's modules that worker processes have imported.
        programs: how often programs were started, by base name and the process that did it.
        owner: whose files these are.
        ours: files and folders that are expkit's own, each with a separator at its end.
        is_full: some files were not noted.
        seen: events that need no second look.
        fresh: events of reading that nobody has looked at, with time and thread.
        forked: see above.
        on_full: called when nothing more of what is read will be noted.
    """

    is_immediate = False
    """Whether what is read is looked at in the reading thread."""

    def __init__(self, most: int, on_fork: Callable[[], object] | None = None) -> None:
        self.reads: dict[str, Sight] = {}
        self.writes: dict[str, Writing] = {}
        self.pending: dict[str, Sight] = {}
        self.saved: dict[str, bytes] = {}
        self.folders: dict[str, dict[str, Signature]] = {}
        self.modules: dict[str, None] = {}
        self.programs: dict[tuple[str, int], int] = {}
        self.owner: object = None
        self.ours: tuple[str, ...] = ()
        self.is_full = False
        self.seen: set[Any] | _AllReading = set()
        self.fresh: dict[tuple[Any, ...], tuple[float, int]] = {}
        self.forked = on_fork
        self.on_full: Callable[[], None] = lambda: None
        self._most = most

    def put_aside(self, args: tuple[Any, ...]) -> None:
        """A file is about to be opened for reading only."""
        self.fresh[args] = time(), threading.get_ident()
        if len(self.fresh) > MOST_FRESH:
            self.catch_up(2)

    def catch_up(self, most: int | None = None) -> None:
        """Look at what was put aside, in its order: at all of it or at so many files."""
        for args in list(self.fresh)[:most]:
            at, thread = self.fresh.pop(args, _GONE)
            if thread is None or isinstance(args[0], int):  # two threads caught up; a file that is open already
                continue
            path = absolute(args[0])
            if path.endswith(".pyc") or is_own(thread, at):
                continue
            try:
                if self.note(path, reads=True, writes=False, at=at):  # else it may be there the next time
                    self.seen.add(args)
            except BaseException:  # a signal handler has struck: somebody will come by later
                self.fresh[args] = at, thread
                raise
        if len(self.seen) >= self._most:
            self._close()

    def note(self, path: str, *, reads: bool, writes: bool, layer: str = AUDIT, at: float = 0.0) -> bool:
        """A file is about to be opened, or was opened at a time; returns whether that needs no second look."""
        wanted = reads, writes
        reads, writes = reads and len(self.reads) < self._most, writes and len(self.writes) < self._most
        if (reads, writes) != wanted:
            self.is_full = True
            if not (reads or writes):
                return True
        status = _status(path)
        if self.is_ours(path) or (status is not None and not S_ISREG(status.st_mode)):
            return True
        now, at = status and Signature.of(status), at or time()
        if reads and now is not None and path not in self.reads and self.is_given(path, now, at):
            self.reads[path] = self.pending[path] = Sight(now, at, layer)
        if writes:
            self._save(path, now)
            self.writes.setdefault(path, Writing(now, at, layer))
        return writes or status is not None

    def is_ours(self, path: str) -> bool:
        """Whether a file is expkit's own."""
        return (path + os.sep).startswith(self.ours)

    def _close(self) -> None:
        """Note no more of what is read."""
        self.is_full, self.seen = True, _AllReading()
        self.on_full()

    def renamed(self, source: str, target: str) -> None:
        """A file or folder is about to be renamed: what was written as ``source`` will be found as ``target``."""
        if is_folder(source):
            inside = source + os.sep
            for path in [path for path in list(self.writes) if path.startswith(inside)]:
                self.writes.setdefault(target + path[len(source) :], self.writes[path])
            return
        self.about_to_go(source)
        self.note(target, reads=False, writes=True)

    def folder(self, path: str) -> None:
        """Files will be written into a folder, nobody knows which ones."""
        if path not in self.folders:
            self.folders[path] = look(path, self._most)

    def started(self, name: str, by: int = 0) -> None:
        """A program was started, by a process or by this one."""
        key = name, by or os.getpid()
        self.programs[key] = self.programs.get(key, 0) + 1

    def about_to_go(self, path: str) -> None:
        """A file is about to be removed."""
        if path in self.pending:
            status = _status(path)
            self._save(path, status and Signature.of(status))

    def is_given(self, path: str, when_read: Signature, at: float) -> bool:
        """Whether a file that was read then was there already, and is not the run's own work."""
        writing = self.writes.get(path)
        return writing is None or writing.before == when_read or writing.time >= at

    def _save(self, path: str, now: Signature | None) -> None:
        """What was read counts as it was then: small files are saved before they change."""
        sight = self.pending.get(path)
        if sight is None or now is None or sight.signature != now or now.size > SMALL or path in self.saved:
            return
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            self.saved[path] = os.read(fd, SMALL)
        finally:
            os.close(fd)


def look(folder: str, most: int) -> dict[str, Signature]:
    """The regular files in a folder and below it, at most so many."""
    found: dict[str, Signature] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if len(found) < most and (now := signature_of(path := os.path.join(place, name))) is not None:
                found[path] = now
    return found


def is_folder(path: str) -> bool:
    """Whether there is a folder; unlike ``os.path.isdir`` it lets pass what a signal handler raises."""
    status = _status(path)
    return status is not None and S_ISDIR(status.st_mode)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError) as error:
        raise_foreign(error)  # what a signal handler raises to tell of a timeout is an OSError
        return None


def absolute(path: Any) -> str:
    """A path as text, from the root on."""
    return os.path.abspath(os.fsdecode(path))
