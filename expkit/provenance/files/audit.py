"""Which files this process opens: told by the interpreter's audit events, and by readers in native code.

An audit hook can never be removed, and hears of every event of the interpreter. So there is one per process, added
with the first :class:`~expkit.provenance.files.opened.Opened` that listens; while none listens, it returns at once.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from time import time
from typing import TYPE_CHECKING, Any

from expkit._support.blame import raise_foreign
from expkit._support.threads import before_end, is_own
from expkit._support.troubles import keep
from expkit.provenance.code import executed
from expkit.provenance.files.opened import MOST_FRESH, absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from expkit.provenance.files.opened import Opened

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
            before_end.append(_settle)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=_in_child)
        opened.on_full = _tune
        _set(lambda listeners: (*listeners, opened))
        for listener in _listeners:  # what expkit does for one run is no other's doing
            listener.ours = tuple({place: None for other in _listeners for place in other.ours})


def disown(places: Iterable[str]) -> None:
    """These files and folders, a separator at the end of each, are expkit's own from now on, for all who listen."""
    with _lock:
        for listener in _listeners:
            listener.ours = tuple(dict.fromkeys((*listener.ours, *places)))


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
    if thread in _quiet or is_own(thread):
        yield
        return
    _quiet.add(thread)
    _tune()
    try:
        yield
    finally:
        _quiet.discard(thread)
        _tune()


def _caught_up() -> Opened | None:
    """The listener, having looked at everything that was opened before; None for what our own threads do."""
    listener = _listener()
    if listener is None or is_own(threading.get_ident()):
        return None
    listener.catch_up()
    return listener


def _settle() -> None:
    """Look at what was opened so far, while the thread is known to be ours."""
    for listener in _listeners:
        try:
            listener.catch_up()
        except Exception as error:
            keep("what was opened could not be looked at", error)


def note(path: str, *, reads: bool, writes: bool, layer: str) -> None:
    """A library opens ``path`` where the interpreter does not see it."""
    if listener := _caught_up():
        listener.note(absolute(path), reads=reads, writes=writes, layer=layer)


def note_folder(path: str) -> None:
    """A library writes files into a folder."""
    if listener := _caught_up():
        listener.folder(absolute(path))


def _set(change: Callable[[tuple[Opened, ...]], tuple[Opened, ...]]) -> None:
    global _listeners, _is_on, _seen, _fresh  # noqa: PLW0603
    with _lock:
        _listeners = change(_listeners)
        only = _listeners[0] if len(_listeners) == 1 else None
        _seen = () if only is None else only.seen
        _fresh = None if only is None or _quiet or only.is_immediate else only.fresh
        _is_on = bool(_listeners)


def _tune() -> None:
    """Something about the listeners has changed."""
    _set(lambda listeners: listeners)


def _listener() -> Opened | None:
    """Who is to be told of what this thread does."""
    if not _listeners or (_quiet and threading.get_ident() in _quiet):
        return None
    return _listeners[-1] if len(_listeners) == 1 or _which is None else _which(_listeners)


_time, _thread, _WRITING, _MOST_FRESH = time, threading.get_ident, os.O_WRONLY | os.O_RDWR, MOST_FRESH


# -- the hook --------------------------------------------------------------------------------------------


def _hook(event: str, args: tuple[Any, ...]) -> None:
    """Called for every audit event of the interpreter, of which nearly all are of no interest."""
    if not _is_on:
        return
    try:
        if event == "open":
            if args not in _seen:
                fresh = _fresh  # another thread may take it away at any moment
                if fresh is None or args[2] & _WRITING:
                    _open(args)
                else:
                    fresh[args] = _time(), _thread()
                    if len(fresh) > _MOST_FRESH and (listener := _listener()) is not None:
                        listener.catch_up(2)
        elif event in _HEARD:
            _HEARD[event](args)
    except Exception as error:
        _swallow(error)


def _swallow(error: Exception) -> None:
    raise_foreign(error)  # a signal handler has struck
    if not isinstance(error, (OSError, ValueError)):  # of a wrong path the program's own call says it better
        keep("inputs and outputs are not complete", error)


def _open(args: tuple[Any, ...]) -> None:
    path, mode, flags = args
    if isinstance(path, int) or (listener := _listener()) is None or args in listener.seen:
        return
    reads, writes = _ways(mode, flags)
    if (writes or listener.is_immediate) and is_own(_thread()):  # later it is found out whose thread has read
        return
    if not writes:
        listener.put_aside(args)
        return
    listener.catch_up()
    if listener.note(absolute(path), reads=reads, writes=True):
        listener.seen.add(args)


def _ways(mode: str | None, flags: int) -> tuple[bool, bool]:
    """Whether a file is opened for (reading what is there, writing)."""
    if flags:
        access = flags & (os.O_WRONLY | os.O_RDWR)
        return access != os.O_WRONLY and not flags & os.O_TRUNC, access != os.O_RDONLY
    mode = mode or "r"
    return "r" in mode, any(letter in mode for letter in "wax+")


def _sqlite(args: tuple[Any, ...]) -> None:
    path = os.fsdecode(args[0])
    if path.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        path = unquote(urlsplit(path).path)
    if path and path != ":memory:" and (listener := _caught_up()):
        listener.note(absolute(path), reads=True, writes=True)


def _below(dir_fd: int, path: Any) -> str:
    """A path that may start from an open folder, where the system tells which one that is; ``open`` does not say so."""
    path = os.fsdecode(path)
    if dir_fd == -1 or os.path.isabs(path):
        return absolute(path)
    return absolute(os.path.join(os.path.realpath(f"/proc/self/fd/{dir_fd}"), path))


def _rename(args: tuple[Any, ...]) -> None:
    if listener := _caught_up():
        listener.renamed(_below(args[2], args[0]), _below(args[3], args[1]))


def _link(args: tuple[Any, ...]) -> None:
    if listener := _caught_up():
        listener.note(_below(args[3], args[1]), reads=False, writes=True)


def _remove(args: tuple[Any, ...]) -> None:
    if listener := _caught_up():
        listener.about_to_go(_below(args[1], args[0]))


def _truncate(args: tuple[Any, ...]) -> None:
    if not isinstance(args[0], int) and (listener := _caught_up()):
        listener.note(absolute(args[0]), reads=True, writes=True)


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
    from expkit.provenance.files.programs import is_harmless, program_name

    if listener := _caught_up():
        name = program_name(program, words)
        if name and not is_harmless(name):
            listener.started(name)


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
