"""Which named config, or which config file, a name means."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit._support.nearest import nearest
from expkit.errors import NamedConfigNotFoundError

if TYPE_CHECKING:
    from expkit.config.nodes import Node, Tree
    from expkit.config.origin import Origin
    from expkit.config.source import ConfigSource

_SHOWN = 12
"""That many names are listed where none is near."""


def find_named(tree: Tree, name: str, asked: Origin) -> tuple[Node, ConfigSource]:
    """The config that a name means, and the ingredient that it belongs to.

    A file with a known extension comes first, then ``name`` of the experiment or ``ingredient.name``,
    then any file.

    Args:
        tree: all ingredients.
        name: as it was typed.
        asked: who typed it.

    Raises:
        NamedConfigNotFoundError: there is neither; the message shows near names and where they are defined.
        ConfigFileError: the file cannot be read.
    """
    from expkit.config.files import is_config_file, read_config_file

    is_file = os.path.isfile(name)
    if is_file and is_config_file(name):
        return tree.root, read_config_file(name)
    path, _, own = name.rpartition(".")
    for node in tree.nodes:
        if node.path == path and own in node.named_configs:
            return node, node.named_configs[own]
    if is_file:
        return tree.root, read_config_file(name)
    raise _not_found(tree, name, asked)


def _not_found(tree: Tree, name: str, asked: Origin) -> NamedConfigNotFoundError:
    known = {
        f"{node.path}.{own}" if node.path else own: str(config.origin)
        for node in reversed(tree.nodes)
        for own, config in node.named_configs.items()
    }
    from expkit.config.files import is_config_file

    message = f"there is no named config {name!r} ({asked})"
    if is_config_file(name) or os.sep in name:
        near = nearest(name, [file for file in os.listdir() if is_config_file(file)]) if os.sep not in name else []
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        return NamedConfigNotFoundError(f"there is no config file {name!r} in {os.getcwd()} ({asked}){meant}")
    return NamedConfigNotFoundError(message + _suggestion(name, known))


def _suggestion(name: str, known: dict[str, str]) -> str:
    hits = nearest(name, known) or [full for full in known if full.rpartition(".")[2] == name]
    if hits:
        return f"; did you mean {' or '.join(f'{hit} (defined at {known[hit]})' for hit in hits)}?"
    if not known:
        return "; the experiment has no named configs; an entry is set with NAME=VALUE"
    names = list(known)
    more = ", ..." if len(names) > _SHOWN else ""
    return f"; there are {', '.join(names[:_SHOWN])}{more}"
