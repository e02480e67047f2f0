"""What is said when a call to a captured function lacks arguments, or has wrong ones."""

from __future__ import annotations

from types import FunctionType

from expkit._support.nearest import did_you_mean
from expkit.capture.signature import SPECIALS, refuse_wrong
from expkit.errors import AmbiguousRunError, MissingConfigError, SignatureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from expkit.capture.function import Capture
    from expkit.capture.types import RunContext


def check_arguments(capture: Capture, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse explicit arguments that the function would refuse, in Python's words.

    Raises:
        SignatureError: too many of them, or of an unknown name, or the same one twice.
    """
    if isinstance(capture.function, FunctionType) and capture.parameters.direct:
        try:
            refuse_wrong(capture.function, args, kwargs)
        except TypeError as error:
            raise SignatureError(str(error)) from None


def lacking(capture: Capture, context: RunContext | None, names: list[str]) -> MissingConfigError:
    """The error for parameters that got a value from nowhere."""
    quoted = ", ".join(repr(name) for name in names)
    many = len(names) > 1
    message = f"{capture.qualname}() ({capture.place}) lacks {'values for ' if many else ''}{quoted}: "
    message += f"{'they were' if many else 'it was'} not passed"
    if context is None:
        path = capture.owner.path
        return MissingConfigError(
            f"{message}, and no run of {path!r} is active here. Pass {'them' if many else 'it'}, or call it during a run"
            " (in another thread: through run.bind(fn))"
        )
    return MissingConfigError(f"{message} and {'are' if many else 'is'} not {_searched(capture, context, names)}")


def ambiguous(capture: Capture, rivals: int) -> AmbiguousRunError:
    """The error for a thread that could belong to several runs."""
    return AmbiguousRunError(
        f"{capture.qualname}() ({capture.place}) was called in a thread of its own while {rivals} runs of "
        f"{capture.owner.path!r} are active: which one is meant? Start the thread with run.bind(fn) instead of fn"
    )


def _searched(capture: Capture, context: RunContext, names: list[str]) -> str:
    entries = context.values(capture.owner, capture.prefix)
    where = f"in the config of {capture.owner.path!r}"
    if capture.prefix:
        where += f" below {capture.prefix!r}{_prefix_hint(capture, context)}"
    hints = [f"\n  {name}{hint}" for name in names if (hint := _hint(name, entries))]
    return where + "".join(hints)


def _hint(name: str, entries: Any) -> str:
    return "" if name in SPECIALS else did_you_mean(name, [key for key in entries if isinstance(key, str)])


def _prefix_hint(capture: Capture, context: RunContext) -> str:
    """Where the prefix itself leads nowhere, say so: all names are missing then."""
    first = (capture.prefix or "").partition(".")[0]
    known = context.values(capture.owner, None)
    return "" if first in known else f" (there is no entry {first!r}{_hint(first, known)})"
