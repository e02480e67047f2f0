"""``metrics.json``, the predecessor's form of metrics, written from the packed points."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from expkit.errors import DAMAGE
from expkit.record.encoding import encode
from expkit.stores.disk import files
from expkit.stores.disk.text import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.stores.disk.layout import RunLayout
    from expkit.stores.disk.point_reader import PointReader, Series

SMALL = 100_000
"""Runs with more points than this get ``metrics.json`` on request only."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def export_small(run: RunLayout, segment: int, scratch: str) -> None:
    """Write ``metrics.json`` unless there are too many points; ``segment`` is the run's last one."""
    readers = _readers(run, segment)
    if sum(reader.count() for reader in readers) <= SMALL:
        _export(readers, run, scratch)


def export(run: RunLayout, segment: int, scratch: str) -> None:
    """Write ``metrics.json``: rank 0, segments joined, tagged series as ``name{key=value}``."""
    _export(_readers(run, segment), run, scratch)


def lost(run: RunLayout, segment: int) -> int:
    """How many points ``metrics.json`` tells of beyond those that are there; ``segment`` is the run's last one."""
    try:
        series = json.loads(files.read(run.metrics) or b"{}").values()
        told = sum(len(each["steps"]) for each in series)
    except DAMAGE:  # whoever wants to know has the points
        return 0
    return max(0, told - sum(reader.count() for reader in _readers(run, segment))) if told else 0


def _export(readers: Iterable[PointReader], run: RunLayout, scratch: str) -> None:
    joined: dict[str, tuple[list[Any], ...]] = {}
    for reader in readers:
        for series, columns in reader.columns().items():
            whole = joined.setdefault(_full_name(series), ([], [], []))
            for column, more in zip(whole, columns, strict=True):
                column.extend(more)
    text = ",\n".join(_series_text(name, columns) for name, columns in sorted(joined.items()))
    files.replace(run.metrics, to_bytes(f"{{\n{text}\n}}\n" if text else "{}\n"), scratch)


def _readers(run: RunLayout, segment: int) -> list[PointReader]:
    paths = [path for number in range(segment + 1) if os.path.exists(path := run.points(number))]
    if not paths:
        return []
    from expkit.stores.disk.point_reader import PointReader

    return [PointReader(path) for path in paths]


def _full_name(series: Series) -> str:
    return f"{series.name}{{{','.join(f'{key}={tag}' for key, tag in series.tags)}}}" if series.tags else series.name


def _series_text(name: str, columns: tuple[list[Any], ...]) -> str:
    steps, values, times = columns
    lists = (("steps", steps), ("values", values), ("timestamps", [_stamp(time) for time in times]))
    text = ",\n".join(f'    "{key}": {_list_text(column)}' for key, column in lists)
    return f"  {_ENCODER.encode(name)}: {{\n{text}\n  }}"


def _stamp(time: float) -> str | None:
    """None for what is no time of any calendar: a byte may be damaged, and then the others are still worth reading."""
    try:
        return datetime.fromtimestamp(time, timezone.utc).isoformat()[:-6]
    except (ValueError, OverflowError, OSError):
        return None


def _list_text(values: list[Any]) -> str:
    try:
        return _ENCODER.encode(values)
    except ValueError:  # NaN and infinities, which strict JSON must spell
        return _ENCODER.encode([encode(value) if isinstance(value, float) else value for value in values])
