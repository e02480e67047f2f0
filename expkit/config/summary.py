"""What evaluating one config function or dict gives."""

from __future__ import annotations

from typing import Any

from expkit.config.paths import parents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from expkit.config.origin import Origin


SEED_DOC = "the root of all random numbers of this run"
"""What is said about the entry that every config has."""


class ConfigSummary(dict[Any, Any]):
    """The values, and how they came about. Paths are text, see :mod:`expkit.config.paths`.

    Attributes:
        added: fixed leaves for which the config has no value of its own.
        modified: fixed leaves that differ from the config's own value.
        typechanged: fixed leaves whose own value has another type: path to (own type, fixed type).
        assigned: fixed leaves for which the config has a value of its own, and that value.
        replaced: fixed dicts for which the config has a value of its own that is no dict, and that value.
        ignored_fallbacks: names of ingredients that the config tried to replace.
        open: dicts that take any key: by default empty, or declared so; ``""`` is the whole config.
        docs: path to what comments say about the entry.
        places: path to where the entry is defined.
        hidden: names that are no entries (private, or bound by ``def``, ``class``, ``import`` or ``with``)
            and their values; a captured function may ask for them by name.
    """

    def __init__(
        self,
        values: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (),
        *,
        docs: Mapping[str, str] | None = None,
        places: Mapping[str, Origin] | None = None,
        hidden: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(values)
        self.added: set[str] = set()
        self.modified: set[str] = set()
        self.typechanged: dict[str, tuple[type, type]] = {}
        self.assigned: dict[str, Any] = {}
        self.replaced: dict[str, Any] = {}
        self.ignored_fallbacks: set[str] = set()
        self.open: set[str] = set()
        self.docs: dict[str, str] = dict(docs or {})
        self.places: dict[str, Origin] = dict(places or {})
        self.hidden: dict[str, Any] = dict(hidden or {})

    def update_from(self, later: ConfigSummary) -> None:
        """Take over a later config of the same ingredient, which was evaluated with this one as preset.

        Its values replace these: they hold the preset's already. What it says about an entry replaces what
        was said before; an entry is added only if no config has a value for it; the first comment wins.
        """
        self.clear()
        self.update(later)
        self.added &= later.added
        self.modified = (self.modified - later.assigned.keys()) | later.modified
        kept = {path: types for path, types in self.typechanged.items() if path not in later.assigned}
        self.typechanged = {**kept, **later.typechanged}
        self.assigned |= later.assigned
        self.ignored_fallbacks |= later.ignored_fallbacks
        self.open |= later.open
        self.docs = {**later.docs, **self.docs}
        self.places.update(later.places)
        self.hidden.update(later.hidden)

    def mark_parents(self) -> None:
        """Count the dicts above every added, modified or type-changed entry as modified."""
        touched = [*self.added, *self.modified, *self.typechanged]
        for path in touched:
            self.modified.update(parents(path))
        self.modified -= self.added
        self.modified -= self.typechanged.keys()
