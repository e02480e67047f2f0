"""The fields that questions about runs may ask for: where their paths begin, and what people call them."""

from __future__ import annotations

from functools import cache

from expkit.record.model import RunRecord
from expkit.record.paths import Path
from expkit.record.wire import record_to_json

DERIVED = ("id", "state", "cause", "last_sign", "duration", "tags", "notes", "name", "late", "trash", "metrics")
"""What a row has beside the fields of a record; see :mod:`expkit.stores.finding`."""

FRIENDLY = {
    "start": "start_time",
    "stop": "stop_time",
    "end": "stop_time",
    "queued": "queue_time",
    "beat": "heartbeat",
    "git": "experiment.repositories[0]",
}
"""What people call fields."""

TIMES = ("queue_time", "start_time", "stop_time", "heartbeat")
"""Fields that are times: ISO 8601 in UTC."""

SECONDS = ("duration", "last_sign")
"""Fields that are seconds."""

LISTS = ("tags", "gaps", "unseen", "fail_trace")
"""Fields that are lists of texts; what lies below ``files`` and ``notes`` is a list as well."""

FIGURES = ("last", "min", "max", "count")
"""What is known of each metric: ``metrics.NAME.last``."""

SYSTEM = "system/"
"""Metrics whose names begin so were measured by expkit itself. What is made for eyes leaves them out."""

_OF_METRIC = 3


@cache
def known() -> frozenset[str]:
    """The first steps that paths may have."""
    return frozenset((*record_to_json(RunRecord(uid="", name="", command="", status="")), *DERIVED))


def friendly(text: str) -> str:
    """A field as stores know it, by what people call it: ``start_time`` for ``start``."""
    path = Path.parse(text)
    return str(path) if path.first not in FRIENDLY else str(Path.parse(FRIENDLY[path.first]).joined(path.rest))


def is_list(path: str) -> bool:
    """Whether a field is a list of texts in every run."""
    return path in LISTS or path.startswith(("files.", "notes."))


def metric_of(path: str) -> tuple[str, str] | None:
    """The name and the figure in ``metrics.NAME.FIGURE``, quoted or not; None for other paths."""
    steps = Path.parse(path)
    if steps.first != "metrics" or len(steps.steps) < _OF_METRIC:
        return None
    return steps.key(1, -1), steps.key(-1)
