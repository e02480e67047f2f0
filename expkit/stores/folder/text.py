"""JSON as bytes: pretty for people, one line per entry for logs. Always strict: NaN is an error here."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expkit.types import Json

_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SPACED = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_SHORT = 100


def pretty(tree: Json) -> bytes:
    """Indented JSON with a final newline; containers of plain values stay on one line while they are short.

    The standard library's own indenting encoder is several times slower, and this runs at every flush.
    """
    parts: list[str] = []
    _pretty(tree, "\n", parts.append)
    parts.append("\n")
    return _bytes("".join(parts))


def line(tree: Json) -> bytes:
    """JSON on one line, with its newline."""
    return _bytes(_COMPACT.encode(tree) + "\n")


def lines(data: bytes) -> list[Json]:
    """The entries of a log; a torn last line and lines that are no JSON are left out."""
    found = []
    for text in data.split(b"\n")[:-1]:
        try:
            found.append(json.loads(text))
        except ValueError:
            continue
    return found


def _pretty(tree: Any, newline: str, put: Any) -> None:
    if isinstance(tree, dict) and tree:
        inner = newline + "  "
        opening = "{" + inner
        for key, value in tree.items():
            put(f"{opening}{encode_basestring(key)}: ")
            _pretty(value, inner, put)
            opening = "," + inner
        put(newline + "}")
    elif isinstance(tree, (list, tuple)) and tree:
        _pretty_list(tree, newline, put)
    else:
        put(_SPACED.encode(tree))


def _pretty_list(items: Any, newline: str, put: Any) -> None:
    if not any(isinstance(item, (dict, list, tuple)) for item in items):
        text = _SPACED.encode(items)
        if len(text) <= _SHORT:
            put(text)
            return
    inner = newline + "  "
    opening = "[" + inner
    for item in items:
        put(opening)
        _pretty(item, inner, put)
        opening = "," + inner
    put(newline + "]")


def _bytes(text: str) -> bytes:
    # a lone surrogate (an undecodable file name, say) becomes the JSON escape that means just it
    return text.encode("utf-8", "backslashreplace")
