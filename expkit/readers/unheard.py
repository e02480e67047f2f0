"""Fields that may be anything and that no run has, most likely because they are misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.nearest import nearest
from expkit.readers.values import flat
from expkit.record.fields import FRIENDLY, metric_of
from expkit.record.paths import Path, join
from expkit.record.query import Exists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.readers.selection import Runs

_ROOTS = {
    **{name: name for name in ("config", "result", "info", "late", "host", "meta", "experiment", "metrics")},
    "git": FRIENDLY["git"],
}
_LOOKED_AT = 1000


def unheard(runs: Runs, fields: Iterable[str]) -> list[str]:
    """Sentences about fields that no run of a store has: ``no run has config.lrr; near: config.lr``.

    Args:
        runs: all runs of the store.
        fields: as stores know them; those below ``config`` and its like are looked at.
    """
    return [said for field in dict.fromkeys(fields) if (said := _sentence(runs, field))]


def _sentence(runs: Runs, field: str) -> str:
    root = _root(field)
    if not root or any(True for _ in runs.where(Exists(field)).limit(1).find(["uid"])):
        return ""
    asked, names = _as_typed(root, field), _names(runs, root, field)
    if names is None or asked in names:  # there are no runs, or they have nothing but None there
        return ""
    begin, end = f"{root}.", f".{figure[1]}" if (figure := metric_of(field)) else ""
    short = [name.removeprefix(begin).removesuffix(end) for name in names]
    near = ", ".join(f"{begin}{name}{end}" for name in nearest(asked.removeprefix(begin).removesuffix(end), short))
    return f"no run has {asked}; near: {near}" if near else f"no run has {asked}"


def _root(field: str) -> str:
    """What people call the field that this one lies below; ``""`` where it lies below none that is open."""
    steps = Path.parse(field).steps
    for root, path in reversed(_ROOTS.items()):
        above = Path.parse(path).steps
        if steps[: len(above)] == above and len(steps) > len(above):
            return root
    return ""


def _as_typed(root: str, field: str) -> str:
    """The field as people would write it."""
    below = Path.parse(field).below(Path.parse(_ROOTS[root]))
    return str(Path.parse(root).joined(below))


def _names(runs: Runs, root: str, field: str) -> set[str] | None:
    """What there is below a root in the newest runs, the branches among them; None where there are no runs."""
    path, figure = _ROOTS[root], metric_of(field)
    values = [runs.decoded(row[path]) for row in runs.sort("-uid").limit(_LOOKED_AT).find([path])]
    if figure is not None:
        found = {f"{join(root, name)}.{figure[1]}" for value in values for name in value or ()}
    else:
        found = {name for value in values for name in _paths(value, root)}
    return found if values else None


def _paths(value: Any, root: str) -> set[str]:
    """Paths of the leaves below, and of the dicts that hold them."""
    found = set()
    for leaf in flat(value, root) if value else ():
        parent = root
        for step in Path.parse(leaf).steps[1:]:
            parent = join(parent, step)
            found.add(parent)
    return found
