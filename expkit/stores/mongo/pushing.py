"""Comparisons as filters: what leaves out runs that cannot be the answer to a question."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from expkit.record.fields import TIMES
from expkit.record.leaves import ODD, leaves, path_of
from expkit.record.model import RUNNING
from expkit.record.paths import Path
from expkit.record.state import DIED
from expkit.record.wire import time_to_json
from expkit.stores.narrowing import bounds, near, number, time, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.record.query import Compare
    from expkit.types import Json

TREES = ("config", "result")
"""What is searched by its plain values."""

_ORDERED = ("==", "<", "<=", ">", ">=")
_SIGNS = {"==": "$eq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


def leaves_of(name: str, tree: Json) -> list[dict[str, Any]]:
    """The plain values of a tree as a document has them: no path can be the name of a field."""
    return [{"path": path, "value": value} for path, value in leaves({name: tree}).items()]


class MongoWords:
    """How MongoDB says it."""

    def every(self, parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """All of these hold."""
        return {"$and": list(parts)}

    def some(self, parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """One of these holds."""
        return {"$or": list(parts)}

    def one_of(self, field: str, values: Sequence[Any]) -> dict[str, Any] | None:
        """What holds for all runs in which a field has one of these values, as one test; None: there is none for it."""
        if field == "uid":
            return {"expkit.uid": {"$in": list(values)}} if all(word(value) is not None for value in values) else None
        first = Path.parse(field).first
        return _leaf_of(first, field, values) if first in TREES else None

    def compared(self, query: Compare) -> dict[str, Any] | None:
        """What holds for all runs for which a comparison holds; None: all may be."""
        first = Path.parse(query.field).first
        if first in TREES and query.op in _ORDERED:
            return _leaf(first, query)
        if query.field in TIMES and query.op in _ORDERED:
            return _at_time(query)
        if query.field in ("state", "status") and isinstance(query.value, str):
            return _state(query)
        if query.field == "uid" and query.op == "==" and word(query.value) is not None:
            return {"expkit.uid": query.value}
        return None


def _leaf_of(tree: str, field: str, values: Sequence[Any]) -> dict[str, Any] | None:
    """Of one of several plain values."""
    path = field if field == "result" else path_of(field)
    said: list[Any] = []
    for value in values:
        numeric, text = number(value), word(value)
        if numeric is None and text is None:
            return None
        said += near(numeric) if numeric is not None else [text]
    return None if path is None else _held(tree, path, {"$in": said})


def _leaf(tree: str, query: Compare) -> dict[str, Any] | None:
    """Of a plain value; runs of older versions have none, and some have values that only we can compare."""
    path = query.field if query.field == "result" else path_of(query.field)
    numeric, said = number(query.value), word(query.value)
    if path is None or (numeric is None and (said is None or query.op != "==")):
        return None
    limits: dict[str, Any] = {"$eq": said}
    if numeric is not None:
        low, high = bounds(query.op, numeric)
        limits = {sign: limit for sign, limit in (("$gte", low), ("$lte", high)) if limit is not None}
    return _held(tree, path, limits)


def _held(tree: str, path: str, test: dict[str, Any]) -> dict[str, Any]:
    field = f"expkit.leaves.{tree}"
    held = {field: {"$elemMatch": {"path": path, "value": test}}}
    return {"$or": [{field: {"$exists": False}}, {f"{field}.path": ODD}, held]}


def _at_time(query: Compare) -> dict[str, Any] | None:
    """Times are texts, in UTC and of one form, so that they sort."""
    when = time(query.value)
    if when is None:
        return None
    return {f"expkit.record.{query.field}": {_SIGNS[query.op]: json.dumps(time_to_json(when))}}


def _state(query: Compare) -> dict[str, Any] | None:
    """Who is RUNNING may have died."""
    field, said, running = "expkit.record.status", json.dumps(query.value), json.dumps(RUNNING)
    judged = query.field == "state"
    if query.op == "==":
        return {field: {"$in": [running] if query.value == DIED else [said, running]} if judged else said}
    if query.op == "!=" and judged:
        return {"$or": [{field: {"$ne": said}}, {field: running}]}
    return {field: {"$ne": said}} if query.op == "!=" else None
