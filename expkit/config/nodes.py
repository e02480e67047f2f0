"""Whose entry is it: the ingredients of an experiment as a tree of namespaces."""

from __future__ import annotations

from contextlib import contextmanager
from operator import eq
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen, field
from expkit.config.merging import nested
from expkit.config.paths import find, join
from expkit.errors import ConfigError, InvalidConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from expkit.config.source import ConfigSource

Keys = tuple[Any, ...]
"""A path as a tuple of dict keys."""


class Node(Frozen):
    """What one ingredient says about config; the experiment itself is the node with the path ``""``.

    Attributes:
        path: dotted path of its entries in the run's config.
        configurations: config functions and dicts, in order of evaluation.
        named_configs: name to config function or dict.
        hooks: functions of (config, command_name, logger).
        children: paths of its direct ingredients.
        parameters: entries that captured functions ask for, as dotted names below this node,
            with the place (``file:line``) of one such function.
        logger: what config functions and hooks get; None stands for the run's logger.
    """

    path: str = ""
    configurations: Sequence[ConfigSource] = ()
    named_configs: Mapping[str, ConfigSource] = field(default_factory=dict)
    hooks: Sequence[Callable[..., Any]] = ()
    children: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    logger: Any = None

    @property
    def keys(self) -> Keys:
        """The path as keys."""
        return split(self.path)

    def full(self, name: str) -> str:
        """The name of an entry of this node, from the root."""
        if not self.path:
            return name
        prefix = join(self.keys)
        if not name:
            return prefix
        return prefix + name if name.startswith("[") else f"{prefix}.{name}"


class Tree:
    """All nodes of a run, by their paths.

    Args:
        nodes: deepest first, the experiment last.

    Raises:
        InvalidConfigError: two ingredients have the same path, or one has none.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)
        self.root = self.nodes[-1]
        self._by_keys: dict[Keys, Node] = {}
        for node in nodes:
            if node.keys in self._by_keys:
                raise InvalidConfigError(_clash(node))
            self._by_keys[node.keys] = node

    def node(self, path: str) -> Node:
        """The node with this path."""
        return self._by_keys[split(path)]

    def owner(self, keys: Keys) -> tuple[Node, Keys]:
        """The node that an entry belongs to, and the entry's keys there; the longest path wins."""
        for end in range(len(keys), 0, -1):
            node = self._by_keys.get(keys[:end])
            if node is not None:
                return node, keys[end:]
        return self.root, keys

    def below(self, node: Node) -> list[Node]:
        """A node and all ingredients inside it, deepest first."""
        inside = {node.path}
        for other in reversed(self.nodes):
            if other.path in inside:
                inside.update(other.children)
        return [other for other in self.nodes if other.path in inside]

    def reserved(self, node: Node) -> set[Keys]:
        """Keys that a node cannot have entries under: ingredients are there, as its functions or the run see it."""
        own = node.keys
        nested = (other.keys[len(own) :] for other in self.nodes if other.keys[: len(own)] == own)
        return {*self.shown_to(node), *nested} - {()}

    def shown_to(self, node: Node) -> dict[Keys, Node]:
        """The direct ingredients of a node by the keys under which its functions see them."""
        own = node.keys
        seen = {}
        for path in node.children:
            keys = split(path)
            seen[keys[len(own) :] if own and keys[: len(own)] == own else keys] = self._by_keys[keys]
        return seen

    def absolute(self, node: Node, keys: Keys) -> Keys:
        """Keys as the functions of a node use them, seen from the root."""
        for short, child in self.shown_to(node).items():
            if all(map(eq, keys, short)):
                return child.keys[: -len(short)] + keys
        return node.keys + keys


def split(path: str) -> Keys:
    """The keys of an ingredient's path."""
    return tuple(path.split(".")) if path else ()


def _clash(node: Node) -> str:
    if not node.path:
        return "an ingredient has an empty path: its config needs a name"
    return f"two ingredients have the path {node.path!r}: give each a path of its own"


@contextmanager
def blaming(node: Node) -> Iterator[None]:
    """Errors of an ingredient's config functions name entries from the root of the config."""
    try:
        yield
    except ConfigError as error:
        error.find = find
        if node.path and error.conflicting_configs:
            error.config = nested(node.keys, error.config)
            error.prefixed(node.path)
        raise
