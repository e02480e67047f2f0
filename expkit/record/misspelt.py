"""Names in questions that no run can have, most likely because they are misspelt."""

from __future__ import annotations

from expkit._support.nearest import did_you_mean, nearest
from expkit.record.fields import FIGURES, FRIENDLY, SECONDS, TIMES, known
from expkit.record.model import (
    COMPLETED,
    COPYING,
    FAILED,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    TIMEOUT,
    ConfigFacts,
    FileRef,
    Launch,
)
from expkit.record.paths import Path
from expkit.record.state import DIED

STATES = (COMPLETED, FAILED, DIED, RUNNING, QUEUED, INTERRUPTED, TIMEOUT, COPYING, "UNREADABLE")
"""States that runs usually have; a program may end a run in one of its own."""

_BELOW = {
    "launch": Launch._fields,
    "facts": ConfigFacts._fields,
    "files": FileRef._fields,
    "notes": ("text", "author", "time"),
    "trash": ("author", "time"),
}
DEEPEST = 256
"""Steps of a path; as keys may have dots, so long a path is read in a great many ways."""

_PLAIN = ("id", "uid", "name", "command", "state", "status", "cause", "seed", "parent", *TIMES, *SECONDS)
_TYPING_ERROR = 0.75


def no_field(first: str, name: str) -> str:
    """What is said about a field that no run has.

    Args:
        first: step of its path.
        name: the whole path, as it was typed.
    """
    near = did_you_mean(first, {*known(), *FRIENDLY, f"config.{first}"})
    return f"runs have no {first!r}{near or f'; entries of the config are asked for as config.{name}'}"


def trouble(field: str) -> str:
    """Why no run has anything at a path; ``""`` where one may, as below ``config`` and wherever else programs give names.

    Args:
        field: a path as stores know it.
    """
    path = Path.parse(field)
    if len(path.steps) > DEEPEST:
        return f"this leads {len(path.steps)} steps deep; questions go {DEEPEST} deep"
    if path.first in _PLAIN and len(path.steps) > 1:
        return f"{path.first} has nothing below it"
    names = _BELOW.get(path.first, ())
    second = next((step for step in path.steps[1:] if not step.isdecimal()), None)
    if not names or second is None or second in names:
        return ""
    there = [f"{path.first}.{name}" for name in names]
    near = did_you_mean(f"{path.first}.{second}", there) or f"; there are {', '.join(there)}"
    return f"{path.first} has no {second!r}{near}"


def without_figure(field: str) -> str:
    """What is to be typed instead of a metric without one of its figures."""
    name, dot, figure = field.removeprefix("metrics.").rpartition(".")
    near = nearest(figure, FIGURES, 1) if dot else []
    if near:
        return f"metrics have no figure {figure!r}; did you mean metrics.{name}.{near[0]}?"
    return f"say which figure of a metric is meant: {' '.join(f'{field}.{figure}' for figure in FIGURES)}"


def meant_state(text: object) -> str:
    """The state that is meant by a text that is nearly one; ``""`` for states, and for what may be one of a program."""
    if not isinstance(text, str) or text in STATES:
        return ""
    return next(iter(nearest(text, STATES, 1, _TYPING_ERROR)), "")
