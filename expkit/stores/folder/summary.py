"""Figures of the metrics of a run, as :func:`expkit.stores.finding.summarise` gives them, without an object per point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.record.model import POINTS, StreamKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.stores.disk.layout import StoreLayout
    from expkit.stores.disk.point_reader import Columns, Series
    from expkit.stores.folder.index import Entry
    from expkit.stores.folder.streams import FolderStreams

Figures = dict[str, dict[str, Any]]


def summary(streams: FolderStreams, entry: Entry, layout: StoreLayout) -> Figures:
    """``last``, ``min``, ``max`` and ``count`` of every metric of a run, by name."""
    figures: Figures = {}
    if entry.sacred:
        points: Any = streams.read(entry, StreamKey(), 0, None)
        for point in points:
            _count(figures, point.name, (point.value,))
        return figures
    from expkit.stores.disk.point_reader import PointReader

    keys = [(key, path) for key, path in layout.run(entry.id).streams() if key.content == POINTS]
    for _, path in sorted(keys, key=lambda item: (item[0].segment, -item[0].rank)):
        reader = PointReader(path)
        columns = reader.columns()
        if _are_apart(columns):
            for series, column in columns.items():
                _count(figures, series.name, column.values)
        else:
            for point in reader.read():
                _count(figures, point.name, (point.value,))
    return figures


def _are_apart(columns: dict[Series, Columns]) -> bool:
    """Whether no two series have one name: of those the order of their points counts."""
    return len({series.name for series in columns}) == len(columns)


def _count(figures: Figures, name: str, values: Sequence[Any]) -> None:
    """Add the next values of a metric to its figures."""
    figure = figures.setdefault(name, {"count": 0})
    figure["count"] += len(values)
    figure["last"] = values[-1]
    numbers = [value for value in values if isinstance(value, (int, float)) and value == value]  # noqa: PLR0124
    if numbers:
        figure["min"] = min([*numbers, figure.get("min", numbers[0])])
        figure["max"] = max([*numbers, figure.get("max", numbers[0])])
