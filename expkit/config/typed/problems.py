"""What is wrong with values that do not fit, in words."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, NamedTuple

from expkit._support.nearest import nearest
from expkit._support.odd import is_a, safe_repr
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


def choose_one(value: Any, choices: list[Any]) -> str:
    """``choose one of 'a', 'b'; did you mean 'a'?``; members of enumerations by their names.

    Args:
        value: what was given.
        choices: what may be given.
    """
    shown = [shown_choice(choice) for choice in choices]
    more = ", ..." if len(choices) > _SHOWN else ""
    words = {str(word): text for choice, text in zip(choices, shown, strict=True) for word in _words_for(choice)}
    near = nearest(value, words, 1) if isinstance(value, str) else []
    return f"choose one of {', '.join(shown[:_SHOWN])}{more}" + (f"; did you mean {words[near[0]]}?" if near else "")


def shown_choice(choice: Any) -> str:
    """A choice as it is typed."""
    return str(choice.name) if is_a(choice, Enum) else safe_repr(choice)


def _words_for(choice: Any) -> tuple[Any, ...]:
    return (choice.value, choice.name) if is_a(choice, Enum) else (choice,)


def from_library(error: Exception, at: tuple[Any, ...]) -> UnfitError:
    """What pydantic, attrs, or a class with checks of its own, says about a value."""
    if not callable(getattr(error, "errors", None)):
        many = len(error.args) > 1 and isinstance(error.args[0], str)  # attrs gives details for programs
        text = error.args[0] if many else said_by(error).removeprefix("ValueError: ")
        field = re.match(r"'(\w+)' must", text)  # attrs names it so
        return unfit((*at, field[1]) if field else at, None, text)
    found = error.errors(include_url=False)  # type: ignore[attr-defined]
    return UnfitError(*[Problem((*at, *_keys(item["loc"])), item.get("input"), _in_words(item)) for item in found])


_WORDS = {
    "int_type": "it should be a whole number",
    "int_parsing": "it should be a whole number",
    "int_from_float": "it should be a whole number",
    "float_type": "it should be a number",
    "float_parsing": "it should be a number",
    "complex_type": "it should be a complex number",
    "complex_str_parsing": "it should be a complex number",
    "decimal_type": "it should be a decimal number",
    "decimal_parsing": "it should be a decimal number",
    "bool_type": "it should be True or False",
    "bool_parsing": "it should be True or False",
    "string_type": "it should be a text",
    "bytes_type": "it should be bytes",
    "path_type": "it should be a path",
    "string_too_short": "it should have at least {min_length} characters",
    "string_too_long": "it should have at most {max_length} characters",
    "string_pattern_mismatch": "it should match {pattern}",
    "too_short": "it should have at least {min_length} elements, not {actual_length}",
    "too_long": "it should have at most {max_length} elements, not {actual_length}",
    "uuid_parsing": "it should be a UUID ({error})",
    "url_parsing": "it should be a URL ({error})",
    "date_from_datetime_parsing": "it should be a date, such as 2026-12-31 ({error})",
    "datetime_from_date_parsing": "it should be a date and a time, such as 2026-12-31T23:59 ({error})",
    "time_parsing": "it should be a time, such as 23:59 ({error})",
    "time_delta_parsing": "it should be a number of seconds, or a text such as 1 day, 02:00 ({error})",
    "missing": "it must be given",
    "extra_forbidden": "there is no such field",
}
"""What to say instead of pydantic's words, by kind of error; others are kept."""


def _in_words(item: dict[str, Any]) -> str:
    try:
        text = _WORDS[item["type"]].format(**item.get("ctx", {}))
        return re.sub(r"\b1 (element|character)s", r"1 \1", text)
    except KeyError:  # a kind that we do not know
        text = re.sub(r"^Input should", "it should", str(item["msg"]))
        return re.sub(r"^(Value|Assertion) error, ", "", text)


def _keys(place: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part for part in place if isinstance(part, int) or not re.search(r"[\[(-]", part))
