"""Where the value of an entry comes from, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.config.paths import flatten, get_in, join, parents
from expkit.config.values import differs, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from expkit.config.origin import Origin
    from expkit.config.paths import Path
    from expkit.config.summary import ConfigSummary

CONFIG, HOOK, NAMED, UPDATE, REMOVAL = "config", "hook", "named config", "update", "removal"
_MISSING = object()


class Layer(NamedTuple):
    """One of the layers that set an entry; the last one counts.

    Attributes:
        origin: who set it, and where that is written down.
        value: what it was set to.
        kind: ``config``, ``hook``, ``named config``, ``update`` or ``removal``.
    """

    origin: Origin
    value: Any
    kind: str


class Override(NamedTuple):
    """What a hook, a named config or an update does to an entry.

    Attributes:
        path: of the entry, from the root.
        layer: what is done.
    """

    path: Path
    layer: Layer

    @property
    def name(self) -> str:
        """The entry's path as text."""
        return join(self.path)


def own_leaves(summary: ConfigSummary, before: Mapping[Any, Any], origin: Origin) -> Iterator[tuple[Path, Layer]]:
    """The leaves that a config set by itself, with the values that it meant to give them.

    Args:
        summary: what the config gave.
        before: what was there before and is part of the summary.
        origin: of the config, for entries that were set in no particular line.
    """
    for path, value in flatten(summary):
        name = join(path)
        if name in summary.added:
            continue
        if name in summary.assigned or differs(get_in(before, path, _MISSING), value):
            place = next((summary.places[part] for part in upwards(name) if part in summary.places), origin)
            yield path, Layer(place, plain(summary.assigned.get(name, value)), CONFIG)


def collect(settings: Iterable[tuple[Path, Layer]]) -> dict[str, list[Layer]]:
    """The layers by the entries that they set, in the order in which they come."""
    layers: dict[str, list[Layer]] = {}
    for path, layer in settings:
        layers.setdefault(join(path), []).append(layer)
    return layers


def upwards(name: str) -> list[str]:
    """The entry and the ones above it, innermost first."""
    """A path and those above it, innermost first."""
    return [name, *reversed(list(parents(name)))]
