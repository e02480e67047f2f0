"""Which declared types are secrets, or hold some: told by what they are, not by what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from expkit._support.secrets import Secret
from expkit.config.typed.kinds import bare, inner_kind, members
from expkit.config.typed.shapes import shape_of

if TYPE_CHECKING:
    from expkit.config.paths import Path
    from expkit.config.typed.table import Table


def holds_secret(kind: Any) -> bool:
    """Whether values of a type are secrets, or may have secrets in them."""
    return _holds(kind, {})


def _holds(kind: Any, seen: dict[int, Any]) -> bool:
    return any(_is_secret(bare(member)[0], seen) for member in members(kind))


def _is_secret(kind: Any, seen: dict[int, Any]) -> bool:
    if isinstance(kind, type) and (issubclass(kind, Secret) or hasattr(kind, "get_secret_value")):
        return True
    if id(kind) in seen:  # it holds itself
        return False
    seen[id(kind)] = kind
    shape = shape_of(kind)
    if shape is not None and any(_holds(field.kind, seen) for field in shape.fields.values()):
        return True
    parts = () if get_origin(kind) is Literal else get_args(kind)
    return any(_holds(part, seen) for part in parts if not isinstance(part, (str, int, bytes, list)))


def is_secret_entry(table: Table, path: Path) -> bool:
    """Whether an entry, or what it lies in, is declared as a secret or as something that holds secrets there.

    Args:
        table: of the ingredient.
        path: of the entry, from the ingredient.
    """
    entry = table.of(path)
    if entry is None:
        return False
    keys = path[len(entry.path) :]
    kind = inner_kind(entry.kind, keys) if keys else entry.kind
    return holds_secret(entry.kind if kind is None else kind)
