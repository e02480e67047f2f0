"""Values as JSON trees, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.record.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.types import Json


def flatten(obj: Any) -> Json:
    """A JSON tree that says the value; :func:`restore` gives it back if it is of a kind that expkit restores."""
    return encode(obj)


def restore(flat: Json) -> Any:
    """The value that a tree was made from.

    Reads what :func:`flatten` gave, and of what Sacred wrote tuples, sets and bytes. Nothing in a tree is ever
    executed: objects of other classes stay data.
    """
    return decode(_translated(flat))


def _translated(flat: Json) -> Json:
    if isinstance(flat, list):
        return [_translated(item) for item in flat]
    if not isinstance(flat, dict):
        return flat
    if len(flat) == 1:
        tag, content = next(iter(flat.items()))
        if tag in _TAGS and isinstance(content, _TAGS[tag][0]):
            return _TAGS[tag][1](content)
    return {key: _translated(item) for key, item in flat.items()}


def _bytes(content: str) -> Json:
    from base64 import b64decode

    return encode(b64decode(content))


_TAGS: dict[str, tuple[type, Callable[[Any], Json]]] = {
    "py/tuple": (list, lambda items: encode(tuple(restore(item) for item in items))),
    "py/set": (list, lambda items: encode({restore(item) for item in items})),
    "py/b64": (str, _bytes),
}
