"""Entries that nobody knows: which they are, and what may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from expkit._support.nearest import nearest
from expkit.config.paths import flatten, get_in, is_prefix, join, parents, split
from expkit.errors import ConfigAddedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from expkit.config.origin import Origin
    from expkit.config.paths import Path
    from expkit.config.summary import ConfigSummary

_SHOWN = 8
"""That many neighbours are listed where no name is near."""


class Unknown(NamedTuple):
    """An entry that nobody knows.

    Attributes:
        path: of the entry, from the root.
        origin: who wants it.
    """

    path: Path
    origin: Origin


def unknown_leaves(summary: ConfigSummary, parameters: Collection[str]) -> Iterator[Path]:
    """Those of the added entries of an ingredient that neither its configs nor its functions know.

    Args:
        summary: of all configs of the ingredient.
        parameters: dotted names that captured functions of the ingredient ask for.
    """
    for name in sorted(summary.added):
        asked_for = any(part in parameters and is_new(summary, split(part)) for part in (*parents(name), name))
        is_open = any(is_prefix(place, name) for place in summary.open)
        if not asked_for and not is_open and name != "seed":
            yield split(name)


def is_new(summary: ConfigSummary, path: Path) -> bool:
    """Whether all of an entry comes from updates."""
    value = get_in(summary, path)
    leaves = [leaf for leaf, _ in flatten(value, path)] if isinstance(value, dict) and value else [path]
    return all(join(leaf) in summary.added for leaf in leaves)


def misspelt(own: Any, given: Any, path: Path) -> Iterator[Path]:
    """Keys of dicts in a list that was replaced as a whole which look like a slip of the pen.

    A list is the user's to fill, so only a key that is near to one that the list's dicts had before,
    and that is missing now, counts.
    """
    if not isinstance(own, list | tuple) or not isinstance(given, list | tuple):
        return
    known = {key for item in own if isinstance(item, dict) for key in item if isinstance(key, str)}
    for index, item in enumerate(given):
        strange = [key for key in item if isinstance(key, str) and key not in known] if isinstance(item, dict) else ()
        for key in strange:
            if nearest(key, known - item.keys()):
                yield (*path, index, key)


def unknown_error(entries: Collection[Unknown], known: Mapping[str, str]) -> ConfigAddedError:
    """The error that names all of these entries, and for each what may have been meant.

    Args:
        entries: at least one.
        known: all entries of the run, with the places that define them (``""`` where that is not known).
    """
    lines = [
        f"there is no config entry {join(entry.path)} ({entry.origin}){suggestion(entry.path, known)}"
        for entry in entries
    ]
    return ConfigAddedError("\n".join(lines))


def suggestion(path: Path, known: Mapping[str, str]) -> str:
    """What may have been meant, and where that is defined; else what there is beside it."""
    hits = _near(path, known)
    if len(hits) == 1:
        return f"; did you mean {hits[0]}?{_defined(known[hits[0]])}"
    if hits:
        return f"; did you mean {' or '.join(f'{hit}{_defined(known[hit])}' for hit in hits)}?"
    beside = [name for name in known if _parent(name) == join(path[:-1])]
    return f"; there are {', '.join(beside)}" if 0 < len(beside) <= _SHOWN else ""


def _near(path: Path, known: Mapping[str, str]) -> list[str]:
    """Names beside the entry that look like its own, else ones that do so anywhere."""
    key, parent = str(path[-1]), join(path[:-1])
    siblings = {_last(name): name for name in known if _parent(name) == parent}
    hits = [siblings[hit] for hit in nearest(key, siblings)] or nearest(join(path), known)
    return hits or [name for name in known if _last(name) == key][:3]


def _parent(name: str) -> str:
    return join(split(name)[:-1])


def _last(name: str) -> str:
    return str(split(name)[-1])


def _defined(place: str) -> str:
    return f" (defined at {place})" if place else ""
