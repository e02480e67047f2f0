"""``metrics.json``, the predecessor's form of metrics, written from the packed points."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from expkit.record.codec import encode
from expkit.record.model import POINTS
from expkit.stores.folder import files
from expkit.stores.folder.point_reader import PointReader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from expkit.record.model import Point
    from expkit.stores.folder.layout import RunLayout

SMALL = 100_000
"""Runs with more points than this get ``metrics.json`` on request only."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def export_small(run: RunLayout, scratch: Path) -> None:
    """Write ``metrics.json`` unless there are too many points."""
    if sum(reader.count() for reader in _readers(run)) <= SMALL:
        export(run, scratch)


def export(run: RunLayout, scratch: Path) -> None:
    """Write ``metrics.json``: rank 0, segments joined, tagged series as ``name{key=value}``."""
    grouped: dict[str, dict[str, list[Any]]] = {}
    for reader in _readers(run):
        _group(reader.read(0, None), grouped)
    series = ",\n".join(_series_text(name, columns) for name, columns in sorted(grouped.items()))
    content = f"{{\n{series}\n}}\n" if series else "{}\n"
    files.replace(run.metrics, content.encode("utf-8", "backslashreplace"), scratch)


def _readers(run: RunLayout) -> list[PointReader]:
    return [PointReader(path) for key, path in run.streams() if key.content == POINTS and key.rank == 0]


def _group(points: Iterable[Point], grouped: dict[str, dict[str, list[Any]]]) -> None:
    for name, step, value, time, tags, _ in points:
        full_name = f"{name}{{{','.join(f'{key}={tag}' for key, tag in tags)}}}" if tags else name
        columns = grouped.get(full_name)
        if columns is None:
            columns = grouped[full_name] = {"steps": [], "values": [], "timestamps": []}
        columns["steps"].append(step)
        columns["values"].append(value)
        columns["timestamps"].append(datetime.fromtimestamp(time, timezone.utc).isoformat()[:-6])


def _series_text(name: str, columns: dict[str, list[Any]]) -> str:
    lists = ",\n".join(f'    "{column}": {_list_text(values)}' for column, values in columns.items())
    return f"  {_ENCODER.encode(name)}: {{\n{lists}\n  }}"


def _list_text(values: list[Any]) -> str:
    try:
        return _ENCODER.encode(values)
    except ValueError:  # NaN and infinities, which strict JSON must spell
        return _ENCODER.encode([encode(value) if isinstance(value, float) else value for value in values])
