"""Dotted paths as the predecessor's helpers read them: every dot separates, and keys are text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

PATHCHANGE = object()
"""Stands for a dict among the values of :func:`iterate_flattened_separately`; its own entries follow."""


def recursive_update(d: dict[Any, Any], u: Mapping[Any, Any]) -> dict[Any, Any]:
    """Put the entries of ``u`` into ``d``; dicts that are in both are merged, and an empty one replaces nothing.

    Returns:
        ``d``, which was changed.
    """
    for key, value in u.items():
        if not isinstance(value, dict):
            d[key] = value
        elif isinstance(d.setdefault(key, {}), dict):
            recursive_update(d[key], value)
        elif value:
            d[key] = recursive_update({}, value)
    return d


def iterate_flattened(d: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted paths and values of all leaves, sorted by key; an empty dict is a leaf."""
    for key in sorted(d, key=str):
        value = d[key]
        if isinstance(value, dict) and value:
            yield from ((join_paths(str(key), path), leaf) for path, leaf in iterate_flattened(value))
        else:
            yield str(key), value


def iterate_flattened_separately(
    dictionary: Mapping[Any, Any], manually_sorted_keys: Iterable[Any] | None = None
) -> Iterator[tuple[str, Any]]:
    """Dotted paths and values: first the chosen keys, then plain values, then each dict, with :data:`PATHCHANGE`."""
    first = [key for key in manually_sorted_keys or () if key in dictionary]
    rest = sorted((key for key in dictionary if key not in first), key=str)
    for key in (*first, *(key for key in rest if not _is_filled(dictionary[key]))):
        yield str(key), dictionary[key]
    for key in rest:
        if _is_filled(dictionary[key]):
            yield str(key), PATHCHANGE
            inside = iterate_flattened_separately(dictionary[key], manually_sorted_keys)
            yield from ((join_paths(str(key), path), leaf) for path, leaf in inside)


def set_by_dotted_path(d: dict[Any, Any], path: str, value: Any) -> None:
    """Set an entry of nested dicts; dicts that are missing on the way are made."""
    *way, last = path.split(".")
    for part in way:
        d = d.setdefault(part, {})
    d[last] = value


def get_by_dotted_path(d: Mapping[Any, Any], path: str | None, default: Any = None) -> Any:
    """An entry of nested dicts, or ``default``; the whole for an empty path."""
    found: Any = d
    for part in path.split(".") if path else ():
        if not isinstance(found, dict) or part not in found:
            return default
        found = found[part]
    return found


def iter_prefixes(path: str) -> Iterator[str]:
    """``a``, ``a.b``, ``a.b.c`` for ``a.b.c``."""
    parts = path.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def join_paths(*parts: str) -> str:
    """The parts that are not empty, with dots between."""
    return ".".join(part.strip(".") for part in parts if part)


def is_prefix(pre_path: str, path: str) -> bool:
    """Whether ``path`` lies below ``pre_path``; everything lies below ``""``."""
    pre_path = pre_path.strip(".")
    return not pre_path or path.startswith(f"{pre_path}.")


def rel_path(base: str, path: str) -> str:
    """The way from ``base`` down to ``path``.

    Raises:
        AssertionError: ``path`` does not lie below ``base``.
    """
    if base == path:
        return ""
    assert is_prefix(base, path), f"{base} not a prefix of {path}"
    return path[len(base) :].strip(".")


def convert_to_nested_dict(dotted_dict: Mapping[Any, Any]) -> dict[Any, Any]:
    """Nested dicts from one whose keys, at any depth, may be dotted paths."""
    nested: dict[Any, Any] = {}
    for path, value in iterate_flattened(dotted_dict):
        set_by_dotted_path(nested, path, value)
    return nested


def recursive_fill_in(config: dict[Any, Any], preset: Mapping[Any, Any]) -> None:
    """Put into ``config`` what only ``preset`` has; dicts that are in both are filled in."""
    for key, value in preset.items():
        if key not in config:
            config[key] = value
        elif isinstance(value, dict) and isinstance(config[key], dict):
            recursive_fill_in(config[key], value)


def _is_filled(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)
