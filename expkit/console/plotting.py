"""Curves in a terminal: of braille dots, or of stars where the terminal has no such characters."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from expkit.cli.terminal import speaks_unicode

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE = 0x2800
_FEWEST = 2


def sparkline(values: Sequence[float], most: int = 20) -> str:
    """A curve in one line; nothing where stdout has no such characters.

    Args:
        values: numbers; those that are not finite are left out.
        most: characters.
    """
    values = [value for value in values if math.isfinite(value)]
    if len(values) < _FEWEST or not speaks_unicode(sys.stdout):
        return ""
    count = min(most, len(values))
    means = [_mean(values[len(values) * n // count : len(values) * (n + 1) // count]) for n in range(count)]
    low, high = min(means), max(means)
    if low == high:
        return BLOCKS[0] * count
    return "".join(BLOCKS[round(_part(mean, low, high) * (len(BLOCKS) - 1))] for mean in means)


def plot(points: Sequence[tuple[float, float]], width: int, height: int, label: str = "step") -> list[str]:
    """A curve with axes.

    Args:
        points: places on both axes; those that are not finite are left out.
        width: columns, axes included.
        height: rows of the curve.
        label: of the horizontal axis.
    """
    points = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if not points:
        return ["no finite numbers to plot"]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    marks = [f"{high:.4g}", f"{low:.4g}" if low != high else ""]
    margin = max(map(len, marks))
    canvas = _Canvas(max(width - margin - 2, 8), max(height, 2))
    canvas.draw([(_part(x, left, right), _part(y, low, high)) for x, y in points])
    shown = canvas.rows()
    names = [marks[0], *[""] * (len(shown) - 2), marks[1]]
    tick, bar, corner, line = "┤│└─" if canvas.is_fine else "+|+-"
    rows = [f"{name:>{margin}} {tick if name else bar}{row}".rstrip() for name, row in zip(names, shown, strict=True)]
    return [*rows, f"{'':{margin}} {corner}{line * canvas.width}", _below(margin, canvas.width, left, right, label)]


class _Canvas:
    """Dots in cells, eight in each where the terminal has braille."""

    def __init__(self, width: int, height: int) -> None:
        self.is_fine = speaks_unicode(sys.stdout)
        self.width = width
        self._height = height
        self._across, self._down = (2, 4) if self.is_fine else (1, 1)
        self._cells = [[0] * width for _ in range(height)]

    def draw(self, points: Sequence[tuple[float, float]]) -> None:
        """Draw points between 0 and 1, and lines between those that are neighbours."""
        dots = [
            (round(x * (self.width * self._across - 1)), round((1 - y) * (self._height * self._down - 1)))
            for x, y in points
        ]
        for (x, y), (next_x, next_y) in zip(dots, [*dots[1:], dots[-1]], strict=True):
            steps = max(abs(next_x - x), abs(next_y - y), 1) if next_x >= x else 1
            for step in range(steps):
                self._dot(x + round((next_x - x) * step / steps), y + round((next_y - y) * step / steps))
        self._dot(*dots[-1])

    def rows(self) -> list[str]:
        """The rows as text."""
        if self.is_fine:
            return ["".join(chr(_BRAILLE + cell) if cell else " " for cell in row) for row in self._cells]
        return ["".join("*" if cell else " " for cell in row) for row in self._cells]

    def _dot(self, x: int, y: int) -> None:
        self._cells[y // self._down][x // self._across] |= _DOTS[y % self._down][x % self._across]


def _below(margin: int, width: int, left: float, right: float, label: str) -> str:
    first, last = f"{left:.6g}", f"{right:.6g}" if left != right else ""
    room = width - len(first) - len(last)
    return f"{'':{margin}}  {first}{label.center(room) if room > len(label) else ' ' * max(room, 1)}{last}".rstrip()


def _part(value: float, low: float, high: float) -> float:
    """Where a value lies between two others; in the middle where these are the same."""
    span = high - low
    if not math.isfinite(span):  # too far apart for a float
        return value / 2 / (high / 2 - low / 2) - low / 2 / (high / 2 - low / 2)
    return (value - low) / span if span else 0.5


def _mean(values: Sequence[float]) -> float:
    return math.fsum(value / len(values) for value in values)
