"""A config that was resolved before, as the base of another resolution.

Its entries win over configs and hooks, as if they stood in a config file behind ``with``: new named configs and
updates win over them. What it says about itself (what was added, modified, overridden) stays true for every
entry that the new resolution does not override.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit.config.checks import masked_entries
from expkit.config.paths import flatten, has_path, is_prefix, join, leaves, parents
from expkit.config.updates import Update, parse_update
from expkit.errors import ConfigUpdateError, NotRestorableError
from expkit.record.tagged import Masked, opaque_paths

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from expkit.config.origin import Origin
    from expkit.config.paths import Path
    from expkit.config.summary import ConfigSummary
    from expkit.record.model import ConfigFacts


class Base(Frozen):
    """A config that was resolved before.

    Attributes:
        origin: who has it.
        entries: paths and values of its leaves.
        lost: the leaves that cannot be restored; these come from the definitions again.
        masked: names of those that were secrets.
        named: the named configs that had a part in it; asked again for what is lost.
        removals: of entries, by its updates.
        overridden: entries that its updates set.
        facts: what its record says about it.
    """

    origin: Origin
    entries: tuple[tuple[Path, Any], ...]
    lost: tuple[Path, ...]
    masked: tuple[str, ...]
    named: tuple[str, ...]
    removals: tuple[Update, ...]
    overridden: tuple[str, ...]
    facts: ConfigFacts

    def removals_without(self, updates: Iterable[Update]) -> list[Update]:
        """The removals of entries that none of the ``updates`` sets again."""
        names = [update.name for update in updates]
        return [removal for removal in self.removals if not _overlaps(removal.name, names)]

    def keep_marks(self, summary: ConfigSummary, touched: Collection[str]) -> None:
        """Let ``summary`` say of every entry what was said before, but of what is ``touched`` now."""

        def now(name: str) -> bool:
            return any(part in touched for part in (name, *parents(name)))

        old = {**dict.fromkeys(self.facts.added), **dict.fromkeys(self.facts.modified), **self.facts.typechanged}
        above = {part for name in old for part in parents(name)}
        kept = {name: kinds for name, kinds in old.items() if name not in above and not now(name)}
        for which in ("added", "modified"):
            names = {name for name in getattr(summary, which) if now(name)}
            setattr(summary, which, names | (kept.keys() & set(getattr(self.facts, which))))
        changed: dict[str, Any] = {name: kinds for name, kinds in summary.typechanged.items() if now(name)}
        summary.typechanged = changed | {name: kinds for name, kinds in kept.items() if kinds is not None}
        summary.mark_parents()

    def refuse_lost(self, config: Mapping[Any, Any], touched: Iterable[str]) -> None:
        """Refuse a config without entries that this one had, or with other values than were given for them.

        Raises:
            NotRestorableError: the message names the entries, and what to do.
        """
        given = list(touched)
        missing = [
            name
            for path in self.lost
            if not _overlaps(name := join(path), given)
            and (_overlaps(name, self.overridden) or not has_path(config, path))
        ]
        if masked := [name for name in missing if name in self.masked]:
            raise NotRestorableError(f"{self.origin}: {masked_entries(masked)}")
        if missing:
            raise NotRestorableError(
                f"{self.origin} has entries that cannot be restored: {', '.join(missing)}; give each a value again"
            )


def base_from(
    origin: Origin, config: Mapping[Any, Any], facts: ConfigFacts, named: Iterable[str], updates: Mapping[Any, Any]
) -> Base:
    """A record's config as a base.

    Args:
        origin: whose config it is.
        config: its values, decoded.
        facts: what the record says about it.
        named: the named configs that were asked for.
        updates: as records keep them: nested, and under their texts those that are more than a new value.
    """
    values = list(flatten(config))
    typed = {key: _typed(key, origin) for key in updates if key not in config}
    return Base(
        origin=origin,
        entries=tuple((path, value) for path, value in values if not opaque_paths([value])),
        lost=tuple(path for path, value in values if opaque_paths([value])),
        masked=tuple(join(path) for path, value in values if opaque_paths([value], kinds=(Masked,))),
        named=tuple(named),
        removals=tuple(update for update in typed.values() if update and _removes_key(update)),
        overridden=tuple(name for key, value in updates.items() for name in _set_by(key, value, typed.get(key))),
        facts=facts,
    )


def _typed(key: Any, origin: Origin) -> Update | None:
    """The update that is kept under its text, such as ``layers[0].units=64`` or ``~a``."""
    try:
        read = parse_update(str(key), origin)
    except ConfigUpdateError:
        return None
    return read if isinstance(read, Update) else None


def _removes_key(update: Update) -> bool:
    """Whether it has to be done again; lists are as they were left."""
    return update.remove and all(isinstance(part, str) for part in update.path)


def _set_by(key: Any, value: Any, typed: Update | None) -> Iterator[str]:
    if typed is None:
        yield from (join(path) for path, _ in leaves((key,), value))
    elif not typed.remove:
        yield typed.name


def _overlaps(name: str, others: Iterable[str]) -> bool:
    return any(is_prefix(name, other) or is_prefix(other, name) for other in others)
