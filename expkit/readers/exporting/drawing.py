"""A metric as a line in SVG, at most some hundred points of it: the least and the greatest value of each stretch stay."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH, HEIGHT = 640, 160
"""Of the drawing, in pixels."""

_EDGE, _STRETCHES = 8, 320


def drawing(title: str, lines: Iterable[tuple[Sequence[Any], Sequence[Any]]]) -> str:
    """An ``svg`` element; ``""`` where there are no numbers to draw.

    Args:
        title: what readers who see nothing are told.
        lines: of each line the steps and the values. What is no finite number is left out.
    """
    found = [thinned(_numbers(steps, values)) for steps, values in lines]
    found = [line for line in found if line]
    if not found:
        return ""
    box = _box(found)
    drawn = "".join(_line(line, box) for line in found)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><rect class="box" x="0" y="0" width="{WIDTH}" height="{HEIGHT}"/>{drawn}</svg>'
    )


def thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points in order of their steps; of many, those with the least and the greatest value of each stretch."""
    points.sort(key=lambda point: point[0])
    if len(points) <= 2 * _STRETCHES:
        return points
    size = math.ceil(len(points) / _STRETCHES)
    kept = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        ends = min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])
        kept += sorted(ends, key=lambda point: point[0])
    return kept


def _numbers(steps: Sequence[Any], values: Sequence[Any]) -> list[tuple[float, float]]:
    pairs = enumerate(zip(_plain(steps), _plain(values), strict=True))
    return [
        (float(step) if _is_finite(step) else float(place), float(value))
        for place, (step, value) in pairs
        if _is_finite(value)
    ]


def _plain(column: Any) -> list[Any]:
    found: list[Any] = column if isinstance(column, list) else column.tolist()
    return found


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and math.isfinite(value)
    except OverflowError:
        return False


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
