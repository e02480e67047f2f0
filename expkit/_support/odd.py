"""Objects of users that raise whatever is asked of them: proxies of what is gone, mocks, half-built ones."""

from __future__ import annotations

from typing import Any

RAISED = (Exception, SystemExit)
"""What an object may raise that is only looked at; pass what was caught to :func:`tolerate`."""


def tolerate(error: BaseException) -> None:
    """Go on after an error of :data:`RAISED`; a subclass of SystemExit is how a signal ends the run: raised again."""
    if isinstance(error, SystemExit) and type(error) is not SystemExit:
        raise error


def is_a(value: Any, kind: Any) -> bool:
    """``isinstance(value, kind)`` going by the type alone: the object is not asked what it would like to be."""
    return issubclass(type(value), kind)


def safe_repr(value: Any, limit: int = 200) -> str:
    """``repr(value)``, cut off after ``limit`` characters; never raises for what the value is."""
    try:
        text = repr(value)
    except RAISED as error:
        tolerate(error)
        kind = type(value)
        return f"<{kind.__module__}.{kind.__qualname__} object, whose repr raises {type(error).__name__}>"
    return text if len(text) <= limit else text[:limit] + "..."


def said(error: BaseException) -> str:
    """``TYPE: TEXT``; without the text where it cannot be had."""
    try:
        return f"{type(error).__name__}: {error}"
    except RAISED as other:
        tolerate(other)
        return type(error).__name__
