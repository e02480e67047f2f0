"""What databases are told of a run's trees, so that they can leave out runs which cannot be the answer to a question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from expkit.record.paths import Path
from expkit.record.query import comparable
from expkit.record.tagged import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.types import Json

ODD = "?"
"""Stands beside the leaves where they are not all: such a run may be the answer to any question."""

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_BELOW = re.compile(r"[A-Za-z0-9_-]{1,100}")
_EXACT = 1 << 53
_LONGEST = 200
_MOST = 500
_DEEPEST = 20
_TABLES = ("dataclass", "namedtuple")
_LISTS = ("tuple", "set", "frozenset")
_ODD_KINDS = ("datetime", "dict")


def leaves(trees: dict[str, Json]) -> dict[str, Any]:
    """The plain values below some trees, by dotted path: numbers (also for true and false) and texts.

    What has an order or an equality that no database shares is not among them, and :data:`ODD` says so.
    """
    found: dict[str, Any] = {}
    for number, (path, value) in enumerate(_walk(trees, "")):
        if path is None or number == _MOST:
            found[ODD] = 1
        if number == _MOST:
            break
        if path is not None and value is not None:
            found[path] = value
    return found


def path_of(field: str) -> str | None:
    """The path by which a field is among the leaves; None for one that never is."""
    first, *below = Path.parse(field).steps or ("",)
    return ".".join((first, *below)) if below and _KEY.fullmatch(first) and all(map(_BELOW.fullmatch, below)) else None


def _walk(tree: Json, path: str, depth: int = 0) -> Iterator[tuple[str | None, Any]]:
    """The leaves below a tree; without a path where there is something that is none."""
    if depth > _DEEPEST:
        yield None, None
        return
    kind = kind_of(tree)
    if kind in _TABLES or kind in _LISTS:
        tree, kind = tree.get("value"), None
    if kind is None and isinstance(tree, dict):
        for key, item in tree.items():
            if _KEY.fullmatch(key) is None:
                yield None, None
            else:
                yield from _walk(item, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(tree, list):
        for number, item in enumerate(tree):
            yield from _walk(item, f"{path}.{number}", depth + 1)
    else:
        value = comparable(tree)
        yield (path, _plain(value)) if _is_plain(kind, value) else (None, None)


def _is_plain(kind: str | None, value: Any) -> bool:
    if kind in _ODD_KINDS or isinstance(value, dict):
        return False
    if isinstance(value, str):
        return len(value) <= _LONGEST and value.isascii() and value.isprintable()
    return value is None or (isinstance(value, (int, float)) and abs(value) < _EXACT)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
