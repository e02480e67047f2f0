"""What is wrong with values that do not fit, in words."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from expkit._support.nearest import nearest
from expkit._support.odd import safe_repr
from expkit._support.odd import said as said_by

_SHOWN = 12
"""That many choices are listed."""


class Problem(NamedTuple):
    """A value that does not fit.

    Attributes:
        at: keys of the value, from the entry.
        value: that does not fit.
        reason: what is expected, and what to give instead.
        example: a value that would fit, where an example helps.
    """

    at: tuple[Any, ...]
    value: Any
    reason: str
    example: str = ""


class UnfitError(Exception):
    """Values do not fit a type.

    Args:
        problems: at least one.

    Attributes:
        bounded: whether a value is of the type, and refused by bounds or other checks of ``Annotated``.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems
        self.bounded = False


def unfit(at: tuple[Any, ...], value: Any, reason: str, example: str = "", *, bounded: bool = False) -> UnfitError:
    """The error for a single value."""
    error = UnfitError(Problem(at, value, reason, example))
    error.bounded = bounded
    return error


def choose_one(value: Any, choices: list[Any], names: list[str] = []) -> str:  # noqa: B006 - read only
    """``choose one of 'a', 'b'; did you mean 'a'?``

    Args:
        value: what was given.
        choices: what may be given.
        names: other words for them.
    """
    shown = [safe_repr(choice) for choice in choices[:_SHOWN]]
    more = ", ..." if len(choices) > _SHOWN else ""
    near = nearest(str(value), {*map(str, choices), *names}, 1) if isinstance(value, str) else []
    meant = next((safe_repr(choice) for choice in choices if [str(choice)] == near), safe_repr(near[0]) if near else "")
    return f"choose one of {', '.join(shown)}{more}" + (f"; did you mean {meant}?" if meant else "")


def from_library(error: Exception, at: tuple[Any, ...]) -> UnfitError:
    """What pydantic, or a class with checks of its own, says about a value."""
    if not callable(getattr(error, "errors", None)):
        return unfit(at, None, said_by(error).removeprefix("ValueError: "))
    found = error.errors(include_url=False)  # type: ignore[attr-defined]
    return UnfitError(*[Problem((*at, *_keys(item["loc"])), item.get("input"), _in_words(item)) for item in found])


def _in_words(item: dict[str, Any]) -> str:
    text = re.sub(r"^Input should", "it should", str(item["msg"]))
    return re.sub(r"^(Value|Assertion) error, ", "", text)


def _keys(place: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part for part in place if isinstance(part, int) or not re.search(r"[\[(-]", part))
