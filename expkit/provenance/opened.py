"""Which files this process opens: told by the interpreter's audit events, and by readers in native code.

An audit hook can never be removed, and hears of every event of the interpreter. So there is one per process, added
with the first :class:`Opened` that listens; while none listens, it returns at once.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from stat import S_ISREG
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.provenance import executed

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

AUDIT, HOOK, WORKER, FOLDER = "audit", "hook", "worker", "folder"

SMALL = 1_000_000
"""Files up to this size, in bytes, that were read and are about to be overwritten are looked at first."""


class Signature(NamedTuple):
    """What changes when a file's bytes change."""

    size: int
    modified: int
    inode: int


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


class _Everything:
    """What is in it needs no second look: all there is."""

    def __contains__(self, _: object) -> bool:
        return True

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
        most: after so many files nothing is noted any more.
        on_fork: called in a forked process, where nobody works off what is noted.

    Attributes:
        reads: the first time that each file was read.
        writes: the first time that each file was written.
        pending: reads in their order, for who works them off.
        saved: bytes of small files that were read, taken just before the program overwrote them.
        folders: what lay in folders that are to be looked at again at the end.
        modules: files of the user's modules that worker processes have imported.
        programs: base names of programs that were started.
        owner: whose files these are.
        ours: beginnings of paths that are expkit's own.
        is_full: some files were not noted.
        seen: events that need no second look.
        fresh: events of reading that nobody has looked at, with time and thread.
        forked: see above.
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
        self.programs: dict[str, None] = {}
        self.owner: object = None
        self.ours: tuple[str, ...] = ()
        self.is_full = False
        self.seen: set[Any] | _Everything = set()
        self.fresh: dict[tuple[Any, ...], tuple[float, int]] = {}
        self.forked = on_fork
        self._most = most

    def put_aside(self, args: tuple[Any, ...]) -> None:
        """A file is about to be opened for reading only."""
        self.fresh[args] = time(), threading.get_ident()

    def catch_up(self, most: int = -1) -> None:
        """Look at what was put aside, at all of it or at so many files."""
        while self.fresh and most:
            most -= 1
            try:
                args, (at, thread) = self.fresh.popitem()
            except KeyError:  # two threads caught up
                return
            path = _absolute(args[0])
            if path.endswith(".pyc") or _is_ours(thread):
                continue
            self.seen.add(args)
            if not self.note(path, reads=True, writes=False, at=at):
                self.seen.discard(args)  # it may be there the next time
        if len(self.seen) >= self._most:
            self._close()

    def note(self, path: str, *, reads: bool, writes: bool, layer: str = AUDIT, at: float = 0.0) -> bool:
        """A file is about to be opened, or was opened at a time; returns whether that needs no second look."""
        if len(self.reads) + len(self.writes) >= self._most:
            self.is_full = True
            return True
        status = _status(path)
        if path.startswith(self.ours) or (status is not None and not S_ISREG(status.st_mode)):
            return True
        now, at = status and signature(status), at or time()
        if reads and now is not None and path not in self.reads and self.is_given(path, now, at):
            self.reads[path] = self.pending[path] = Sight(now, at, layer)
        if writes:
            self._save(path, now)
            self.writes.setdefault(path, Writing(now, at, layer))
        return writes or status is not None

    def _close(self) -> None:
        """Note no more."""
        self.is_full, self.seen = True, _Everything()
        _set(lambda listeners: listeners)

    def renamed(self, source: str, target: str) -> None:
        """A file or folder is about to be renamed: what was written as ``source`` will be found as ``target``."""
        if os.path.isdir(source):
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

    def about_to_go(self, path: str) -> None:
        """A file is about to be removed."""
        if path in self.pending:
            status = _status(path)
            self._save(path, status and signature(status))

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


def signature(status: os.stat_result) -> Signature:
    """The signature of a file, from its status."""
    return Signature(status.st_size, status.st_mtime_ns, status.st_ino)


def signature_of(path: str) -> Signature | None:
    """The signature of a regular file as it is now; None where there is none."""
    status = _status(path)
    return None if status is None or not S_ISREG(status.st_mode) else signature(status)


def look(folder: str, most: int) -> dict[str, Signature]:
    """The regular files in a folder and below it, at most so many."""
    found: dict[str, Signature] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if len(found) < most and (now := signature_of(path := os.path.join(place, name))) is not None:
                found[path] = now
    return found


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


# -- who listens -----------------------------------------------------------------------------------------

_listeners: tuple[Opened, ...] = ()
_is_on = False
_seen: Container[Any] = ()  # that of the only listener; of several, each looks for itself
_fresh: dict[tuple[Any, ...], tuple[float, int]] | None = None  # that of the only listener, while no thread is quiet
_which: Callable[[tuple[Opened, ...]], Opened | None] | None = None
_quiet: set[int] = set()
_lock = threading.RLock()
_is_installed = False
_on_import: Callable[[str], None] | None = None


def listen(opened: Opened, which: Callable[[tuple[Opened, ...]], Opened | None] | None = None) -> None:
    """From now on, tell ``opened`` what this process opens.

    Args:
        opened: who listens.
        which: of several that listen, the one that the calling code belongs to.
    """
    global _which, _is_installed  # noqa: PLW0603 - an audit hook is one per process, too
    with _lock:
        _which = which or _which
        if not _is_installed:
            _is_installed = True
            sys.addaudithook(_hook)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=_in_child)
        _set(lambda listeners: (*listeners, opened))


def unlisten(opened: Opened) -> None:
    """No longer tell ``opened`` anything."""
    _set(lambda listeners: tuple(other for other in listeners if other is not opened))


def on_import(call: Callable[[str], None] | None) -> None:
    """Call back with the name of each module that is about to be imported while somebody listens."""
    global _on_import  # noqa: PLW0603
    _on_import = call


@contextmanager
def quietly() -> Iterator[None]:
    """What this thread opens in the body is no doing of the user's."""
    thread = threading.get_ident()
    if thread in _quiet or _is_ours(thread):
        yield
        return
    _quiet.add(thread)
    _set(lambda listeners: listeners)
    try:
        yield
    finally:
        _quiet.discard(thread)
        _set(lambda listeners: listeners)


def _caught_up() -> Opened | None:
    """The listener, having looked at everything that was opened before; None for what our own threads do."""
    listener = _listener()
    if listener is None or _is_ours(threading.get_ident()):
        return None
    listener.catch_up()
    return listener


def note(path: str, *, reads: bool, writes: bool, layer: str) -> None:
    """A library opens ``path`` where the interpreter does not see it."""
    if listener := _caught_up():
        listener.note(_absolute(path), reads=reads, writes=writes, layer=layer)


def note_folder(path: str) -> None:
    """A library writes files into a folder."""
    if listener := _caught_up():
        listener.folder(_absolute(path))


def _set(change: Callable[[tuple[Opened, ...]], tuple[Opened, ...]]) -> None:
    global _listeners, _is_on, _seen, _fresh  # noqa: PLW0603
    with _lock:
        _listeners = change(_listeners)
        only = _listeners[0] if len(_listeners) == 1 else None
        _seen = () if only is None else only.seen
        _fresh = None if only is None or _quiet or only.is_immediate else only.fresh
        _is_on = bool(_listeners)


def _listener() -> Opened | None:
    """Who is to be told of what this thread does."""
    if not _listeners or (_quiet and threading.get_ident() in _quiet):
        return None
    return _listeners[-1] if len(_listeners) == 1 or _which is None else _which(_listeners)


def _is_ours(ident: int) -> bool:
    """Whether a thread is one of expkit's; ``current_thread()`` would make up an object for threads of other makers."""
    thread = threading._active.get(ident)  # type: ignore[attr-defined]
    return thread is not None and thread.name.startswith("expkit ") and not thread.name.startswith("expkit main")


_time, _thread, _WRITING = time, threading.get_ident, os.O_WRONLY | os.O_RDWR


# -- the hook --------------------------------------------------------------------------------------------


def _hook(event: str, args: tuple[Any, ...]) -> None:
    """Called for every audit event of the interpreter, of which nearly all are of no interest."""
    if not _is_on:
        return
    try:
        if event == "open":
            if args not in _seen:
                if _fresh is None or args[2] & _WRITING:
                    _open(args)
                else:
                    _fresh[args] = _time(), _thread()
        elif event in _HEARD:
            _HEARD[event](args)
    except Exception:  # whatever is wrong, the program's own call says it better
        pass


def _open(args: tuple[Any, ...]) -> None:
    path, mode, flags = args
    if isinstance(path, int) or (listener := _listener()) is None or args in listener.seen:
        return
    reads, writes = _ways(mode, flags)
    if not writes:
        listener.put_aside(args)
        return
    listener.catch_up()
    if listener.note(_absolute(path), reads=reads, writes=True):
        listener.seen.add(args)


def _ways(mode: str | None, flags: int) -> tuple[bool, bool]:
    """Whether a file is opened for (reading what is there, writing)."""
    if flags:
        access = flags & (os.O_WRONLY | os.O_RDWR)
        return access != os.O_WRONLY and not flags & os.O_TRUNC, access != os.O_RDONLY
    mode = mode or "r"
    return "r" in mode, any(letter in mode for letter in "wax+")


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))


def _sqlite(args: tuple[Any, ...]) -> None:
    path = os.fsdecode(args[0])
    if path.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        path = unquote(urlsplit(path).path)
    if path and path != ":memory:" and (listener := _caught_up()):
        listener.note(_absolute(path), reads=True, writes=True)


def _rename(args: tuple[Any, ...]) -> None:
    if listener := _caught_up():
        listener.renamed(_absolute(args[0]), _absolute(args[1]))


def _link(args: tuple[Any, ...]) -> None:
    if listener := _caught_up():
        listener.note(_absolute(args[1]), reads=False, writes=True)


def _remove(args: tuple[Any, ...]) -> None:
    if listener := _caught_up():
        listener.about_to_go(_absolute(args[0]))


def _truncate(args: tuple[Any, ...]) -> None:
    if not isinstance(args[0], int) and (listener := _caught_up()):
        listener.note(_absolute(args[0]), reads=True, writes=True)


def _chdir(_: tuple[Any, ...]) -> None:
    """Relative paths mean other files now."""
    for listener in _listeners:
        listener.catch_up()
        listener.seen.clear()


def _popen(args: tuple[Any, ...]) -> None:
    executable, argv = args[0], args[1]
    words = [argv] if isinstance(argv, (str, bytes, os.PathLike)) else list(argv)
    _start(executable or words[0], words)


def _start(program: Any, words: list[Any]) -> None:
    from expkit.provenance.programs import is_harmless, program_name

    if listener := _caught_up():
        name = program_name(program, words)
        if name and not is_harmless(name):
            listener.programs[name] = None


def _import(args: tuple[Any, ...]) -> None:
    if _on_import is not None:
        _on_import(args[0])


_HEARD: dict[str, Callable[[tuple[Any, ...]], None]] = {
    "sqlite3.connect": _sqlite,
    "os.rename": _rename,
    "os.link": _link,
    "os.remove": _remove,
    "os.truncate": _truncate,
    "os.chdir": _chdir,
    "subprocess.Popen": _popen,
    "os.posix_spawn": _popen,
    "os.exec": _popen,
    "os.spawn": lambda args: _popen(args[1:]),
    "os.system": lambda args: _start("sh", ["sh", "-c", args[0]]),
    "import": _import,
    "exec": lambda args: executed.note(args[0]),
}


def _in_child() -> None:
    """A forked process has no thread that works off what was noted."""
    global _lock  # noqa: PLW0603 - somebody may have held it
    _lock = threading.RLock()
    _quiet.clear()
    listeners = _listeners
    _set(lambda _: ())
    for listener in listeners[-1:]:
        if listener.forked is not None:
            listener.forked()
