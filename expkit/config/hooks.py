"""What config hooks do to a config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a, safe_repr
from expkit.config.containers import copy_containers
from expkit.config.layers import HOOK, Layer, Override
from expkit.config.origin import Origin
from expkit.config.paths import flatten, get_in
from expkit.config.tracking import WatchedDict, unwatched
from expkit.config.values import differs, plain
from expkit.errors import InvalidConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from expkit.config.nodes import Node, Tree

_MISSING = object()


def call_hook(
    hook: Callable[..., Any],
    node: Node,
    tree: Tree,
    config: Mapping[Any, Any],
    arguments: tuple[str, Any],
    note: Callable[[str], None],
) -> Iterator[Override]:
    """Call a hook with a copy of the run's config so far; what it sets.

    A hook that returns entries of its own sets all of them, named as its ingredient names them. One that returns
    the config that it was given (or all of its keys) sets what is different there.

    Args:
        hook: a function of (config, command_name, logger).
        node: the ingredient that the hook belongs to.
        tree: all ingredients.
        config: the run's config so far, from the root.
        arguments: command name and logger.
        note: is told the entries that the hook reads.

    Raises:
        InvalidConfigError: the hook returned something that is no dict.
        Exception: whatever the hook raises.
    """
    given = WatchedDict(copy_containers(config), note)
    result = hook(given, *arguments)
    origin = hook_origin(hook)
    if result is not None and not is_a(result, dict):
        raise InvalidConfigError(
            f"{origin.what} ({origin}) returned {safe_repr(result)}; it should return a dict of entries, or None"
        )
    values = plain(unwatched(result or {}))
    edited = result is given or (bool(config) and config.keys() <= values.keys())
    for path, value in flatten(values):
        if not edited:
            yield Override(tree.absolute(node, path), Layer(origin, value, HOOK))
        elif differs(get_in(config, path, _MISSING), value):
            yield Override(path, Layer(origin, value, HOOK))


def hook_origin(hook: Callable[..., Any]) -> Origin:
    """Where a hook is defined."""
    name = getattr(hook, "__name__", repr(hook))
    code = getattr(hook, "__code__", None)
    if code is None:
        return Origin(f"config hook {name}")
    return Origin(f"config hook {name}", code.co_filename, code.co_firstlineno)
