"""The steps by which a run's config comes about; :mod:`expkit.config.resolve` takes them in order."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a, safe_repr
from expkit.config.branch import Branch
from expkit.config.containers import copy_containers
from expkit.config.keys import active_rules, check_key
from expkit.config.layers import NAMED, REMOVAL, UPDATE, Layer, Override, masks_in, own_leaves
from expkit.config.merging import insert, nested, overlay
from expkit.config.nodes import Node, Tree, blaming
from expkit.config.origin import Origin
from expkit.config.paths import is_prefix, join, leaves, parents
from expkit.config.tracking import ReadLog
from expkit.config.typed.table import UNFIT
from expkit.config.updates import NamedConfigToken, check_conflicts
from expkit.config.values import plain
from expkit.errors import ConfigUpdateError
from expkit.record.tagged import Masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from logging import Logger

    from expkit.config.base import Base
    from expkit.config.paths import Path
    from expkit.config.source import ConfigSource
    from expkit.config.typed.table import Table
    from expkit.config.updates import Update


class Resolver:
    """Collects what wins over configs, and evaluates the ingredients one after the other.

    Attributes:
        tree: all ingredients.
        branches: state of each ingredient, by path.
        hooked, named, updates: what was overridden, in order.
        reads: entries that config functions and hooks read.
        ignored: (path of an ingredient, name) of values that were given for an ingredient inside it.
        base: the config to start from, if there is one.
        masked: entries of config files that were secrets, wholly (``***``) or in part (``Bearer ***``).
    """

    def __init__(self, nodes: Sequence[Node], command: str, logger: Logger | None) -> None:
        self.tree = Tree(nodes)
        self.branches = {node.path: Branch(node) for node in nodes}
        self.hooked: list[Override] = []
        self.named: list[Override] = []
        self.updates: list[Override] = []
        self.reads = ReadLog()
        self.ignored: dict[tuple[str, str], None] = {}
        self.base: Base | None = None
        self.masked: dict[Path, Masked] = {}
        for branch in self.branches.values():
            branch.declare()
        self._before = 0
        self._texts: dict[Path, str] = {}
        self._command = command
        self._logger = logger

    # -- what wins over configs

    def take_updates(self, updates: Iterable[Update]) -> None:
        """Hand each update to the ingredient that it belongs to.

        Raises:
            ConfigUpdateError: updates that contradict each other, or a value in the place of an ingredient.
            ConfigKeyError: a key that the settings forbid.
        """
        updates = list(updates)
        check_conflicts(updates)
        rules = active_rules()
        for update in updates:
            for depth, part in enumerate(update.path if rules else ()):
                check_key(part, update.path[:depth], rules)
            if update.remove or not all(isinstance(part, str) for part in update.path[1:]):
                self._take_edit(update)
            else:
                for path, value in leaves(update.path, plain(update.value, update.path)):
                    if path == update.path:
                        self._texts[path] = update.value_text
                    self._win("updates", Override(path, Layer(update.origin, value, UPDATE)))

    def take_base(self, base: Base) -> None:
        """Let an earlier config win over configs and hooks.

        Raises:
            NamedConfigNotFoundError: a named config is gone that entries come from which cannot be restored.
        """
        for name in base.named if base.lost else ():
            self.take_named(name)
        for path, value in base.entries:
            self._win("named", Override(path, Layer(base.origin, value, str(base.origin))))
        self.base = base
        self._before = len(self.named)

    def touched(self) -> set[str]:
        """What named configs and updates override, but for those of the base."""
        old = self.base and self.base.origin
        overrides = (*self.named[self._before :], *self.updates)
        return {override.name for override in overrides if override.layer.origin != old}

    def take_named(self, name: str | NamedConfigToken) -> None:
        """Evaluate a named config; what it sets wins over configs and earlier named configs, not over updates.

        Raises:
            NamedConfigNotFoundError: there is none of that name, and no such file.
            ConfigFileError: the file cannot be read.
            Exception: whatever the config function raises.
        """
        from expkit.config.named import find_named

        asked = name.origin if isinstance(name, NamedConfigToken) else Origin("named_configs")
        node, config = find_named(self.tree, str(name), asked)
        self._declare(node, config)
        table = self.branches[node.path].table
        preset = self._visible(node, "named")
        shown: dict[str, Any] = {keys[0]: {} for keys in self.tree.shown_to(node) if keys[0] in config.parameters}
        fallback = {**shown, "_log": self._logger_of(node)}
        with blaming(node):
            summary = config(fixed=self._visible(node, "updates"), preset=preset, fallback=fallback, table=table)
        if table.stopped:
            self.refuse_missing()
        self._note_reads(node, config.reads)
        asked_for = {key: value for key, value in summary.hidden.items() if key in node.parameters}
        summary.update(asked_for)
        given = list(own_leaves(summary, preset, config.origin))
        if table:
            from expkit.config.typed.giving import impose_classes

            impose_classes(table, summary, (path for path, _ in given))
        table.keep()
        for path, layer in given:
            absolute = self.tree.absolute(node, path)
            if is_a(layer.value, Masked):
                self.masked[absolute] = layer.value
                continue
            self.masked.update(masks_in(absolute, layer.value))
            self._win("named", Override(absolute, layer._replace(kind=f"{NAMED} {name}")))

    def _take_edit(self, update: Update) -> None:
        ends = (end for end, part in enumerate(update.path) if end and not isinstance(part, str))
        head = update.path[: next(ends, None)]
        node, keys = self.tree.owner(head)
        if not keys or (update.remove and head == update.path and self._is_above_ingredient(head)):
            raise ConfigUpdateError(f"{update.said!r} cannot be done: {join(head)} is an ingredient, not an entry")
        value = plain(update.value, update.path)
        own = self._spelt(node, update.path[len(node.keys) :])
        if not update.remove:
            value = self._fitted(node, own, value, update.origin, update.value_text)
        if value is UNFIT:
            return
        self.branches[node.path].edits.append(update.but(path=own, value=value))
        kind = REMOVAL if update.remove else UPDATE
        self.updates.append(Override(update.path, Layer(update.origin, value, kind)))

    def _declare(self, node: Node, config: ConfigSource) -> None:
        """Take over what a named config declares; what was given before has to fit as well."""
        table = self.branches[node.path].table
        before = dict(table.entries)
        config.declare(table)
        if before == table.entries:
            return
        for which in ("named", "updates"):
            for override in getattr(self, which):
                owner, keys = self.tree.owner(override.path)
                if owner is node and all(isinstance(key, str) for key in keys):
                    self._impose(which, node, keys, override, self._texts.get(override.path, ""))

    def _fitted(self, node: Node, keys: Path, value: Any, origin: Origin, text: str) -> Any:
        """What is given to an entry, as its type wants it."""
        table = self.branches[node.path].table
        if not table:
            return value
        from expkit.config.typed.giving import fitted_override

        return fitted_override(table, keys, value, origin, text)

    def _win(self, layer: str, override: Override) -> Node | None:
        """Let a value win over the configs, as part of one of the three layers; whose it is."""
        path, value = override.path, override.layer.value
        if self._is_above_ingredient(path):
            if value == {}:
                return None
            raise ConfigUpdateError(
                f"{join(path)} is an ingredient, it cannot be {safe_repr(value)} ({override.layer.origin}); "
                f"set its entries: {join(path)}.NAME=VALUE"
            )
        node, keys = self.tree.owner(path)
        keys = self._spelt(node, keys)
        override = override._replace(path=node.keys + keys)
        text = self._texts[override.path] = self._texts.get(path, "")
        getattr(self, layer).extend(self._impose(layer, node, keys, override, text))
        return node

    def _spelt(self, node: Node, keys: Path) -> Path:
        """Keys of an entry by the names of fields."""
        table = self.branches[node.path].table
        if not table:
            return keys
        from expkit.config.typed.giving import spelt

        return spelt(table, keys)

    def _impose(self, layer: str, node: Node, keys: Path, override: Override, text: str) -> list[Override]:
        """Put a value over the others of its layer if it fits; the overrides that come of it."""
        value = self._fitted(node, keys, override.layer.value, override.layer.origin, text)
        if value is UNFIT:
            return [override]
        self.branches[node.path].win(layer, nested(keys, value))
        found = leaves(override.path, value)
        return [Override(path, override.layer._replace(value=leaf)) for path, leaf in found]

    def _is_above_ingredient(self, path: Path) -> bool:
        return any(node.keys[: len(path)] == path for node in self.tree.nodes if node.path)

    def _visible(self, node: Node, layer: str) -> dict[Any, Any]:
        """What one of the layers says about a node and its ingredients, as the node's functions name it."""
        values: dict[Any, Any] = copy_containers(getattr(self.branches[node.path], layer))
        for keys, child in self.tree.shown_to(node).items():
            inner = getattr(self.branches[child.path], layer)
            if inner:
                overlay(values, nested(keys, inner))
        return values

    # -- evaluation

    def settle(self, node: Node) -> None:
        """Evaluate a node whose ingredients are settled; then its hooks, and again what depends on them.

        Raises:
            Exception: whatever a config function or a hook raises.
        """
        self._evaluate(node)
        stale = self._call_hooks(node)
        for other in self.tree.below(node) if stale else ():
            if other.path in stale or not stale.isdisjoint(other.children):
                self._evaluate(other)
                stale.add(other.path)

    def assembled(self, node: Node | None = None) -> dict[Any, Any]:
        """The entries of a node (by default of the run) so far, those of ingredients inside it in their places.

        Dicts and lists further inside are those of the ingredients, not copies.
        """
        start = (node or self.tree.root).keys
        config: dict[Any, Any] = {}
        for other in reversed(self.tree.nodes):
            entries = self.branches[other.path].summary
            if entries and other.keys[: len(start)] == start:
                insert(config, other.keys[len(start) :], entries)
        return config

    def _evaluate(self, node: Node) -> None:
        branch = self.branches[node.path]
        fallback: dict[str, Any] = {"_log": self._logger_of(node)}
        for keys, child in self.tree.shown_to(node).items():
            insert(fallback, keys, self._with_objects(child, self.assembled(child)))
        with blaming(node), self._rather():
            branch.evaluate(fallback)
        taken = [keys for keys in self.tree.reserved(node) if branch.drop(keys)]
        for name in (*map(join, taken), *sorted(branch.summary.ignored_fallbacks)):
            self.ignored[node.path, name] = None
        self._note_reads(node, branch.reads())

    def _call_hooks(self, node: Node) -> set[str]:
        """Call the hooks of a node; the paths of the ingredients that these set entries of."""
        if not node.hooks:
            return set()
        from expkit.config.hooks import call_hook

        config = copy_containers(self.assembled())
        arguments = (self._command, self._logger_of(node))
        stale: set[str] = set()
        for hook in node.hooks:
            with self._rather():
                overrides = list(call_hook(hook, node, self.tree, config, arguments, self.reads.add))
            for override in overrides:
                owner = self._win_by_hook(node, override)
                if owner is not None:
                    stale.add(owner.path)
                    overlay(config, nested(override.path, override.layer.value))
        return stale

    def _win_by_hook(self, node: Node, override: Override) -> Node | None:
        if self.tree.owner(override.path)[0] in self.tree.below(node):
            return self._win("hooked", override)
        self.ignored[node.path, join(override.path)] = None
        return None

    # -- types

    @property
    def tables(self) -> list[tuple[Path, Table]]:
        """What is declared about the entries of each ingredient, under its keys."""
        return [(branch.node.keys, branch.table) for branch in self.branches.values() if branch.table]

    @property
    def stopped(self) -> bool:
        """Whether a config function could not go on without an entry that must be given."""
        return any(table.stopped for _, table in self.tables)

    def _with_objects(self, node: Node, config: dict[str, Any]) -> dict[str, Any]:
        """An ingredient's config as config functions that use it see it."""
        tables = self.tables
        if not tables or self.stopped or any(table.misfits or table.given for _, table in tables):
            return config
        from expkit.config.typed.outcome import Outcome

        shown: dict[str, Any] = Outcome(tables, self.assembled(), {}).with_objects(node.keys, config)
        return shown

    def refuse_misfits(self, more: str = "") -> None:
        """Refuse values that do not fit the types that are declared for them.

        Args:
            more: what is to be said besides.

        Raises:
            ConfigTypeError: the message has a line for each.
        """
        if self.tables:
            from expkit.config.typed.outcome import refuse_misfits

            refuse_misfits(self.tables, self.giver, more)

    def refuse_missing(self) -> None:
        """Refuse to go on without entries that must be given.

        Raises:
            RequiredEntryError: the message has a line for each.
        """
        from expkit.config.typed.outcome import Outcome, refuse_missing

        refuse_missing(Outcome(self.tables, self.assembled(), {}).missing)

    def finish_objects(self, *, force: bool) -> None:
        """Make the objects of entries of a class, and let these hold what the objects hold.

        Args:
            force: accept keys that no field has.

        Raises:
            ConfigTypeError: classes refuse values; the message has a line for each.
        """
        typed = [branch for branch in self.branches.values() if branch.table]
        if not typed:
            return
        from expkit.config.typed.outcome import finish_objects

        for branch in typed:  # the configs' own results stay as they were, for whoever asks what they gave
            branch.summary.update(copy_containers(dict(branch.summary)))
        finish_objects([(one.node.keys, one.table, one.summary) for one in typed], self.giver, strict=not force)

    def overrider(self, name: str) -> Origin | None:
        """Who overrode an entry, or something in it or around it, last."""
        overrides = [*self.hooked, *self.named, *self.updates]
        hits = [over.layer.origin for over in overrides if is_prefix(over.name, name) or is_prefix(name, over.name)]
        return hits[-1] if hits else None

    def giver(self, name: str) -> Origin | None:
        """Who gave an entry, or something in it or around it, its value; last, if several did."""
        if (found := self.overrider(name)) is not None:
            return found
        for branch in self.branches.values():
            places = {branch.node.full(path): origin for path, origin in branch.summary.places.items()}
            for part in (name, *reversed(list(parents(name)))):
                if part in places:
                    return places[part]
        return None

    @contextmanager
    def _rather(self) -> Iterator[None]:
        """Where something fails after a wrong value or for want of one, that is told instead."""
        try:
            yield
        except Exception:
            self.refuse_misfits()
            if self.stopped:
                self.refuse_missing()
            raise

    def _note_reads(self, node: Node, names: Iterable[str]) -> None:
        self.reads.update(join(self.tree.absolute(node, (name,))) for name in names)

    def _logger_of(self, node: Node) -> Any:
        if node.logger is not None or self._logger is None or not node.path:
            return node.logger or self._logger
        return self._logger.getChild(node.path)
