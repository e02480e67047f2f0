"""Output of this process and its children: file descriptors 1 and 2, led through ``tee`` processes.

A process of its own is needed: a thread could not empty the pipe while C code prints and holds the interpreter lock, and
what was printed must reach the record even if this process is killed. It has its own session, and no signal ends it
before its pipe ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

DESCRIPTORS = STDOUT, STDERR = 1, 2

_PATIENCE = 2.0
_SETTLED = 0.05
_HELD = 1 << 20

_lock = threading.RLock()
_stack: list[Redirection] = []
_orphans: list[int] = []


class Redirection:
    """Leads descriptors 1 and 2 through tees that append to ``path``; redirections may be stacked.

    Args:
        path: the file that gets a copy of everything.

    Attributes:
        complaints: what tees have said, once stopped: a file or a target that takes nothing more.

    Raises:
        OSError: no process or no descriptor is to be had.
    """

    def __init__(self, path: str) -> None:
        self.complaints = ""
        self._path = path
        self._saved: dict[int, int] = {}  # descriptor to a copy of what it was
        self._tees: list[int] = []
        self._errors: list[int] = []
        _reap_orphans()
        with _lock:
            flush_streams()
            self.attach()
            _stack.append(self)

    def stop(self) -> None:
        """Lead the descriptors back, and wait until all that was written has been recorded.

        Redirections that were begun later, and last longer, are lifted and laid down again.
        """
        with _lock:
            flush_streams()
            above = _stack[_stack.index(self) + 1 :]
            for other in reversed(above):
                other.detach()
            self.detach()
            _stack.remove(self)
            _orphans.extend(self._tees)
            for other in above:
                other.attach()
        for tee in self._tees:
            _wait_for(tee, self._path)
        self.complaints = "".join(map(_last_words, self._errors))
        self._errors.clear()
        _reap_orphans()

    def attach(self) -> None:
        """Lead the descriptors through new tees, from wherever they lead now."""
        same = _same_target(STDOUT, STDERR)
        groups = [(STDOUT, STDERR)] if same else [(STDOUT,), (STDERR,)]
        with contextlib.ExitStack() as failed, contextlib.ExitStack() as undo:
            pipes = []
            for targets in groups:
                pid, pipe, errors = _spawn_tee(targets[0], self._path)
                self._tees.append(pid)
                self._errors.append(errors)
                undo.callback(os.close, pipe)
                failed.callback(os.close, errors)
                pipes.append((pipe, targets))
            for pipe, targets in pipes:
                for target in targets:
                    self._saved[target] = _high(os.dup(target))
                    os.dup2(pipe, target)
            failed.pop_all()

    def detach(self) -> None:
        """Lead them back; the tees end when everybody has let go of their pipes."""
        for target, saved in self._saved.items():
            os.dup2(saved, target)
            os.close(saved)
        self._saved = {}


def usable() -> bool:
    """Whether descriptors can be led through tees here."""
    try:
        return all(map(os.fstat, DESCRIPTORS)) and bool(_tee_program())
    except OSError:  # closed
        return False


def flush_streams() -> None:
    """Let go of what Python's streams and C's hold back."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(Exception):  # None, closed, or anything else that a user put there
            stream.flush()  # type: ignore[union-attr]
    if _may_use_c_streams():
        _flush_c_streams()


def _may_use_c_streams() -> bool:
    """Whether somebody is here who could print through C's ``stdout``; loading ctypes to flush it costs 5 ms."""
    if "ctypes" in sys.modules:
        return True
    return any(
        name.partition(".")[0] not in _SILENT
        and type(getattr(module, "__dict__", {}).get("__loader__")).__name__ == "ExtensionFileLoader"
        for name, module in list(sys.modules.items())
    )


def _flush_c_streams() -> None:
    import ctypes

    library = ctypes.CDLL(None)
    # these two only: to flush all, C would wait for a thread that reads from the terminal
    for name in ("__stdoutp", "__stderrp") if sys.platform == "darwin" else ("stdout", "stderr"):
        with contextlib.suppress(ValueError, AttributeError):
            library.fflush(ctypes.c_void_p.in_dll(library, name))


def _spawn_tee(target: int, path: str) -> tuple[int, int, int]:
    """A process that copies what comes from a pipe to ``target`` and ``path``.

    Returns:
        Its pid, the end of the pipe to write to, and where its complaints can be read: nobody else should see them.
    """
    if not (program := _tee_program()):
        raise OSError("there is no program `tee`")
    with contextlib.ExitStack() as close_all, contextlib.ExitStack() as close_ours:
        source, pipe, errors, complaints = (_high(fd) for fd in (*os.pipe(), *os.pipe()))
        for fd in (source, complaints):
            close_all.callback(os.close, fd)
        for fd in (pipe, errors):
            close_ours.callback(os.close, fd)
        pid = _spawn([program, "-a", "--", path], (source, target, complaints))
        close_ours.pop_all()
    return pid, pipe, errors


def _spawn(arguments: list[str], descriptors: tuple[int, int, int]) -> int:
    options: dict[str, Any] = {
        "file_actions": [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(descriptors)],
        "setsigdef": [signal.SIGPIPE],  # so that a reader who goes away is noticed as without us
        "setsigmask": _DEADLY,
    }
    try:
        return os.posix_spawn(arguments[0], arguments, os.environ, setsid=True, **options)
    except NotImplementedError:
        return os.posix_spawn(arguments[0], arguments, os.environ, setpgroup=0, **options)


def _last_words(errors: int) -> str:
    """What a tee has complained about; its end of the pipe may still be open."""
    os.set_blocking(errors, False)
    try:
        return os.read(errors, 1 << 12).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(errors)


def _tee_program() -> str:
    """Path of the program, or ``""`` where it or the way to start it is missing."""
    if not hasattr(os, "posix_spawn"):
        return ""
    return _program(tuple(os.get_exec_path()))


@lru_cache(maxsize=4)
def _program(folders: tuple[str, ...]) -> str:
    candidates = (os.path.join(folder, "tee") for folder in folders)
    return next((program for program in candidates if os.access(program, os.X_OK)), "")


def _high(fd: int) -> int:
    """The descriptor, not among the standard ones even if those were closed, and not inherited."""
    if fd > STDERR:
        return fd
    import fcntl

    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, STDERR + 1)
    finally:
        os.close(fd)


def _same_target(one: int, other: int) -> bool:
    first, second = os.fstat(one), os.fstat(other)
    return (first.st_dev, first.st_ino, first.st_rdev) == (second.st_dev, second.st_ino, second.st_rdev)


def _wait_for(tee: int, path: str) -> None:
    """Wait until a tee has ended, or has nothing left to do while a child of ours keeps its pipe open.

    It is never ended by force: whoever holds its pipe would be ended, too. What such a child goes on printing is not
    waited for: all that was ours has gone through once the pipe was empty, or more has come than the tee can hold.
    """
    began = changed = time.monotonic()
    first = size = _size_of(path)
    emptied = 0.0
    for pause in _pauses():
        if _ended(tee):
            return
        now = time.monotonic()
        if (found := _size_of(path)) != size:
            size, changed = found, now
        if not emptied and now - began > _SETTLED and _unread(tee) == 0:
            emptied = now
        if now - changed > _PATIENCE or (emptied and now - min(changed, emptied) > _SETTLED):
            return
        if size - first > _HELD or now - began > SETTINGS.LANES.END_LIMIT:
            return
        time.sleep(pause)


def _pauses() -> Iterator[float]:
    pause = 0.0002
    while True:
        yield pause
        pause = min(pause * 1.5, 0.02)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # somebody waits for any child; or we are a forked child ourselves
        return True


def _reap_orphans() -> None:
    """Let tees go that have ended; those whose pipe a background process still holds are asked again later."""
    with _lock:
        _orphans[:] = [pid for pid in _orphans if not _ended(pid)]


def _unread(tee: int) -> int | None:
    """Bytes in a tee's pipe, or None where that cannot be known."""
    import fcntl
    import termios

    try:
        fd = os.open(f"/proc/{tee}/fd/0", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
    finally:
        os.close(fd)


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


_SILENT = frozenset((*sys.stdlib_module_names, "expkit", "psutil", "wrapt", "yaml"))
_DEADLY = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM")
    if hasattr(signal, name)
]
