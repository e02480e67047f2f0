"""Entries that nobody knows: which they are, and what may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.nearest import nearest
from expkit._support.odd import is_a
from expkit.config.paths import flatten, get_in, is_prefix, join
from expkit.errors import ConfigAddedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from expkit.config.origin import Origin
    from expkit.config.paths import Path
    from expkit.config.summary import ConfigSummary

_SHOWN = 8
"""That many neighbours are listed where no name is near."""


class Unknown(Frozen, kw_only=False):
    """An entry that nobody knows.

    Attributes:
        path: of the entry, from the root.
        origin: who wants it.
        note: why there is no such entry, where that is known.
        inside: the dict around it that captured functions ask for, ``""`` where there is none.
        named: whether a named config wants it.
    """

    path: Path
    origin: Origin
    note: str = ""
    inside: str = ""
    named: bool = False


def unknown_leaves(summary: ConfigSummary, parameters: Collection[str]) -> Iterator[Path]:
    """Those of the added entries of an ingredient that neither its configs nor its functions know.

    Args:
        summary: of all configs of the ingredient.
        parameters: dotted names that captured functions of the ingredient ask for.
    """
    suspects = summary.added - {"seed"}
    for path, _ in flatten(summary) if suspects else ():
        name = join(path)
        above = (path[:end] for end in range(1, len(path) + 1))
        is_open = any(is_prefix(place, name) for place in summary.open) or _is_data(summary, path)
        if name not in suspects or is_open:
            continue
        if not any(join(part) in parameters and is_new(summary, part) for part in above):
            yield path


def asked_around(path: Path, parameters: Collection[str]) -> str:
    """The innermost dict around an entry that captured functions ask for, or ``""``."""
    above = (join(path[:end]) for end in range(len(path) - 1, 0, -1))
    return next((name for name in above if name in parameters), "")


def takes_key(tree: Any, key: Any) -> bool:
    """Whether a dict takes a key: one that is keyed by numbers and the like takes others; names may be misspelt."""
    return key in tree or not (isinstance(key, str) or any(isinstance(other, str) for other in tree))


def _is_data(tree: Any, path: Path) -> bool:
    """Whether an entry lies in a dict that is keyed by numbers and the like."""
    depth = next((depth for depth, key in enumerate(path) if not isinstance(key, str)), None)
    return depth is not None and not any(isinstance(key, str) for key in get_in(tree, path[:depth]))


def is_new(summary: ConfigSummary, path: Path) -> bool:
    """Whether all of an entry comes from updates."""
    value = get_in(summary, path)
    leaves = [leaf for leaf, _ in flatten(value, path)] if is_a(value, dict) and value else [path]
    return all(join(leaf) in summary.added for leaf in leaves)


def misspelt(own: Any, given: Any, path: Path) -> Iterator[Path]:
    """Keys of dicts in a list that was replaced as a whole which look like a slip of the pen.

    A list is the user's to fill, so only a key that is near to one that the list's dicts had before,
    and that is missing now, counts.
    """
    if not is_a(own, (list, tuple)) or not is_a(given, (list, tuple)):
        return
    known = {key for item in own if is_a(item, dict) for key in item if isinstance(key, str)}
    for index, item in enumerate(given):
        strange = [key for key in item if isinstance(key, str) and key not in known] if is_a(item, dict) else ()
        for key in strange:
            if nearest(key, known - item.keys()):
                yield (*path, index, key)


def unknown_error(entries: Collection[Unknown], known: Mapping[Path, str]) -> ConfigAddedError:
    """The error that names all of these entries, and for each what may have been meant.

    Args:
        entries: at least one.
        known: all entries of the run, with the places that define them (``""`` where that is not known).
    """
    lines = [
        f"there is no config entry {join(entry.path)} ({entry.origin}){entry.note or suggestion(entry.path, known)}"
        for entry in entries
    ]
    insides = {entry.inside: None for entry in entries if entry.inside and not beside(entry.path, known)}
    return ConfigAddedError("\n".join([*lines, *map(_way_in, insides)]))


def _way_in(inside: str) -> str:
    ways = 'a named config, --force, SETTINGS.CONFIG.NEW_KEYS = "warn", or add_config({...}, extra="allow")'
    return f"new keys get into {inside} by {ways}"


def addition(entry: Unknown, known: Mapping[Path, str]) -> str:
    """What is said about an entry that is let in: who added it, and which one beside it may have been meant.

    Args:
        entry: the new one.
        known: all entries of the run, with the places that define them (``""`` where that is not known).
    """
    who = f"{entry.origin.what} ({entry.origin})" if entry.origin.file else entry.origin.what
    return f"{who} added the config entry {join(entry.path)}{_meant(beside(entry.path, known), known)}"


def beside(path: Path, known: Mapping[Path, str]) -> list[Path]:
    """The entries in the same dict whose names are near to that of an entry, best first."""
    return [(*path[:-1], key) for key in _nearest_keys(path[-1], _keys_in(path[:-1], known))]


def suggestion(path: Path, known: Mapping[Path, str]) -> str:
    """What may have been meant, and where that is defined; else what there is beside it."""
    if hits := _repaired(path, known) or [other for other in known if other[-1] == path[-1]][:3]:
        return _meant(hits, known)
    others = [join((*path[:-1], key)) for key in _keys_in(path[:-1], known)]
    if len(others) > _SHOWN:
        return "; print_config shows all that there are"
    return f"; there are {', '.join(others)}" if others else ""


def _meant(hits: list[Path], known: Mapping[Path, str]) -> str:
    if len(hits) == 1:
        return f"; did you mean {join(hits[0])}?{_defined(hits[0], known)}"
    return f"; did you mean {' or '.join(join(hit) + _defined(hit, known) for hit in hits)}?" if hits else ""


def _repaired(path: Path, known: Mapping[Path, str]) -> list[Path]:
    """The paths that come out when each part is replaced by the nearest one that exists, best first."""
    parents: list[Path] = [()]
    for part in path:
        parents = [(*parent, key) for parent in parents[:1] for key in _nearest_keys(part, _keys_in(parent, known))]
    return parents


def _nearest_keys(part: Any, keys: list[Any]) -> list[Any]:
    if part in keys or (isinstance(part, int) and any(isinstance(key, int) for key in keys)):
        return [part]
    names = {str(key): key for key in keys}
    return [names[hit] for hit in nearest(str(part), names)]


def _keys_in(parent: Path, known: Mapping[Path, str]) -> list[Any]:
    depth = len(parent)
    return list(dict.fromkeys(path[depth] for path in known if len(path) > depth and _alike(path, parent)))


def _alike(path: Path, parent: Path) -> bool:
    """Whether a path lies below a parent; the elements of a list are alike."""
    pairs = zip(path, parent, strict=False)
    return all(one == other or (isinstance(one, int) and isinstance(other, int)) for one, other in pairs)


def _defined(path: Path, known: Mapping[Path, str]) -> str:
    places = (place for other, place in known.items() if len(other) == len(path) and _alike(other, path))
    place = next(places, "")
    return f" (defined at {place})" if place else ""
