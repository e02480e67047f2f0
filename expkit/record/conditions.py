"""Conditions in one word, as they are typed: ``status=COMPLETED``, ``config.lr<0.1``, ``tags=good``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from expkit.record.query import Compare, Not, Or

if TYPE_CHECKING:
    from expkit.record.query import Query

_CONDITION = re.compile(r"\s*([^=<>!~\s][^=<>!~]*?)\s*(==|!=|<=|>=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)
_WORDS = {"True": True, "False": False, "None": None}
_TIMES = ("queue_time", "start_time", "stop_time", "heartbeat")
_LISTS = ("tags", "files.", "gaps", "unseen")


def condition(text: str) -> Query | None:
    """The question behind ``FIELD=VALUE``; None for a text that is no condition.

    Beside ``=`` (or ``==``) there are ``!=``, ``<``, ``<=``, ``>``, ``>=``, and ``~`` for texts with ``%`` as any
    text. A value is a number, ``true``, ``null`` or other JSON where it can be read so, else a text; times are
    texts like ``2026-03-01``. Of a list, ``=``
    asks whether it has the value. ``!=`` is also true where the field is missing.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        return None
    field, op, typed = match.groups()
    if op in ("=", "=="):
        return _is(field, typed)
    if op == "!=":
        return Not(_is(field, typed))
    is_text = op == "~" or field in _TIMES
    return Compare(field, "like" if op == "~" else op, typed if is_text else _value(typed))


def _is(field: str, typed: str) -> Query:
    op, value = "contains" if field.startswith(_LISTS) else "==", _value(typed)
    if isinstance(value, str):
        return Compare(field, op, value)
    return Or(Compare(field, op, value), Compare(field, op, typed))  # an id may be a number or a text


def _value(typed: str) -> Any:
    if typed in _WORDS:
        return _WORDS[typed]
    try:
        return json.loads(typed)
    except (ValueError, RecursionError):
        return typed
