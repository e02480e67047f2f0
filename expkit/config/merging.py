"""Nested dicts put over each other."""

from __future__ import annotations

from typing import Any

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.config.paths import Path


def overlay(values: dict[Any, Any], above: Mapping[Any, Any]) -> None:
    """Put ``above`` over ``values``; dicts that are in both are merged. Nothing is shared."""
    for key, value in above.items():
        old: Any = values.get(key)
        if is_a(value, dict) and is_a(old, dict):
            overlay(old, value)
        else:
            values[key] = copy_containers(value)


def nested(path: Path, value: Any) -> Any:
    """The nested dicts that hold ``value`` at ``path``."""
    for key in reversed(path):
        value = {key: value}
    return value


def insert(tree: dict[Any, Any], keys: Path, values: Mapping[Any, Any]) -> None:
    """Put entries into a tree; dicts on the way are replaced by copies, as they belong to somebody else."""
    for key in keys:
        inner: Any = tree.get(key)
        tree[key] = inner = dict(inner) if is_a(inner, dict) else {}
        tree = inner
    tree.update(values)


def fill_in(entries: dict[Any, Any], preset: Mapping[Any, Any]) -> dict[Any, Any]:
    """The preset, in its order, with ``entries`` over it; dicts that are in both are merged. Nothing is shared."""
    merged = {
        key: _merged(entries[key], item) if key in entries else copy_containers(item) for key, item in preset.items()
    }
    merged.update((key, item) for key, item in entries.items() if key not in preset)
    return merged


def _merged(value: Any, preset: Any) -> Any:
    return fill_in(value, preset) if is_a(value, dict) and is_a(preset, dict) else value
