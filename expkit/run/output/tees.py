"""Processes that copy what comes from a pipe, and that are nobody's children: :class:`Tee`."""

from __future__ import annotations

import contextlib
import os
import signal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expkit.stores.disk.held import Held

if TYPE_CHECKING:
    from collections.abc import Sequence

# the shell ends at once, so that whoever waits for all children of this process never waits for a tee
_ONE = 'exec 3<&0; "$0" -a -- "$1" <&3 3<&- &'
_TWO = (
    'exec 6<&0; "$0" -a -- "$1" <&6 3<&- 4>&- 5>&- 6<&- & '
    '"$0" -a -- "$1" <&3 >&4 2>&5 3<&- 4>&- 5>&- 6<&- &'
)  # fmt: skip


def begin(targets: Sequence[int], path: str) -> tuple[list[Tee], int]:
    """A tee for each of one or two targets, and the pid of who starts them, to wait for with :func:`begun`.

    Args:
        targets: descriptors.
        path: appended to.

    Raises:
        OSError: no process or no descriptor is to be had.
    """
    if not (program := tee_program()):
        raise OSError("there is no program `tee`")
    with contextlib.ExitStack() as close_theirs, contextlib.ExitStack() as close_ours:
        theirs: list[int] = []
        ours: list[tuple[int, int]] = []
        for target in targets:
            source, pipe = _pipe(close_theirs, close_ours)
            errors, complaints = _pipe(close_ours, close_theirs)
            theirs += (source, target, complaints)
            ours.append((pipe, errors))
        starter = _spawn(["/bin/sh", "-c", _ONE if len(targets) == 1 else _TWO, program, path], theirs)
        close_ours.pop_all()
    return [Tee(pipe, errors) for pipe, errors in ours], starter


def _pipe(*closers: contextlib.ExitStack) -> list[int]:
    """Two ends, each closed by its closer."""
    ends = list(map(high, os.pipe()))
    for fd, closer in zip(ends, closers, strict=True):
        closer.callback(os.close, fd)
    return ends


def begun(tees: list[Tee], starter: int) -> None:
    """Wait until they have begun, a millisecond after they were made.

    Raises:
        OSError: there are no more processes to be had.
    """
    with contextlib.suppress(ChildProcessError):  # somebody waits for any child
        if os.waitpid(starter, 0)[1]:
            said = " ".join(tee.said.strip() for tee in tees if tee.has_ended)
            raise OSError(said.strip() or "the shell cannot start `tee`")


class Tee:
    """A process that copies what comes from a pipe to a target and a file, and ends with the pipe.

    Args:
        pipe: the end of its pipe to write to, for the caller to close.
        errors: the end to read from of the pipe that it complains into.

    Attributes:
        pipe: as given.
        said: its complaints until now: nobody else should see them.
    """

    def __init__(self, pipe: int, errors: int) -> None:
        self.said = ""
        os.set_blocking(errors, False)
        self.pipe = pipe
        self._identity = os.fstat(pipe)[1:3]
        self._errors = Held(errors)
        self._errors.raise_number()

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
        from expkit.provenance.files.audit import quietly

        try:
            with quietly():  # what lies behind it is no input of the run
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


def _spawn(arguments: list[str], descriptors: list[int]) -> int:
    options: dict[str, Any] = {
        # the last first: a target may be 1 or 2 itself
        "file_actions": [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in [*enumerate(descriptors)][::-1]],
        "setsigdef": [signal.SIGPIPE],  # so that a reader who goes away is noticed as without us
        "setsigmask": _DEADLY,
    }
    from expkit.provenance.files.audit import quietly

    with quietly():  # it is no program of a run that is on
        try:
            return os.posix_spawn(arguments[0], arguments, os.environ, setsid=True, **options)
        except NotImplementedError:
            return os.posix_spawn(arguments[0], arguments, os.environ, setpgroup=0, **options)


_FIRST = 6  # after the standard descriptors, and those that two tees begin with
_DEADLY = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM")
    if hasattr(signal, name)
]
