"""Names of the programs that a run starts: what they read and write, nobody sees."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from subprocess import Popen

_SIGKILL = 9
"""As on every POSIX system; a process may have to be ended while the interpreter ends, when nothing can be imported."""

_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "fish", "cmd", "cmd.exe"))
_HARMLESS = frozenset((
    "fc-list", "getconf", "git", "hostname", "ldconfig", "locale", "lscpu", "nvidia-smi", "ps", "rocm-smi", "stty",
    "sysctl", "system_profiler", "tput", "tty", "uname", "which", "whoami",
))  # fmt: skip


def program_name(program: Any, words: Sequence[Any]) -> str:
    """The base name of a program, of one that a shell is asked to start that one's; ``""`` if it has none.

    Args:
        program: what is executed.
        words: its command line, the program's name first.
    """
    name = os.path.basename(os.fsdecode(program)).lower().removesuffix(".exe")
    if name in _SHELLS and len(words) > 2 and os.fsdecode(words[1]) in ("-c", "/c", "-lc"):  # noqa: PLR2004
        return _first_program(os.fsdecode(words[2])) or name
    return name


def is_harmless(name: str) -> bool:
    """Whether a program only tells facts, and has nothing to do with a run's files."""
    return name in _HARMLESS


def is_python(name: str) -> bool:
    """Whether a program may be an interpreter, which reports what it opens once it has imported expkit."""
    return name.startswith(("python", "pypy"))


def end_group(process: Popen[Any]) -> None:
    """End a process that leads a session of its own, and all that it has started: they may hold its pipes open.

    Args:
        process: one that nobody has waited for, so that its number is still its own.
    """
    if process.returncode is not None:
        return
    if not hasattr(os, "killpg"):
        process.kill()
        return
    try:
        os.killpg(process.pid, _SIGKILL)
    except OSError:  # it has ended by itself
        pass


def _first_program(command: str) -> str:
    """The first program on a command line, after assignments of variables."""
    words = (word for word in command.split() if "=" not in word)
    return os.path.basename(next(words, "").strip("\"'();&|"))
