"""A metric as a line in SVG, at most some hundred points of it: the least and the greatest value of each stretch stay."""

from __future__ import annotations

from html import escape
from operator import itemgetter
from typing import TYPE_CHECKING

from expkit.readers.points import finite, outlined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.readers.points import Part

WIDTH, HEIGHT = 640, 160
"""Of the drawing, in pixels."""

_EDGE, _MOST = 8, 640


def drawing(title: str, parts: Iterable[Part]) -> str:
    """An ``svg`` element; ``""`` where there are no numbers to draw.

    Args:
        title: what readers who see nothing are told.
        parts: of a metric; each makes a line. What is no finite number is left out.
    """
    found = [line for part in parts if (line := _outline(part))]
    if not found:
        return ""
    box = _box(found)
    drawn = "".join(_line(line, box) for line in found)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><rect class="box" x="0" y="0" width="{WIDTH}" height="{HEIGHT}"/>{drawn}</svg>'
    )


def _outline(part: Part) -> list[tuple[float, float]]:
    """The points in order of their steps; of many, those with the least and the greatest value of each stretch."""
    points = sorted(zip(*finite(part), strict=True), key=itemgetter(0))
    return outlined([step for step, _ in points], [value for _, value in points], _MOST)


def _box(lines: list[list[tuple[float, float]]]) -> tuple[float, float, float, float]:
    """Where the points lie: the least and the greatest step and value."""
    steps = [step for line in lines for step, _ in line]
    values = [value for line in lines for _, value in line]
    return min(steps), max(steps), min(values), max(values)


def _line(line: list[tuple[float, float]], box: tuple[float, float, float, float]) -> str:
    left, right, low, high = box
    places = [
        f"{_EDGE + _share(step, left, right) * (WIDTH - 2 * _EDGE):.1f},"
        f"{HEIGHT - _EDGE - _share(value, low, high) * (HEIGHT - 2 * _EDGE):.1f}"
        for step, value in line
    ]
    if len(places) == 1:
        x, _, y = places[0].partition(",")
        return f'<circle class="line" cx="{x}" cy="{y}" r="3"/>'
    return f'<polyline class="line" points="{" ".join(places)}"/>'


def _share(value: float, low: float, high: float) -> float:
    """How far between the two, 0 to 1; halves first, for their distance may be more than a float can say."""
    span = high / 2 - low / 2
    return (value / 2 - low / 2) / span if span else 0.5
