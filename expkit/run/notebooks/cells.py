"""Definitions in a notebook: a cell that is run again replaces what it defined before, in the same places."""

from __future__ import annotations

import itertools
from typing import Any

from expkit.provenance.code.notebook import present_cell, watch


class _Made:
    """What one cell has defined.

    Attributes:
        number: of the execution that defined it.
        places: by list, where its next item goes: where the first one of the execution before stood.
        items: the lists and dicts that hold a definition, and the item or key.
    """

    def __init__(self, number: int, places: dict[int, int]) -> None:
        self.number = number
        self.places = places
        self.items: list[tuple[Any, Any]] = []


class CellDefinitions:
    """Keeps track of which cell defined what.

    Where the front end does not say which cell is being executed, and in consoles, a function replaces the one of its name
    that was defined earlier.
    """

    def __init__(self) -> None:
        self._made: dict[str, _Made] = {}
        self._numbers = itertools.count()
        watch()

    def add(self, target: list[Any], item: Any) -> None:
        """Append ``item`` to ``target``, or put it where its predecessor stood."""
        made = self._present(target, str(getattr(item, "name", None) or getattr(item, "__qualname__", "")))
        if made is None:
            target.append(item)
            return
        place = made.places.get(id(target), len(target))
        target.insert(place, item)
        made.places[id(target)] = place + 1
        made.items.append((target, item))

    def put(self, target: dict[str, Any], name: str, item: Any) -> None:
        """Set ``target[name]``."""
        made = self._present(target, name)
        target[name] = item
        if made is not None:
            made.items.append((target, name))

    def _present(self, target: object, name: str) -> _Made | None:
        """What the cell that is being executed has defined in this execution; None where nothing tells cells apart."""
        cell, number = present_cell() or ("", next(self._numbers))
        if not (cell or name):
            return None
        key = cell or f"{id(target)} {name}"
        made = self._made.get(key)
        if made is None or made.number != number:
            made = self._made[key] = _Made(number, _take_back(made.items) if made else {})
        return made


def _take_back(items: list[tuple[Any, Any]]) -> dict[int, int]:
    """Remove definitions; returns where the first one stood, by list."""
    places: dict[int, int] = {}
    for target, item in items:
        if isinstance(target, dict):
            target.pop(item, None)
            continue
        place = next((place for place, found in enumerate(target) if found is item), None)
        if place is not None:
            del target[place]
            places.setdefault(id(target), place)
    return places
