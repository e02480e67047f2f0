"""Paths of entries: as text (``model.layers[0].units``) and as tuples of keys and indices.

The text is unambiguous for every string key: a key that would be read differently is quoted, ``a."x.y"``.
A number in brackets is an index into a list, or a key that is a number.
"""

from __future__ import annotations

import re
from typing import Any, Union

from expkit._support.odd import is_a, safe_repr
from expkit.errors import ConfigUpdateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Append:
    """The position behind a list's last element, written ``[+]``."""

    def __repr__(self) -> str:
        return "+"

    def __reduce__(self) -> str:
        return "APPEND"


APPEND = Append()
Part = Union[str, int, Append]
Path = tuple[Any, ...]

_KEY = r"""\s*(?:(?P<double>"(?:[^"\\]|\\.)*")|'(?P<single>[^']*)'|(?P<bare>[^\s.=\["'][^.=\[]*?))\s*(?=[.=\[]|$)"""
_INDEX = r"\[\s*(?P<index>\+|-?\d+)\s*\]\s*(?=[.=\[]|$)"
_STEP = r"""(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<step>\.|\[[^\]]*\])"""
_MISSING = object()


def join(path: Iterable[Any]) -> str:
    """The text of a path."""
    text = ""
    for part in path:
        if not isinstance(part, str):
            text += f"[{part!r}]"
        elif text:
            text += f".{_quoted(part)}"
        else:
            text = _quoted(part)
    return text


def below(parent: str, key: Any) -> str:
    """The text of the path of ``key`` in the container at ``parent``."""
    if not isinstance(key, str):
        return f"{parent}[{key!r}]"
    return f"{parent}.{_quoted(key)}" if parent else _quoted(key)


def split(text: str) -> tuple[Part, ...]:
    """The parts of a path's text.

    Raises:
        ConfigUpdateError: this is no path.
    """
    path, end = read_path(text)
    if end < len(text):
        raise _no_path(text)
    return path


def read_path(text: str) -> tuple[tuple[Part, ...], int]:
    """The path at the beginning of ``text``, and where it ends: at ``=`` or at the end of the text.

    Raises:
        ConfigUpdateError: there is no path.
    """
    parts: list[Part] = []
    end = 0
    while end < len(text) and text[end] != "=":
        part, end = _read_part(text, end)
        parts.append(part)
    if not parts or text[end - 1] == ".":
        raise _no_path(text)
    return tuple(parts), end


def is_prefix(prefix: str, path: str) -> bool:
    """Whether ``path`` is ``prefix`` or lies below it; everything lies below ``""``."""
    if not path.startswith(prefix):
        return False
    return not prefix or len(path) == len(prefix) or path[len(prefix)] in ".["


def parents(path: str) -> Iterator[str]:
    """The paths above ``path``, outermost first, without the root."""
    return (path[: match.start()] for match in re.finditer(_STEP, path) if match["step"] and match.start())


def flatten(tree: Mapping[Any, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Paths and values of the leaves: what is no dict, and empty dicts. Lists are leaves."""
    for key, value in tree.items():
        if is_a(value, dict) and value:
            yield from flatten(value, (*above, key))
        else:
            yield (*above, key), value


def dicts_in(tree: Mapping[Any, Any], above: Path = ()) -> Iterator[Path]:
    """Paths of the dicts below the tree, those in lists left out."""
    for key, value in tree.items():
        if is_a(value, dict):
            yield (*above, key)
            yield from dicts_in(value, (*above, key))


def leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Paths and values of the leaves of a value that stands at ``path``; of one that is no dict, itself."""
    return flatten(value, path) if is_a(value, dict) and value else iter([(path, value)])


def get_in(tree: Any, path: Path, default: Any = None) -> Any:
    """The value at ``path``, or ``default``."""
    for part in path:
        tree = _child(tree, part)
        if tree is _MISSING:
            return default
    return tree


def find(tree: Any, name: str, default: Any = None) -> Any:
    """The value at the path whose text is ``name``; ``default`` also where that is no path."""
    try:
        return get_in(tree, split(name), default)
    except ConfigUpdateError:
        return default


def has_path(tree: Any, path: Path) -> bool:
    """Whether there is a value at ``path``."""
    return get_in(tree, path, _MISSING) is not _MISSING


def put_in(tree: Any, path: Path, value: Any) -> None:
    """Set the value at ``path``; dicts that are missing on the way are made.

    Raises:
        ConfigUpdateError: there is something on the way that has no such place.
    """
    for depth, part in enumerate(path[:-1], start=1):
        makes = is_a(tree, dict) and isinstance(path[depth], str)
        tree = tree.setdefault(part, {}) if makes else _child(tree, part)
        if not is_a(tree, (dict, list)):
            raise _no_place(path, depth, tree)
    _set_child(tree, path, value)


def delete_in(tree: Any, path: Path) -> bool:
    """Remove what is at ``path``; whether there was something."""
    parent = get_in(tree, path[:-1], _MISSING)
    if not is_a(parent, (dict, list)) or _child(parent, path[-1]) is _MISSING:
        return False
    del parent[path[-1]]
    return True


def _quoted(key: str) -> str:
    if key.isidentifier():
        return key
    match = re.fullmatch(_KEY, key)
    if match and match["bare"] == key and key[0] != "~" and '"' not in key:
        return key
    import json

    return json.dumps(key, ensure_ascii=False)


def _read_part(text: str, start: int) -> tuple[Part, int]:
    wants_key = not start or text[start - 1] == "."
    match = re.compile(_KEY if wants_key else _INDEX).match(text, start)
    if not match:
        raise _no_path(text)
    part = _key_of(match, text) if wants_key else _index_of(match)
    return part, _after_dot(text, match.end())


def _after_dot(text: str, end: int) -> int:
    return end + 1 if text[end : end + 1] == "." else end


def _index_of(match: re.Match[str]) -> Part:
    return APPEND if match["index"] == "+" else int(match["index"])


def _key_of(match: re.Match[str], text: str) -> str:
    if match["double"] is None:
        return str(match["single"] if match["bare"] is None else match["bare"])
    import json

    try:
        return str(json.loads(match["double"], strict=False))
    except ValueError:
        raise _no_path(text) from None


def _no_path(text: str) -> ConfigUpdateError:
    return ConfigUpdateError(
        f"{text!r} names no config entry; write a.b, layers[0].units or layers[+], "
        'and put keys with other signs in quotes: a."x.y"'
    )


def _child(tree: Any, part: Any) -> Any:
    if is_a(tree, dict):
        return tree.get(part, _MISSING)
    if is_a(tree, (list, tuple)) and isinstance(part, int) and -len(tree) <= part < len(tree):
        return tree[part]
    return _MISSING


def _set_child(parent: Any, path: Path, value: Any) -> None:
    part = path[-1]
    if is_a(parent, list) and part is APPEND:
        parent.append(value)
    elif (is_a(parent, dict) and part is not APPEND) or _child(parent, part) is not _MISSING:
        parent[part] = value
    else:
        raise _no_place(path, len(path) - 1, parent)


def _no_place(path: Path, depth: int, found: Any) -> ConfigUpdateError:
    parent = join(path[:depth]) or "the config"
    what = "a dict" if is_a(found, dict) else safe_repr(found)
    if found is _MISSING:
        return ConfigUpdateError(f"{join(path)} cannot be set: there is no {parent}")
    if is_a(found, list):
        what = f"a list of {len(found)}"
    return ConfigUpdateError(f"{join(path)} cannot be set: {parent} is {what}")
