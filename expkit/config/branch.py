"""One ingredient while a run's config is resolved: its configs, and what wins over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers
from expkit.config.layers import UPDATE, Layer, own_leaves
from expkit.config.merging import nested, overlay
from expkit.config.paths import delete_in, flatten, get_in, has_path, is_prefix, join, put_in
from expkit.config.summary import ConfigSummary
from expkit.config.typed.table import Table
from expkit.config.unknown import takes_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from expkit.config.nodes import Node
    from expkit.config.paths import Path
    from expkit.config.updates import Update

SEED = ("seed",)
"""The path of the entry that every ingredient may have."""


class Branch:
    """The state of one node; :meth:`evaluate` may be called again when more is known.

    Attributes:
        node: whose branch this is.
        hooked, named, updates: nested values that win over the configs, and over each other in this order.
        edits: updates that reach into lists, and removals; paths start at this node.
        summary: what evaluation gave.
        refused: edits that name no entry, found by evaluation.
        impossible: edits that reach into nothing, found by evaluation.
        table: what is declared about the entries.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.hooked: dict[Any, Any] = {}
        self.named: dict[Any, Any] = {}
        self.updates: dict[Any, Any] = {}
        self._said: dict[str, list[dict[Any, Any]]] = {"hooked": [], "named": [], "updates": []}
        self.edits: list[Update] = []
        self.summary = ConfigSummary()
        self.refused: list[Update] = []
        self.impossible: list[Update] = []
        self.table = Table()
        self._steps: list[tuple[Any, ConfigSummary]] = []
        self._edits_done: dict[Path, Layer] = {}

    def declare(self) -> None:
        """Find what the configs declare, as far as that can be told without running them.

        Raises:
            ConfigScopeError: an annotation that cannot be evaluated.
        """
        for configuration in self.node.configurations:
            configuration.declare(self.table)

    def fixed(self) -> dict[Any, Any]:
        """The values that win over the configs."""
        fixed: dict[Any, Any] = {}
        for said in self._said.values():  # one by one: what one replaces is gone, even if a later one brings a dict
            for values in said:
                overlay(fixed, values)
        return fixed

    def win(self, layer: str, values: dict[Any, Any]) -> None:
        """Let nested values win, as part of one of the three layers (``hooked``, ``named``, ``updates``)."""
        self._said[layer].append(values)
        overlay(getattr(self, layer), values)

    def evaluate(self, fallback: Mapping[str, Any]) -> None:
        """Run all configs with the values that win, then the edits of lists, then the removals.

        Args:
            fallback: what config functions can read besides entries.

        Raises:
            Exception: whatever a config function raises.
        """
        fixed = self.fixed()
        self._edits_done, self.refused, self.impossible = {}, [], []
        self.table.forget()
        self._run(fixed, fallback)
        for base, edits in self._edited_containers():
            value = self._edited(base, edits)
            put_in(fixed, base, value)
            self._edits_done[base] = Layer(edits[-1].origin, value, UPDATE)
            self._run(fixed, fallback)
        self._remove()

    def reads(self) -> Iterator[str]:
        """Names that the config functions read."""
        return (name for configuration in self.node.configurations for name in configuration.reads)

    def layers(self) -> Iterator[tuple[Path, Layer]]:
        """What the configs set, in their order."""
        before: Mapping[Any, Any] = {}
        for configuration, summary in self._steps:
            yield from own_leaves(summary, before, configuration.origin)
            before = summary

    def edited(self) -> Iterator[tuple[Path, Layer]]:
        """The lists that were edited, as a whole."""
        return iter(self._edits_done.items())

    def drop(self, path: Path) -> bool:
        """Remove an entry from what evaluation gave; whether there was one."""
        if not has_path(self.summary, path):
            return False
        # the configs' own results stay as they were, for whoever asks where the entry came from
        self.summary.update(copy_containers(dict(self.summary)))
        return delete_in(self.summary, path)

    def _run(self, fixed: Mapping[Any, Any], fallback: Mapping[str, Any]) -> None:
        total = ConfigSummary()
        total.added = {join(path) for path, _ in flatten(fixed)}
        self._steps = []
        for configuration in self.node.configurations:
            summary = configuration(fixed=fixed, preset=total, fallback=fallback, table=self.table)
            self._steps.append((configuration, summary))
            total.update_from(summary)
        if not self._steps:
            total.update(copy_containers(fixed))
        if self.table:
            from expkit.config.typed.giving import settle

            settle(self.table, total, fixed)
        self._let_in_hidden(total)
        self.summary = total

    def _let_in_hidden(self, summary: ConfigSummary) -> None:
        for name in self.node.parameters:
            if name in summary.hidden and name not in summary:
                summary[name] = summary.hidden[name]

    def _edited_containers(self) -> list[tuple[Path, list[Update]]]:
        """Edits by the list that they reach into, in the order in which configs define these."""
        groups: dict[Path, list[Update]] = {}
        for edit in self.edits:
            base = self._container(edit)
            if base:
                groups.setdefault(base, []).append(edit)
            elif not edit.remove:
                self.impossible.append(edit)
        order = {key: position for position, key in enumerate(self.summary)}
        return sorted(groups.items(), key=lambda item: order[item[0][0]])

    def _container(self, edit: Update) -> Path:
        """The path of the outermost list that an edit reaches into, or ``()``."""
        path = edit.path
        above = {path[:end]: get_in(self.summary, path[:end]) for end in range(1, len(path))}
        lists = (base for base, value in above.items() if is_a(value, (list, tuple)))
        inner = path[:-1] if not edit.remove and is_a(above.get(path[:-1]), dict) else ()
        return next(lists, inner)

    def _edited(self, base: Path, edits: list[Update]) -> Any:
        before = get_in(self.summary, base)
        value = list(copy_containers(before)) if is_a(before, tuple) else copy_containers(before)
        closed = not any(is_prefix(path, join(base)) for path in self.summary.open)
        for edit in edits:
            inner = edit.path[len(base) :]
            if edit.remove:
                known = delete_in(value, inner)
            else:
                known = _is_known(value, inner) or not closed
                above = self.node.keys + base  # so that an error names the entry from the root
                put_in(nested(above, value), self.node.keys + edit.path, copy_containers(edit.value))
            if not known:
                self.refused.append(edit)
        return tuple(value) if is_a(before, tuple) else value

    def _remove(self) -> None:
        removals = [edit for edit in self.edits if edit.remove and not self._container(edit)]
        self.refused += [edit for edit in removals if not self.drop(edit.path) and edit.path != SEED]
        for edit in removals if self.table else ():
            self._put_back(edit.path)

    def _put_back(self, path: Path) -> None:
        """Let a field of a class that was removed have what the class gives it by itself."""
        from expkit.config.typed.giving import default_at
        from expkit.config.typed.shapes import ABSENT

        value = default_at(self.table, path, self.summary)
        if value is not ABSENT and not has_path(self.summary, path):
            put_in(self.summary, path, value)


def _is_known(tree: Any, path: Path) -> bool:
    """Whether every dict on the way has the key that is asked for; empty ones take any."""
    for depth, part in enumerate(path):
        here = get_in(tree, path[:depth])
        if is_a(here, dict) and here and not takes_key(here, part):
            return False
    return True
