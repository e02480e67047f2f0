"""What a notice says: templates, how they are filled, durations in words."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit._support.odd import RAISED, tolerate
from expkit.errors import ObserverError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

QUEUED, STARTED, COMPLETED, INTERRUPTED, FAILED = EVENTS = ("queued", "started", "completed", "interrupted", "failed")

STARTED_TEXT = "{experiment[name]} (run {_id}) started on {host_info[hostname]}"
COMPLETED_TEXT = (
    "{experiment[name]} (run {_id}) completed after {elapsed_time} on {host_info[hostname]}, result: {result}"
)
INTERRUPTED_TEXT = "{experiment[name]} (run {_id}) ended as {status} after {elapsed_time} on {host_info[hostname]}"
FAILED_TEXT = "{experiment[name]} (run {_id}) failed after {elapsed_time} on {host_info[hostname]}: {error}"

_ALWAYS = ("_id", "command", "config", "experiment", "host_info")
_SINCE_START = (*_ALWAYS, "start_time", "elapsed_time")
PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    QUEUED: (*_ALWAYS, "queue_time"),
    STARTED: _SINCE_START,
    COMPLETED: (*_SINCE_START, "result", "stop_time"),
    INTERRUPTED: (*_SINCE_START, "status", "interrupt_time"),
    FAILED: (*_SINCE_START, "backtrace", "error", "fail_time", "fail_trace"),
}
"""What the text for each event may name."""

_LONGEST_VALUE = 1500
_HEAD = 300
_UNITS = (
    ("year", 365 * 86400),
    ("month", 30 * 86400),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)


def in_words(duration: timedelta) -> str:
    """A duration in words: ``1 hour, 2 minutes, 5 seconds``; years have 365 days and months 30."""
    seconds = int(duration.total_seconds())
    words = []
    for unit, length in _UNITS:
        count, seconds = divmod(max(seconds, 0), length)
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return ", ".join(words) or "less than a second"


def last_line(trace: Sequence[str]) -> str:
    """The last line of a traceback that says something: the error."""
    lines = [line.strip() for line in "\n".join(trace).splitlines() if line.strip()]
    return lines[-1] if lines else ""


def check_text(text: object, event: str) -> None:
    """Make sure that a text can be filled.

    Args:
        text: a template of ``str.format``, or None.
        event: that it tells of, one of :data:`EVENTS`.

    Raises:
        ObserverError: it cannot; the message says what it may name.
    """
    if text is None:
        return
    if not isinstance(text, str):
        raise ObserverError(f"{event}_text is a text, or None for no message, not {text!r}")
    try:
        named = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ObserverError(f"{event}_text is no template: {error}; a brace itself is written {{{{ or }}}}") from None
    for name in named:
        root, known = name.partition("[")[0].partition(".")[0], PLACEHOLDERS[event]
        if root not in known:
            raise ObserverError(
                f"{event}_text names {{{name}}}, which nobody knows{did_you_mean(root, known)}; "
                f"it may name {', '.join(known)}"
            )


def fill(template: str, facts: Mapping[str, Any], escape: Callable[[str], str] = str) -> str:
    """A template with its facts. What cannot be had stays as it is written: a message is better than none.

    Args:
        template: of ``str.format``.
        facts: by name.
        escape: makes a value harmless for the markup of the service.
    """
    try:
        return _Filling(escape).vformat(template, (), facts)
    except RAISED as error:
        tolerate(error)
        return template


class _Filling(string.Formatter):
    def __init__(self, escape: Callable[[str], str]) -> None:
        self._escape = escape

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        try:
            return super().get_field(field_name, args, kwargs)
        except (LookupError, AttributeError, TypeError, ValueError):
            return f"{{{field_name}}}", field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        try:
            text = format(value, format_spec)
        except (TypeError, ValueError):
            text = str(value)
        return self._escape(_shortened(text))


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_HEAD]} ... {text[_HEAD - _LONGEST_VALUE :]}"


def bold(template: str) -> str:
    """The template with the experiment's name in bold, as Slack and Telegram mark it."""
    return template.replace("{experiment[name]}", "*{experiment[name]}*")
