"""Who read which entry of a config: what nobody read need not have been overridden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.paths import below
from expkit.config.values import bottomless

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping


class ReadLog:
    """The paths that were read so far; may be written from many threads.

    A path stands for all entries below it, ``""`` for the whole config.
    """

    __slots__ = ("_paths", "add")

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._paths = set(paths)
        self.add: Callable[[str], None] = self._paths.add  # atomic, and as cheap as it gets

    def update(self, paths: Iterable[str]) -> None:
        """Notes several paths at once."""
        self._paths.update(paths)

    def paths(self) -> set[str]:
        """A copy of what was noted."""
        return self._paths.copy()


def unread(overridden: Iterable[str], reads: Collection[str]) -> list[str]:
    """Those of the ``overridden`` entries that nobody read, sorted.

    Args:
        overridden: dotted paths, ``model.layers[0].units``.
        reads: paths that were read, see :class:`ReadLog`.
    """
    if "" in reads:
        return []
    return sorted(path for path in overridden if not any(part in reads for part in _self_and_parents(path)))


class WatchedDict(dict):  # type: ignore[type-arg]
    """A dict that notes which of its entries are looked at, those of nested dicts included.

    Config hooks get one. It behaves like any dict; copies of it and what :func:`unwatched` makes are plain.
    """

    __slots__ = ("_note", "_path")

    def __init__(self, values: Mapping[Any, Any], note: Callable[[str], None], path: str = "") -> None:
        self._note, self._path = note, path
        super().__init__({key: self._watched(key, value) for key, value in values.items()})

    def __getitem__(self, key: Any) -> Any:
        return self._noted(key, super().__getitem__(key))

    def __iter__(self) -> Iterator[Any]:  # without it, dict(d) and {**d} would not come past __getitem__
        return super().__iter__()

    def get(self, key: Any, default: Any = None) -> Any:
        """As of a dict; notes the entry."""
        return self._noted(key, super().get(key, default))

    def pop(self, key: Any, *default: Any) -> Any:
        """As of a dict; notes the entry."""
        return self._noted(key, super().pop(key, *default))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As of a dict; notes the entry."""
        return self._noted(key, super().setdefault(key, default))

    def popitem(self) -> tuple[Any, Any]:
        """As of a dict; notes the entry."""
        key, value = super().popitem()
        return key, self._noted(key, value)

    def values(self) -> Any:
        """As of a dict; notes all entries."""
        self._note_all()
        return super().values()

    def items(self) -> Any:
        """As of a dict; notes all entries."""
        self._note_all()
        return super().items()

    def copy(self) -> dict[Any, Any]:
        """A plain dict; notes all entries."""
        return dict(self)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        from copy import deepcopy

        return deepcopy(dict(self), memo)

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        return dict, (dict(self),)

    def _watched(self, key: Any, value: Any) -> Any:
        return WatchedDict(value, self._note, below(self._path, key)) if type(value) is dict else value

    def _noted(self, key: Any, value: Any) -> Any:
        if type(value) is not WatchedDict:  # that one notes by itself what is taken out of it
            self._note(below(self._path, key))
        return value

    def _note_all(self) -> None:
        for key, value in super().items():
            self._noted(key, value)


def unwatched(value: Any) -> Any:
    """A copy of the containers in which watched dicts, and dicts of any other kind, are plain; nothing is noted.

    Raises:
        InvalidConfigError: it contains itself, or is nested too deeply.
    """
    try:
        return _unwatched(value)
    except RecursionError:
        raise bottomless(value, "a config from a hook") from None


def _unwatched(value: Any) -> Any:
    if is_a(value, dict):
        return {key: _unwatched(item) for key, item in dict.items(value)}
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([_unwatched(item) for item in value])
    return value.copy() if kind is set else value


def _self_and_parents(path: str) -> Iterator[str]:
    yield path
    for end in range(len(path) - 1, 0, -1):
        if path[end] in ".[":
            yield path[:end]
