"""Trouble of our own, where nobody can be told at once: the first of each kind is kept until a run ends."""

from __future__ import annotations

import os


def keep(what: str, error: BaseException) -> None:
    """Keep an exception that must not reach the program; never raises.

    Args:
        what: comes of it, as a sentence's beginning; of each only the first exception is kept.
        error: that was caught.
    """
    if what not in _first:
        _first[what] = f"{what}: {type(error).__name__}: {_text(error)}{_place(error)}"


def hear(text: str) -> None:
    """Take over a sentence of another process."""
    _first[text] = text


def take() -> list[str]:
    """The sentences kept since the last time."""
    found = [*_first.values()]
    _first.clear()
    return found


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # whose text cannot be had
        return "?"


def _place(error: BaseException) -> str:
    place, step = "", error.__traceback__
    while step is not None:
        place = f" ({os.path.basename(step.tb_frame.f_code.co_filename)}, line {step.tb_lineno})"
        step = step.tb_next
    return place


_first: dict[str, str] = {}

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_first.clear)
