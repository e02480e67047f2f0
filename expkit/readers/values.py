"""What runs have recorded, as values again: decoded safely, for reading only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit.errors import ReadOnlyConfigError
from expkit.record.decoding import decode
from expkit.record.paths import Path, join
from expkit.record.query import MISSING
from expkit.record.tagged import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.base import RunStore
    from expkit.types import Json

_MOST = 10
"""So many names a complaint has."""


def decoded(store: RunStore, tree: Json) -> Any:
    """The value of a tree; arrays that lie beside it are fetched from the store."""
    if not isinstance(tree, (dict, list)):
        return tree

    def fetch(sha256: str) -> bytes:
        with store.open_blob(sha256) as file:
            return file.read()

    return decode(tree, fetch)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of nested dicts by their dotted paths; an empty dict is a leaf, and so is a tagged value of a JSON tree."""
    if not isinstance(value, Mapping) or (path and not value) or kind_of(value) is not None:
        return {path: value}
    leaves: dict[str, Any] = {}
    for key, item in value.items():
        leaves |= flat(item, join(path, key))
    return leaves


class View(Mapping[Any, Any]):
    """Named values for reading, by attribute or item: ``config.net.units``, ``config["net"]["units"]``.

    A dotted path is a key, too: ``config["net.layers[0]"]``. Dicts inside are views again; ``to_dict()`` gives plain ones.

    Args:
        values: what it shows.
        what: how messages call it.
    """

    __slots__ = ("_values", "_what")

    def __init__(self, values: Mapping[Any, Any], what: str) -> None:
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_what", what)

    def to_dict(self) -> dict[Any, Any]:
        """Plain dicts and lists, which may be changed."""
        return {key: _plain(item) for key, item in self._values.items()}

    def __getitem__(self, key: Any) -> Any:
        if key in self._values:
            return _shown(self._values[key], f"{self._what}.{key}")
        path = Path.parse(key) if isinstance(key, str) else Path(())
        found = path.get(self._values, _below) if path.steps else MISSING
        if found is not MISSING:
            return _shown(found, f"{self._what}.{path}")
        if len(path.steps) > 1 and isinstance(below := self._values.get(path.first), Mapping):
            return View(below, f"{self._what}.{path.first}")[str(path.rest)]  # which says what it lacks
        raise KeyError(self._complaint(key))

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self._values:
            return self[name]
        raise AttributeError(self._complaint(name))

    def __setattr__(self, name: str, value: object) -> None:
        raise ReadOnlyConfigError(f"{self._what}.{name} was recorded and cannot be changed; to_dict() gives a copy")

    def __setitem__(self, key: Any, value: object) -> None:
        self.__setattr__(str(key), value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(str(key) for key in self._values if str(key).isidentifier())})

    def __repr__(self) -> str:
        return repr(self._values)

    def __reduce__(self) -> tuple[Any, ...]:
        return View, (self._values, self._what)

    def _complaint(self, key: object) -> str:
        names = [str(name) for name in self._values]
        there = f"; there are {', '.join([*names[:_MOST], *(['...'] if len(names) > _MOST else [])])}" if names else ""
        return f"{self._what} has no {key!r}{did_you_mean(str(key), names) or there or '; it is empty'}"


def _below(value: Any) -> Mapping[Any, Any]:
    if isinstance(value, (list, tuple)):
        return {str(number): item for number, item in enumerate(value)}
    return value if isinstance(value, Mapping) else {}


def _shown(value: Any, what: str) -> Any:
    if isinstance(value, dict):
        return View(value, what)
    if isinstance(value, list):
        return [_shown(item, f"{what}[{number}]") for number, item in enumerate(value)]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
