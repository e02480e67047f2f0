"""Where the value of an entry comes from, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit._support.odd import is_a
from expkit.config.paths import dicts_in, flatten, get_in, is_prefix, join, parents
from expkit.config.values import differs, plain
from expkit.record.tagged import Masked

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
    dicts = {join(path): path for path in dicts_in(summary)} if summary.replaced else {}
    for name, value in summary.replaced.items():
        yield dicts[name], Layer(_place(name, summary, origin), plain(value), CONFIG)
    for path, value in flatten(summary):
        name = join(path)
        if name in summary.added or any(is_prefix(above, name) for above in summary.replaced):
            continue
        if name in summary.assigned or differs(get_in(before, path, _MISSING), value):
            yield path, Layer(_place(name, summary, origin), plain(summary.assigned.get(name, value)), CONFIG)


def masks_in(path: Path, value: Any) -> Iterator[tuple[Path, Masked]]:
    """The paths of secrets that a saved list lacks, and what is left of them.

    Args:
        path: of the list.
        value: the list; of anything else there are none.
    """
    if is_a(value, Masked):
        yield path, value
    elif is_a(value, (list, tuple, dict)):
        for key, item in value.items() if is_a(value, dict) else enumerate(value):
            yield from masks_in((*path, key), item)


def _place(name: str, summary: ConfigSummary, origin: Origin) -> Origin:
    return next((summary.places[part] for part in upwards(name) if part in summary.places), origin)


def collect(settings: Iterable[tuple[Path, Layer]]) -> dict[str, list[Layer]]:
    """The layers by the entries that they set, in the order in which they come."""
    layers: dict[str, list[Layer]] = {}
    for path, layer in settings:
        layers.setdefault(join(path), []).append(layer)
    return layers


def inside(path: Path, settings: Iterable[tuple[Path, Layer]], edited: Iterable[tuple[Path, Layer]]) -> Iterator[Layer]:
    """The layers that set an element of a list, or something in it: with the list around it, or by itself.

    Args:
        path: of the element, from the root.
        settings: what layers set, in their order.
        edited: lists as they were after updates reached into them. They count where no setting has the value, as
            with elements that were appended or counted from the end.
    """
    last: Any = _MISSING
    for value, layer in _parts(path, settings):
        last = value
        yield layer._replace(value=value)
    for value, layer in _parts(path, edited):
        if last is _MISSING or differs(last, value):
            yield layer._replace(value=value)


def _parts(path: Path, settings: Iterable[tuple[Path, Layer]]) -> Iterator[tuple[Any, Layer]]:
    """What the settings of an entry or of something around it say about that entry."""
    for place, layer in settings:
        if path[: len(place)] == place:
            value = get_in(layer.value, path[len(place) :], _MISSING)
            if value is not _MISSING:
                yield value, layer


def upwards(name: str) -> list[str]:
    """A path and those above it, innermost first."""
    return [name, *reversed(list(parents(name)))]
