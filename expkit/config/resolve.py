"""From what ingredients define and what users ask for to the config of a run.

Who wins, from weak to strong: configs in their order, config hooks, named configs from left to right, updates.
What is overridden is overridden while config functions run, so everything that depends on it follows.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from expkit.config.checks import (
    changed_types,
    check_edits,
    check_unknown,
    refuse_masked,
    refuse_opaque,
    refuse_other_texts,
    remarks,
    without_effect,
)
from expkit.config.layers import UPDATE, Layer, collect, inside
from expkit.config.merging import insert
from expkit.config.nodes import Node
from expkit.config.paths import get_in, join
from expkit.config.resolver import Resolver
from expkit.config.summary import SEED_DOC, ConfigSummary
from expkit.errors import ConfigAddedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from logging import Logger

    from expkit.config.base import Base
    from expkit.config.paths import Path
    from expkit.config.typed.declared import Declared
    from expkit.config.typed.outcome import Outcome
    from expkit.config.updates import NamedConfigToken, Update

__all__ = ["Layer", "Node", "Resolution", "resolve"]


class Resolution:
    """A resolved config, and how it came about. Paths are text, from the root.

    Attributes:
        config: the run's config: plain dicts and lists, shared with nobody.
        summary: the same with what was added, changed and type-changed, docs and places.
        warnings: what is suspicious; nothing was logged.
        additions: what config hooks added unasked; for whoever records it.
        reads: entries that config functions and hooks read.
        overridden: entries that updates set.
    """

    def __init__(self, resolver: Resolver, warnings: Iterable[str], additions: Iterable[str] = ()) -> None:
        self._resolver = resolver
        self.config = resolver.assembled()
        self.summary = _summarised(resolver, self.config)
        self.warnings = list(warnings)
        self.additions = list(additions)
        self.reads = resolver.reads.paths()
        self.overridden = tuple(override.name for override in resolver.updates if override.layer.kind == UPDATE)
        if resolver.base is not None:
            touched = resolver.touched()
            resolver.base.refuse_lost(self.config, touched)
            resolver.base.keep_marks(self.summary, touched)
            self.overridden += resolver.base.overridden

    @property
    def declared(self) -> Mapping[str, Declared]:
        """What is declared about entries, by path; for an entry of a class type also about each field below it."""
        return {} if self._typed is None else self._typed.declared

    @property
    def missing(self) -> tuple[Declared, ...]:
        """Declared entries that must be given and are not."""
        return () if self._typed is None else self._typed.missing

    def refuse_missing(self) -> None:
        """Refuse to start without entries that must be given.

        Raises:
            RequiredEntryError: the message has a line for each.
        """
        if self.missing:
            self._resolver.refuse_missing()

    def is_secret(self, path: Path) -> bool:
        """Whether the declared type of an entry is a secret, or holds some.

        Args:
            path: keys from the root of the config.
        """
        node, keys = self._resolver.tree.owner(path)
        table = self._resolver.branches[node.path].table
        if not table:
            return False
        from expkit.config.typed.secrecy import is_secret_entry

        return is_secret_entry(table, keys)

    @property
    def classes(self) -> Mapping[str, Sequence[Any]]:
        """By path of an ingredient: the classes whose fields are its entries."""
        return {join(keys): [whole.kind for whole in table.wholes] for keys, table in self._resolver.tables}

    @property
    def holds_objects(self) -> bool:
        """Whether :meth:`with_objects` may have something to do."""
        return self._typed is not None and self._typed.holds_objects

    def with_objects(self, keys: Path, value: Any) -> Any:
        """A value with an object in the place of every entry of a class type at or below it.

        Args:
            keys: of the value, from the root of the config.
            value: plain.

        Raises:
            ConfigTypeError: a class refuses what it accepted before.
        """
        return value if self._typed is None else self._typed.with_objects(tuple(keys), value)

    def recorded(self, config: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """A config in which values of declared types that no record could give back stand as text.

        Args:
            config: of the run.
        """
        return config if self._typed is None else self._typed.recorded(config)

    def written(self, config: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """A config as people write it in a file, where the declared types make the same of that.

        Args:
            config: of the run.
        """
        return config if self._typed is None else self._typed.written(config)

    @cached_property
    def _typed(self) -> Outcome | None:
        tables = self._resolver.tables
        if not tables:
            return None
        from expkit.config.typed.outcome import Outcome

        return Outcome(tables, self.config, self.summary.docs)

    @property
    def parameters(self) -> Mapping[str, str]:
        """Entries that captured functions ask for, and the place of one that does."""
        nodes = self._resolver.tree.nodes
        return {node.full(name): place for node in nodes for name, place in node.parameters.items()}

    def absolute(self, path: str, keys: Path) -> Path:
        """Keys as the functions of an ingredient use them, seen from the root.

        Args:
            path: of the ingredient.
            keys: of an entry that its functions see.
        """
        tree = self._resolver.tree
        return tree.absolute(tree.node(path), keys)

    def node_config(self, path: str = "") -> dict[Any, Any]:
        """What the functions of an ingredient see: its entries, and under their names its direct ingredients.

        Args:
            path: of the ingredient; ``""`` is the experiment, which sees the whole config.

        Returns:
            A dict that shares its containers with :attr:`config`.
        """
        tree = self._resolver.tree
        node = tree.node(path)
        visible: dict[Any, Any] = get_in(self.config, node.keys, {})
        outside = {keys: child for keys, child in tree.shown_to(node).items() if node.keys + keys != child.keys}
        if not outside:
            return visible
        visible = dict(visible)
        for keys, child in outside.items():
            insert(visible, keys[:-1], {keys[-1]: get_in(self.config, child.keys, {})})
        return visible

    @cached_property
    def layers(self) -> Mapping[str, Sequence[Layer]]:
        """What set each entry, lowest layer first; the last one counts."""
        return collect([*self._settings(), *_from_branches(self._resolver, "edited")])

    def layers_inside(self, path: Path) -> list[Layer]:
        """What set an element of a list, or something in it, lowest layer first; the last one counts."""
        return list(inside(path, self._settings(), _from_branches(self._resolver, "edited")))

    def _settings(self) -> Iterator[tuple[Path, Layer]]:
        """What configs, hooks, named configs and updates set, in this order."""
        yield from _from_branches(self._resolver, "layers")
        yield from (*self._resolver.hooked, *self._resolver.named, *self._resolver.updates)


def _from_branches(resolver: Resolver, which: str) -> Iterator[tuple[Path, Layer]]:
    for branch in resolver.branches.values():
        for path, layer in getattr(branch, which)():
            yield branch.node.keys + path, layer


def _summarised(resolver: Resolver, config: Mapping[Any, Any]) -> ConfigSummary:
    """The summaries of all ingredients as one."""
    total = ConfigSummary(config, docs={"seed": SEED_DOC})
    for branch in reversed(resolver.branches.values()):
        _add(total, branch.summary, branch.node)
    edits = (update for update in resolver.updates if not all(isinstance(part, str) for part in update.path))
    total.modified.update(edit.name for edit in edits)
    total.mark_parents()
    return total


def _add(total: ConfigSummary, summary: ConfigSummary, node: Node) -> None:
    """Take over what an ingredient's summary says, under names that start at the root."""
    seeded = summary.added & {"seed"}  # nobody has to define that entry
    for which, names in (
        ("added", summary.added - seeded),
        ("modified", summary.modified | seeded),
        ("open", summary.open),
        ("ignored_fallbacks", summary.ignored_fallbacks),
    ):
        getattr(total, which).update(node.full(name) for name in names)
    for which in ("typechanged", "assigned", "docs", "places"):
        entries = getattr(summary, which)
        getattr(total, which).update({node.full(name): value for name, value in entries.items()})


def _checked(resolver: Resolver, *, force: bool) -> tuple[list[str], list[str]]:
    """What :func:`check_unknown` gives; values that do not fit and entries that nobody knows are refused together."""
    try:
        found = ([], []) if force else check_unknown(resolver)
    except ConfigAddedError as error:
        resolver.refuse_misfits(str(error))
        raise
    resolver.refuse_misfits()
    return found


def resolve(
    nodes: Sequence[Node],
    updates: Sequence[Update] = (),
    named: Sequence[str | NamedConfigToken] = (),
    *,
    command: str = "",
    logger: Logger | None = None,
    force: bool = False,
    base: Base | None = None,
) -> Resolution:
    """Resolve a run's config.

    Args:
        nodes: ingredients, deepest first; the experiment, with the path ``""``, last.
        updates: entries to set or to remove; of equal paths the last one wins.
        named: named configs (``small``, ``ingredient.small``) and config files, in the order of their application.
        command: name of the command, for hooks.
        logger: what config functions and hooks get, and the parent of what those of ingredients get.
        force: accept unknown entries, do not warn.
        base: an earlier config, which wins over configs and hooks.

    Raises:
        ConfigAddedError: an entry is overridden that nobody knows.
        ConfigUpdateError: updates that cannot be done.
        ConfigTypeError: values that do not fit the types that are declared for them.
        RequiredEntryError: something went wrong for want of an entry that must be given.
        ConfigKeyError: a key that the settings forbid.
        NamedConfigNotFoundError: no such named config, no such file.
        NotRestorableError: an entry of a saved config that cannot be what it was.
        InvalidConfigError: ingredients with equal paths, a hook that returns no dict.
        Exception: whatever config functions and hooks raise.
    """
    resolver = Resolver(nodes, command, logger)
    resolver.take_updates(updates if base is None else [*base.removals_without(updates), *updates])
    if base is not None:
        resolver.take_base(base)
    for name in named:
        resolver.take_named(name)
    refuse_masked(resolver)
    for node in resolver.tree.nodes:
        resolver.settle(node)
        check_edits(resolver.branches[node.path], force=force)
    let_in, hooked = _checked(resolver, force=force)
    resolver.finish_objects(force=force)
    warnings = [] if force else [*let_in, *changed_types(resolver), *without_effect(resolver)]
    resolution = Resolution(resolver, [*remarks(resolver), *warnings], hooked)
    refuse_opaque(resolution.config)
    if resolver.masked:
        refuse_other_texts(resolver, resolution.config)
    return resolution
