"""Points as bytes of the folder store's file, piece by piece.

A piece names the series that it uses, so it can be read alone; and pieces put together are the file. A series has the
number of its first point + 1, so that whoever goes on with a stream never gives a number twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.stores.disk import slots
from expkit.stores.disk.point_reader import points_in
from expkit.stores.disk.text import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.record.model import Point

Numbers = dict[tuple[str, tuple[tuple[str, str], ...], str], int]
"""The numbers of series, by name, tags and kind."""


def packed(points: Sequence[Point], start: int, numbers: Numbers) -> bytes:
    """The bytes of a piece whose first point has number ``start``; new series go into ``numbers``."""
    found = [slots.MAGIC] if not start else []
    named = set()
    for place, (name, step, value, time, tags, kind) in enumerate(points, start):
        key = name, tags, kind
        if key not in named:
            named.add(key)
            found.append(slots.pack_series(numbers.setdefault(key, place + 1), name, tags, kind))
        found.append(slots.pack_point(numbers[key], step, value, time))
    return b"".join(found)


def unpacked(data: bytes, name: str) -> list[Point]:
    """The points of pieces, which are an object of this name or lie in it.

    Raises:
        FormatError: they are damaged.
    """
    with reading(name):
        return points_in(data.removeprefix(slots.MAGIC))
