"""Dotted paths, by which values are found in the trees of runs: ``config.net.layers[0]``, ``config["a.b"].c``.

The one place that knows how they are written: questions, columns, orders, groups, tables and databases all ask here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expkit.record.query import MISSING, comparable
from expkit.record.tagged import kind_of, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from expkit.types import Json

_STEP = re.compile(r"""\.?(?:\["([^"]*)"\]|\['([^']*)'\]|"([^"]*)"|'([^']*)'|(\[\d+\])|([^.\[]+))""")
_NESTED = ("tuple", "dataclass", "namedtuple", "dict", "set", "frozenset")


class Path:
    """A way into a tree; ``str(path)`` is its text with quotes only where a key needs them.

    Made by :meth:`parse`. Keys with dots, spaces or brackets stand in quotes, as in ``config["a.b"]`` or
    ``config."a.b"``. Without quotes they are found, too: of several readings that with the longest keys counts.

    Attributes:
        steps: the keys, elements of lists by their numbers: ``("config", "layers", "0")``.
    """

    __slots__ = ("_parts", "steps")

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = tuple(parts)
        self.steps = tuple(part.key for part in parts)

    @staticmethod
    @lru_cache(maxsize=1024)
    def parse(text: str) -> Path:
        """The path of a text; any text is one."""
        return Path(list(_parts(text)))

    def __str__(self) -> str:
        return _joined([part.said for part in self._parts])

    @property
    def first(self) -> str:
        """The first step, ``""`` if there is none."""
        return self.steps[0] if self.steps else ""

    @property
    def rest(self) -> Path:
        """What follows the first step."""
        return Path(self._parts[1:])

    def joined(self, more: Path) -> Path:
        """The path that goes on with another one."""
        return Path((*self._parts, *more._parts))

    def key(self, start: int, stop: int | None = None) -> str:
        """One key that some steps make, as in metrics whose names have dots: ``metrics.val.acc.last``."""
        parts = self._parts[start:stop]
        return parts[0].key if len(parts) == 1 else _joined([part.said for part in parts])

    def below(self, parent: Path) -> Path:
        """The path as seen from ``parent``, where it leads below it; else the path itself."""
        length = len(parent.steps)
        return Path(self._parts[length:]) if self.steps[:length] == parent.steps and self.steps[length:] else self

    def get(self, tree: Any, below: Callable[[Any], Any] | None = None) -> Any:
        """What a tree has there, :data:`~expkit.record.query.MISSING` where there is nothing.

        A step behind a list is looked up in each of its elements: ``files.sha256`` is the list of all hashes. Paths lead
        through tuples, dataclasses and dicts with keys that are no text.

        Args:
            tree: a JSON tree.
            below: gives what lies directly below a tree, by key; by default of trees as records have them.
        """
        return self._get(tree, 0, below or _children)

    def without(self, tree: Json) -> Json:
        """The tree without what lies there; the very same tree where nothing does."""
        return self._without(tree, 0) if self.steps else tree

    def _get(self, tree: Any, place: int, below: Callable[[Any], Any]) -> Any:
        if place == len(self._parts):
            return tree
        children = below(tree)
        for key, after in self._ways(place):
            if key in children:
                found = self._get(children[key], after, below)
                if found is not MISSING:
                    return found
        return self._of_each(tree, place, below) if isinstance(tree, list) else MISSING

    def _of_each(self, items: list[Any], place: int, below: Callable[[Any], Any]) -> Any:
        """What those elements have that have it."""
        found = [self._get(item, place, below) for item in items if isinstance(item, dict)]
        return [value for value in found if value is not MISSING] or MISSING

    def _without(self, tree: Json, place: int) -> Json:
        children = _children(tree)
        for key, after in self._ways(place):
            if key not in children:
                continue
            if after == len(self._parts):
                return _with(tree, {name: item for name, item in children.items() if name != key})
            left = self._without(children[key], after)
            if left is not children[key]:
                return _with(tree, {**children, key: left})
        return self._without_in_each(tree, place) if isinstance(tree, list) else tree

    def _without_in_each(self, items: list[Json], place: int) -> list[Json]:
        left = [self._without(item, place) if isinstance(item, dict) else item for item in items]
        return left if any(new is not old for new, old in zip(left, items, strict=True)) else items

    def _ways(self, place: int) -> Iterator[tuple[str, int]]:
        """All ways to read a key at a place, the longest first, each with the place behind it."""
        end = place
        while end < len(self._parts) and not self._parts[end].is_exact:
            end += 1
        for after in range(end, place + 1, -1):
            yield _joined([part.said for part in self._parts[place:after]]), after
        yield self._parts[place].key, place + 1


class _Part:
    """One step.

    Args:
        key: the key, without quotes and brackets.
        said: as it is written.
        is_exact: whether it was in quotes, so that it is a key of its own.
    """

    __slots__ = ("is_exact", "key", "said")

    def __init__(self, key: str, said: str, *, is_exact: bool) -> None:
        self.key = key
        self.said = said
        self.is_exact = is_exact


def join(parent: str, key: Any) -> str:
    """The text of the path to a key of the tree at ``parent``; ``""`` is the whole tree."""
    return f"{parent}.{quoted(key)}" if parent else quoted(key)


def _parts(text: str) -> Iterator[_Part]:
    place = 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:  # stray dots and brackets stand for themselves
            rest = text[place:].removeprefix(".") or text[place:]
            yield _Part(rest, rest, is_exact=False)
            return
        place = match.end()
        *quotes, number, plain = match.groups()
        key = next((quote for quote in quotes if quote is not None), None)
        if key is not None:
            yield _Part(key, _quoted(key), is_exact=True)
        elif number is not None:
            yield _Part(number[1:-1], number, is_exact=False)
        else:
            yield _Part(plain, plain, is_exact=False)


def _quoted(key: str) -> str:
    return f"'{key}'" if '"' in key else quoted(key)


def _joined(said: Sequence[str]) -> str:
    return "".join(part if not number or _is_number(part) else f".{part}" for number, part in enumerate(said))


def _is_number(said: str) -> bool:
    return said[:1] == "[" and said[1:-1].isdecimal()


def _children(tree: Json) -> dict[str, Json]:
    kind = kind_of(tree)
    if kind is not None:
        tree = tree.get("value") if kind in _NESTED else None
    if kind == "dict" and isinstance(tree, list):
        return {str(comparable(key)): item for key, item in tree}
    if isinstance(tree, list):
        return {str(number): item for number, item in enumerate(tree)}
    return tree if isinstance(tree, dict) else {}


def _with(tree: Json, children: dict[str, Json]) -> Json:
    """A tree of the same kind that has these things below it, which are of those that it has."""
    kind = kind_of(tree)
    if kind == "dict":
        names = [(str(comparable(key)), key) for key, _ in tree["value"]]
        return {**tree, "value": [[key, children[name]] for name, key in names if name in children]}
    if kind is not None:
        return {**tree, "value": _with(tree["value"], children)}
    return list(children.values()) if isinstance(tree, list) else children
