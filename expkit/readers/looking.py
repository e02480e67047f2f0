"""One look at a store that several ask for at once: :class:`Looks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T")


class _Look(Generic[_T]):
    """An iterator that is the whole list once somebody wants to know how many there are."""

    def __init__(self, items: Iterator[_T]) -> None:
        self._items = items
        self.is_begun = False

    def __iter__(self) -> Iterator[_T]:
        return self

    def __next__(self) -> _T:
        self.is_begun = True
        return next(self._items)

    def count(self) -> int:
        """How many there will be."""
        found = list(self._items)
        self._items = iter(found)
        return len(found)


class Looks(Generic[_T]):
    """Looks at a store: ``list(runs)`` wants an iterator and then its length, and both are of one look."""

    def __init__(self) -> None:
        self._last: ref[_Look[_T]] | None = None

    def start(self, items: Iterator[_T]) -> Iterator[_T]:
        """A new look, at what is asked for when the first item is wanted."""
        made = _Look(items)
        self._last = ref(made)
        return made

    def count(self, items: Iterator[_T]) -> int:
        """How many there are: of the look that was started last, while nobody has taken anything from it."""
        last = self._last() if self._last is not None else None
        return last.count() if last is not None and not last.is_begun else sum(1 for _ in items)
