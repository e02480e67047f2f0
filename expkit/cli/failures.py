"""How an error is shown on a terminal, and which exit code it gives. Loaded when something went wrong."""

from __future__ import annotations

import os
import sys
import traceback
from itertools import groupby
from typing import TYPE_CHECKING, Any

from expkit.cli.terminal import emit
from expkit.errors import (
    CircularDependencyError,
    ConfigError,
    ExpkitError,
    NoObserverError,
    RunExistsError,
    SettingError,
    StoreNameError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

SUCCESS, FAILURE, MISTAKE, CTRL_C = 0, 1, 2, 130
"""Exit codes: 2 says that what was typed cannot work, 1 that it was tried and failed."""

_MISTAKES = (
    UsageError,
    ConfigError,
    SettingError,
    CircularDependencyError,
    StoreNameError,
    RunExistsError,
    NoObserverError,
)
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def show(
    error: BaseException,
    *,
    program: str,
    debug: bool = False,
    started: bool = False,
    hide: Callable[[str], str] = str,
) -> int:
    """Print an error to stderr and return the exit code of the program.

    Errors that expkit raises on purpose are one message where no line of the user's script had a part in them:
    before a run starts, and in commands of ours. Everything else is a traceback, with expkit's own frames folded
    unless the fault is there. The error and its tracebacks are left as they are.

    Args:
        error: what ended the program.
        program: its name, put before messages.
        debug: show every frame of every error.
        started: whether the run had begun.
        hide: takes secrets out of our own messages; what the user's code raised is shown as Python shows it.
    """
    text = _text(error, program, debug, started)
    text = hide(text) if isinstance(error, ExpkitError) else text
    if text:
        emit(text, sys.stderr)
    return exit_code(error, started=started)


def exit_code(error: BaseException, *, started: bool = False) -> int:
    """The exit code: 2 for a user's mistake, 130 for Ctrl-C, its own for ``SystemExit``, else 1."""
    if isinstance(error, KeyboardInterrupt):
        return CTRL_C
    if isinstance(error, SystemExit):
        return _exit_status(error.code)
    return MISTAKE if isinstance(error, _MISTAKES) and _is_message(error, started) else FAILURE


def post_mortem(error: BaseException) -> None:
    """Print the whole traceback and open the debugger where ``error`` was raised."""
    import pdb  # noqa: T100 - this is what --pdb asks for

    emit("".join(traceback.format_exception(error)), sys.stderr)
    pdb.post_mortem(error.__traceback__)


def format_failure(error: BaseException, *, debug: bool = False) -> str:
    """The traceback of ``error`` and of what it was raised from, expkit's own frames folded."""
    full = traceback.TracebackException.from_exception(error)
    if debug or getattr(error, "filter_traceback", "") == "never":
        return "".join(full.format())
    if _is_ours(error):
        return (
            "".join(full.format())
            + "If the lines above do not explain it, this is a fault in expkit itself; please report it.\n"
        )
    _fold(full)
    return "".join(full.format())


def _text(error: BaseException, program: str, debug: bool, started: bool) -> str:
    if isinstance(error, SystemExit):
        return f"{error.code}\n" if error.code is not None and not isinstance(error.code, int) else ""
    if isinstance(error, KeyboardInterrupt) and not debug:
        return f"{program}: interrupted{_where(error)}\n"
    if _is_message(error, started) and not debug:
        hint = f"Try: {program} help\n" if isinstance(error, UsageError) or getattr(error, "print_usage", False) else ""
        text = str(error)
        named = text.startswith(f"{program}:") and text.removeprefix(f"{program}:")[:1].isdigit()
        return f"{text}\n{hint}" if named else f"{program}: {text}\n{hint}"
    return format_failure(error, debug=debug)


def _is_message(error: BaseException, started: bool) -> bool:
    if not isinstance(error, ExpkitError):
        return False
    if error.print_traceback is not None:
        return not error.print_traceback
    return not started or all(map(_inside, traceback.extract_tb(error.__traceback__)))


def _exit_status(code: Any) -> int:
    if code is None:
        return SUCCESS
    return code if isinstance(code, int) else FAILURE


def _where(error: BaseException) -> str:
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not (_inside(frame) or _in_library(frame))
    ]
    if not frames:
        return ""
    return f" in {frames[-1].name}, {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}"


def _inside(frame: traceback.FrameSummary) -> bool:
    return _ours(frame.filename)


def _ours(file: str) -> bool:
    return os.path.abspath(file).startswith(_PACKAGE)


def _in_library(frame: traceback.FrameSummary) -> bool:
    import sysconfig

    places = (
        sysconfig.get_path("stdlib"),
        f"{os.sep}site-packages{os.sep}",
        f"{os.sep}dist-packages{os.sep}",
        "<frozen ",
    )
    return any(place in frame.filename for place in places)


def _is_ours(error: BaseException) -> bool:
    """Whether our code failed; what containers of ours raise is the fault of whoever asked them."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    while frames and _is_container(frames[-1]):
        frames.pop()
    return bool(frames) and _ours(frames[-1].f_code.co_filename) and not isinstance(error, (ExpkitError, OSError))


def _is_container(frame: FrameType) -> bool:
    """Whether a method of a dict or list of ours is running there."""
    return _ours(frame.f_code.co_filename) and issubclass(type(frame.f_locals.get("self")), (dict, list))


def _fold(full: traceback.TracebackException | None) -> None:
    """Fold the stacks of an exception, its causes, contexts and members."""
    if full is None:
        return
    full.stack = _FoldedStack(full.stack)
    for related in (full.__cause__, full.__context__, *(getattr(full, "exceptions", None) or ())):
        _fold(related)


class _FoldedStack(traceback.StackSummary):
    """A stack that shows each stretch of expkit's own frames as one line."""

    def format(self, **how: Any) -> list[str]:
        return list(self._lines(how))

    def _lines(self, how: dict[str, Any]) -> Iterator[str]:
        for ours, frames in groupby(self, key=_inside):
            stretch = list(frames)
            if ours:
                yield f"  [... expkit: {len(stretch)} frame{'s' if len(stretch) > 1 else ''}]\n"
            else:
                yield from traceback.StackSummary.from_list(stretch).format(**how)
