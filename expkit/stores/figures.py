"""The figures of metrics: ``count``, ``last``, ``min`` and ``max``, kept up with the points so that nobody reads them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expkit.record.model import Point
    from expkit.types import Json

    Figures = dict[str, Any]


class Part(NamedTuple):
    """The figures of one metric in one stream.

    Attributes:
        name: of the metric.
        segment, rank: of the stream.
        place: of the last of the points in it.
        figures: of them.
    """

    name: str
    segment: int
    rank: int
    place: int
    figures: Figures


def add(figures: Figures, value: Json) -> None:
    """Count a further value; NaN and texts have no order, and count for ``last`` and ``count`` only."""
    figures["count"] = figures.get("count", 0) + 1
    figures["last"] = value
    if isinstance(value, (int, float)) and value == value:  # noqa: PLR0124 - NaN is not itself
        figures["min"] = min(value, figures.get("min", value))
        figures["max"] = max(value, figures.get("max", value))


def add_all(figures: Figures, values: Sequence[Json]) -> None:
    """Count further values at once, as :func:`add` does one by one."""
    if not values:
        return
    figures["count"] = figures.get("count", 0) + len(values)
    figures["last"] = values[-1]
    numbers = [value for value in reversed(values) if isinstance(value, (int, float)) and value == value]  # noqa: PLR0124
    if numbers:
        figures["min"] = min([*numbers, figures.get("min", numbers[0])])
        figures["max"] = max([*numbers, figures.get("max", numbers[0])])


def count(figures: dict[str, Figures], points: Iterable[Point]) -> None:
    """Count further points, each for its metric."""
    values: dict[str, list[Json]] = {}
    for name, _, value, _, _, _ in points:
        values.setdefault(name, []).append(value)
    for name, some in values.items():
        add_all(figures.setdefault(name, {}), some)


def together(parts: Iterable[Part]) -> dict[str, Figures]:
    """The figures of each metric of a run; ``last`` is that of the lowest rank of the last segment."""
    found: dict[str, Figures] = {}
    for part in sorted(parts, key=lambda part: (part.segment, -part.rank, part.place)):
        if not part.figures.get("count"):
            continue
        whole = found.setdefault(part.name, {"count": 0})
        whole["count"] += part.figures["count"]
        whole["last"] = part.figures["last"]
        for name, better in (("min", min), ("max", max)):
            if name in part.figures:
                whole[name] = better(part.figures[name], whole.get(name, part.figures[name]))
    return found
