"""Points of metrics as the predecessor's observers and scripts handled them."""

from __future__ import annotations

import datetime as dt
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class ScalarMetricLogEntry(NamedTuple):
    """One point of one metric; times are naive UTC."""

    name: str
    step: Any
    timestamp: dt.datetime
    value: Any


class MetricsLogger:
    """Collects points until somebody asks for them; runs do not need one, ``_run.log_scalar`` does it all."""

    def __init__(self) -> None:
        self._logged: Queue[ScalarMetricLogEntry] = Queue()
        self._next_step: dict[str, Any] = {}

    def log_scalar_metric(self, metric_name: str, value: Any, step: Any = None) -> None:
        """Add a point; without a step, it is one more than the last one, from 0 on."""
        if step is None:
            step = self._next_step.get(metric_name, 0)
        self._next_step[metric_name] = step + 1
        now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
        self._logged.put(ScalarMetricLogEntry(metric_name, step, now, value))

    def get_last_metrics(self) -> list[ScalarMetricLogEntry]:
        """The points since the last call."""
        points: list[ScalarMetricLogEntry] = []
        try:
            while True:
                points.append(self._logged.get_nowait())
        except Empty:
            return points


def linearize_metrics(logged_metrics: Iterable[ScalarMetricLogEntry]) -> dict[str, dict[str, Any]]:
    """Points by metric: ``{name: {"steps": [], "values": [], "timestamps": [], "name": name}}``."""
    found: dict[str, dict[str, Any]] = {}
    for name, step, timestamp, value in logged_metrics:
        metric = found.setdefault(name, {"steps": [], "values": [], "timestamps": [], "name": name})
        metric["steps"].append(step)
        metric["values"].append(value)
        metric["timestamps"].append(timestamp)
    return found
