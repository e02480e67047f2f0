"""What is suspicious about a resolved config: unknown entries, other types, values that had no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.layers import masks_in, upwards
from expkit.config.nodes import split
from expkit.config.paths import flatten, get_in, has_path, is_prefix, join, put_in
from expkit.config.unknown import (
    Unknown,
    addition,
    asked_around,
    beside,
    is_new,
    misspelt,
    unknown_error,
    unknown_leaves,
)
from expkit.errors import NotRestorableError
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from expkit.config.branch import Branch
    from expkit.config.origin import Origin
    from expkit.config.paths import Path
    from expkit.config.resolver import Resolver
    from expkit.config.summary import ConfigSummary

_NUMBERS = {int, float}


def refuse_opaque(config: Any, overridden: Collection[str] = ()) -> None:
    """Refuse a config with entries that could not be restored.

    Args:
        config: values as a config file gave them.
        overridden: paths of entries that get other values anyway.

    Raises:
        NotRestorableError: the message names the entries, and what to type.
    """
    from expkit.record.tagged import Masked, opaque_paths

    paths = [path for path in opaque_paths(config) if not any(is_prefix(above, path) for above in overridden)]
    if masked := [path for path in opaque_paths(config, kinds=(Masked,)) if path in paths]:
        raise NotRestorableError(masked_entries(masked))
    if paths:
        raise NotRestorableError(
            f"saved entries that cannot be restored: {', '.join(paths)}; give each a value: {paths[0]}=..."
        )


def masked_entries(paths: Sequence[str]) -> str:
    """The sentence about saved entries that were secrets."""
    words = ("entry", "was", "it was") if len(paths) == 1 else ("entries", "were", "they were")
    given = " ".join(f"{path}=..." for path in paths)
    return f"config {words[0]} {', '.join(paths)} {words[1]} masked when {words[2]} saved; give again: with {given}"


def refuse_masked(resolver: Resolver) -> None:
    """Refuse masks from config files that nothing overrides, before a config function meets one.

    Raises:
        NotRestorableError: the message names the entries, and what to type.
    """
    if not resolver.masked:
        return
    from expkit._support.secrets import MASK

    overrides = (*resolver.named, *resolver.updates)
    whole = {over.name for over in overrides if not any(masks_in(over.path, over.layer.value))}
    given = resolver.touched() & whole
    names = sorted(join(path) for path, text in resolver.masked.items() if text == MASK)
    if lacking := [name for name in names if not any(is_prefix(above, name) for above in given)]:
        raise NotRestorableError(masked_entries(lacking))


def refuse_other_texts(resolver: Resolver, config: Any) -> None:
    """Refuse a config in which nothing says again what was masked in part, such as ``Bearer ***``.

    Raises:
        NotRestorableError: the message names the entries, and what to type.
    """
    from expkit.record.masking import masked

    shown, given = masked(config), resolver.touched()
    names = [join(path) for path, text in resolver.masked.items() if get_in(shown, path) != text]
    if lacking := [name for name in names if not any(is_prefix(above, name) for above in given)]:
        raise NotRestorableError(masked_entries(lacking))


def check_edits(branch: Branch, *, force: bool) -> None:
    """Refuse edits that reach into something that is no list.

    Args:
        branch: of the ingredient.
        force: whether edits of unknown entries are refused here, too.

    Raises:
        ConfigUpdateError: the message says what is there instead.
    """
    for edit in branch.impossible:
        if force or has_path(branch.summary, edit.path[:1]):
            put_in(branch.summary, edit.path, edit.value)


def check_unknown(resolver: Resolver) -> tuple[list[str], list[str]]:
    """Warnings for entries that named configs and updates add to dicts, and for those that hooks add.

    Raises:
        ConfigAddedError: updates or named configs want entries that nobody knows.
    """
    accepted = resolver.base and resolver.base.origin  # whatever that one holds was checked before
    new = [
        found
        for branch in resolver.branches.values()
        for found in _unknown(branch, resolver)
        if found.origin != accepted
    ]
    known = known_entries(resolver) if new else {}
    for found in new:
        known.pop(found.path, None)
    origins = {override.path: override.layer.origin for override in resolver.hooked}
    hooked = [found.but(origin=origins[found.path]) for found in new if found.path in origins]
    others = [found for found in new if found.path not in origins]
    if refused := [found for found in others if not _is_let_in(found)]:
        raise unknown_error(refused, known)
    odd = [found for found in hooked if not found.inside or beside(found.path, known)]
    return [addition(found, known) for found in others], [addition(found, known) for found in odd]


def _is_let_in(found: Unknown) -> bool:
    """Whether a new key may stay: functions that ask for the dict around it get it with the dict."""
    return bool(found.inside) and (found.named or SETTINGS.CONFIG.NEW_KEYS == "warn")


def changed_types(resolver: Resolver) -> Iterator[str]:
    """Warnings for entries that got another type."""
    for branch in resolver.branches.values():
        for name, (old, new) in branch.summary.typechanged.items():
            if {old, new} != _NUMBERS:
                full = branch.node.full(name)
                yield f"{full} was {old.__name__} and is {new.__name__} now ({_origin(full, resolver)})"


def remarks(resolver: Resolver) -> list[str]:
    """Warnings for annotations that are no types."""
    return [warning for branch in resolver.branches.values() for warning in branch.table.warnings]


def without_effect(resolver: Resolver) -> Iterator[str]:
    """Warnings for values that were given in the place of ingredients."""
    for path, name in resolver.ignored:
        who = f"ingredient {path}" if path else "the experiment"
        yield (
            f"ignored what {who} sets for {name}: these entries belong to an ingredient; "
            "set them there, by a named config or by an update"
        )


def known_entries(resolver: Resolver) -> dict[Path, str]:
    """The paths of all entries that somebody knows, from the root, and the places where they are defined."""
    known: dict[Path, str] = {}
    for branch in resolver.branches.values():
        keys = branch.node.keys
        known.update({keys + split(name): place for name, place in branch.node.parameters.items()})
        known.update({keys + path: str(entry.origin) for path, entry in branch.table.entries.items()})
        known.update(
            {
                keys + path: _place(join(path), branch)
                for path in _entries(branch.summary)
                if not is_new(branch.summary, path)
            }
        )
    return known


def _unknown(branch: Branch, resolver: Resolver) -> Iterator[Unknown]:
    keys, summary = branch.node.keys, branch.summary
    for path in unknown_leaves(summary, branch.node.parameters):
        if branch.table.stopped and join(path[:1]) in summary.places:
            continue  # the function stopped before its line
        found = Unknown(keys + path, _origin(join(keys + path), resolver), _note(join(path), summary))
        yield _inside(found, branch, resolver)
    for edit in branch.refused:
        yield Unknown(keys + edit.path, edit.origin)
    for edit in branch.impossible:
        yield Unknown(keys + edit.path[:1], edit.origin)
    for path, value in flatten(summary) if summary.modified else ():
        if type(value) is list and join(path) in summary.modified:
            for slip in misspelt(summary.assigned.get(join(path)), value, path):
                yield Unknown(keys + slip, _origin(join(keys + path), resolver))


def _inside(found: Unknown, branch: Branch, resolver: Resolver) -> Unknown:
    """The same, with the dict around it that captured functions ask for, and the named config that wants it."""
    path = found.path[len(branch.node.keys) :]
    inside = asked_around(path, branch.node.parameters)
    if not inside or _is_declared(branch, path[:-1]):
        return found
    inside = branch.node.full(inside)
    origins = [over.layer.origin for over in resolver.named if is_prefix(over.name, join(found.path))]
    return found.but(inside=inside, origin=origins[-1], named=True) if origins else found.but(inside=inside)


def _is_declared(branch: Branch, path: Path) -> bool:
    """Whether a class says which entries a dict has."""
    entry = branch.table.of(path) if branch.table else None
    if entry is None:
        return False
    from expkit.config.typed.kinds import holds_shape

    return holds_shape(entry.kind)


def _note(name: str, summary: ConfigSummary) -> str:
    place = summary.places.get(name)
    if place is None:
        return ""
    if name in summary.hidden:
        return f"; the name at {place} is no entry, as no captured function asks for it"
    return f"; it is set at {place}, but under a condition that does not hold"


def _origin(name: str, resolver: Resolver) -> Origin:
    """Who overrode an entry, which somebody did."""
    found = resolver.overrider(name)
    assert found is not None
    return found


def _entries(tree: Any, above: Path = ()) -> Iterator[Path]:
    """The paths of everything in a config, dicts and lists and what lies in them."""
    items = tree.items() if is_a(tree, dict) else enumerate(tree)
    for key, value in items:
        path = (*above, key)
        if is_a(tree, dict):
            yield path
        if is_a(value, (dict, list, tuple)):
            yield from _entries(value, path)


def _place(name: str, branch: Branch) -> str:
    """Where an entry, or what it lies in, is defined."""
    places = branch.summary.places
    return next((str(places[part]) for part in upwards(name) if part in places), "")
