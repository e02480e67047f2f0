"""JSON as bytes: pretty for people, one line per entry for logs. Always strict: NaN is an error here."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from expkit.errors import DAMAGE, FormatError, RunNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from expkit.types import Json

_SHORT = 80
_MEMORY = 16
_CONTAINERS = frozenset({dict, list, tuple})
_TOO_DEEP = "(nested too deeply to be read)"


def _encoder(comma: str, colon: str) -> Callable[[Any], str]:
    # without circular checks and inner indentation the encoder in C does all the work
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(comma, colon)).encode


_compact = _encoder(",", ":")
_spaced = _encoder(", ", ": ")


@lru_cache(maxsize=64)
def _lined(newline: str) -> Callable[[Any], str]:
    """Encodes a container of plain values, one per line."""
    return _encoder("," + newline, ": ")


class Memory:
    """Texts of trees that were written before: a record's config is written many times and never changes."""

    def __init__(self) -> None:
        self._texts: dict[tuple[int, str], tuple[Json, str]] = {}

    def text(self, tree: Json, newline: str) -> str:
        """What :func:`indented` gives."""
        key = id(tree), newline
        if key not in self._texts:
            if len(self._texts) >= _MEMORY:
                self._texts.clear()
            self._texts[key] = tree, indented(tree, newline)  # the tree is kept, so its id stays its own
        return self._texts[key][1]


def pretty(tree: Json) -> bytes:
    """Indented JSON with a final newline."""
    return to_bytes(indented(tree, "\n") + "\n")


def indented(tree: Json, newline: str) -> str:
    """Indented JSON whose lines begin with ``newline``; short lists of plain values stay on one line."""
    if tree.__class__ not in _CONTAINERS or not tree:
        return _plain(tree)
    inner = newline + "  "
    if isinstance(tree, dict):
        if _CONTAINERS.isdisjoint(map(type, tree.values())):
            return f"{{{inner}{_lined(inner)(tree)[1:-1]}{newline}}}"
        return joined("{", [item(key, indented(value, inner)) for key, value in tree.items()], "}", newline)
    if _CONTAINERS.isdisjoint(map(type, tree)) and len(text := _spaced(tree)) <= _SHORT:
        return text
    return joined("[", [indented(value, inner) for value in tree], "]", newline)


def joined(left: str, items: list[str], right: str, newline: str) -> str:
    """The text of a container from those of its items."""
    inner = newline + "  "
    return f"{left}{inner}{f',{inner}'.join(items)}{newline}{right}"


def item(key: str, text: str) -> str:
    """The text of an item of a dict."""
    return f"{encode_basestring(key)}: {text}"


def line(tree: Json) -> bytes:
    """JSON on one line, with its newline."""
    return to_bytes(_compact(tree) + "\n")


def lines(data: bytes) -> list[Json]:
    """The entries of a log; a torn last line and lines that are no JSON are left out.

    In the place of an entry that is nested too deeply stands a text, so that nobody takes the log to be whole.
    """
    return [tree for text in data.split(b"\n")[:-1] if (tree := _parsed(text)) is not None]


def parsed(data: bytes) -> Json:
    """What JSON says.

    Raises:
        ValueError: this is no JSON, or lists and dicts lie in each other deeper than can be read.
    """
    if not data:  # what a power cut leaves, or a full disk
        raise ValueError("it is empty")
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("lists or dicts are nested too deeply to be read") from None


def to_bytes(text: str) -> bytes:
    """UTF-8; a lone surrogate (of an undecodable file name, say) becomes the JSON escape that means just it."""
    return text.encode("utf-8", "backslashreplace")


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    return encode_basestring(value) if value.__class__ is str else _spaced(value)


def _parsed(text: bytes) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return None
    except RecursionError:
        return _TOO_DEEP


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Whatever is wrong with the file at ``path``, or with what it says, is a :class:`FormatError` that names it.

    Files are damaged in more ways than can be told apart: by hand, by full disks, by power cuts.
    """
    try:
        yield
    except RunNotFoundError:
        raise
    except DAMAGE as error:
        raise FormatError(f"{path}: {error}") from error
