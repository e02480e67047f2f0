"""Processes that copy what comes from a pipe, and that are nobody's children: :class:`Tee`."""

from __future__ import annotations

import contextlib
import os
import signal
from functools import lru_cache
from typing import Any

from expkit.stores.folder.held import Held

# the shell ends at once, so that whoever waits for all children of this process never waits for a tee
_SCRIPT = 'exec 3<&0; "$0" -a -- "$1" <&3 3<&- &'


class Tee:
    """A process that copies what comes from a pipe to ``target`` and ``path``, and ends with the pipe.

    Args:
        target: a descriptor.
        path: appended to.

    Attributes:
        pipe: the end of the pipe to write to, for the caller to close.
        said: its complaints until now: nobody else should see them.

    Raises:
        OSError: no process or no descriptor is to be had.
    """

    def __init__(self, target: int, path: str) -> None:
        if not (program := tee_program()):
            raise OSError("there is no program `tee`")
        self.said = ""
        with contextlib.ExitStack() as close_all, contextlib.ExitStack() as close_ours:
            source, pipe, errors, complaints = (high(fd) for fd in (*os.pipe(), *os.pipe()))
            for fd in (source, complaints):
                close_all.callback(os.close, fd)
            for fd in (pipe, errors):
                close_ours.callback(os.close, fd)
            arguments = ["/bin/sh", "-c", _SCRIPT, program, path]
            self._starter = _spawn(arguments, (source, target, complaints))
            close_ours.pop_all()
        os.set_blocking(errors, False)
        self.pipe = pipe
        self._identity = os.fstat(pipe)[1:3]
        self._errors = Held(errors)
        self._errors.raise_number()

    def begun(self) -> None:
        """Wait until it has begun, a millisecond after it was made.

        Raises:
            OSError: there are no more processes to be had.
        """
        with contextlib.suppress(ChildProcessError):  # somebody waits for any child
            if os.waitpid(self._starter, 0)[1]:
                raise OSError((self.has_ended and self.said.strip()) or "the shell cannot start `tee`")

    @property
    def has_ended(self) -> bool:
        """Whether it is no more: then nobody else can write complaints."""
        if not self._errors.is_ours:
            return False
        try:
            while data := os.read(self._errors.number, 1 << 12):
                self.said += data.decode("utf-8", "replace")
        except OSError:
            return False
        return True

    def is_behind(self, fd: int) -> bool:
        """Whether what is written to the descriptor comes here."""
        try:
            return os.fstat(fd)[1:3] == self._identity
        except OSError:
            return False

    def watch(self, fd: int) -> int:
        """Another end of the pipe to read from, where the system has such a thing; else -1.

        Who writes does not get to know of the tee's end while it is open.

        Args:
            fd: that leads here.
        """
        try:
            return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return -1

    def close(self) -> None:
        """Listen to complaints no more."""
        self._errors.close()


def tee_program() -> str:
    """Path of the program, or ``""`` where it or the way to start it is missing."""
    if not hasattr(os, "posix_spawn"):
        return ""
    return _program(tuple(os.get_exec_path()))


@lru_cache(maxsize=4)
def _program(folders: tuple[str, ...]) -> str:
    candidates = (os.path.join(folder, "tee") for folder in folders)
    return next((program for program in candidates if os.access(program, os.X_OK)), "")


def high(fd: int) -> int:
    """The descriptor, not among the standard ones even if those were closed, and not inherited."""
    if fd >= _FIRST:
        return fd
    import fcntl

    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST)
    finally:
        os.close(fd)


def _spawn(arguments: list[str], descriptors: tuple[int, int, int]) -> int:
    options: dict[str, Any] = {
        "file_actions": [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(descriptors)],
        "setsigdef": [signal.SIGPIPE],  # so that a reader who goes away is noticed as without us
        "setsigmask": _DEADLY,
    }
    from expkit.provenance.files.audit import quietly

    with quietly():  # it is no program of a run that is on
        try:
            return os.posix_spawn(arguments[0], arguments, os.environ, setsid=True, **options)
        except NotImplementedError:
            return os.posix_spawn(arguments[0], arguments, os.environ, setpgroup=0, **options)


_FIRST = 3  # after the standard descriptors
_DEADLY = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM")
    if hasattr(signal, name)
]
