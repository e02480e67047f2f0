"""The fields that questions about runs may ask for: where their paths begin, and what people call them."""

from __future__ import annotations

from functools import cache

from expkit.record.model import RunRecord
from expkit.record.wire import record_to_json

DERIVED = ("id", "state", "cause", "last_sign", "duration", "tags", "notes", "name", "late", "trash", "metrics")
"""What a row has beside the fields of a record; see :mod:`expkit.stores.finding`."""

FRIENDLY = {"start": "start_time", "stop": "stop_time", "end": "stop_time", "queued": "queue_time", "beat": "heartbeat"}
"""What people call fields."""

TIMES = ("queue_time", "start_time", "stop_time", "heartbeat")
"""Fields that are times: ISO 8601 in UTC."""

SECONDS = ("duration", "last_sign")
"""Fields that are seconds."""

LISTS = ("tags", "gaps", "unseen", "fail_trace")
"""Fields that are lists of texts; what lies below ``files`` and ``notes`` is a list as well."""

FIGURES = ("last", "min", "max", "count")
"""What is known of each metric: ``metrics.NAME.last``."""


@cache
def known() -> frozenset[str]:
    """The first steps that paths may have."""
    return frozenset((*record_to_json(RunRecord(uid="", name="", command="", status="")), *DERIVED))


def is_list(path: str) -> bool:
    """Whether a field is a list of texts in every run."""
    return path in LISTS or path.startswith(("files.", "notes."))


def metric_of(path: str) -> tuple[str, str] | None:
    """The name and the figure in ``metrics.NAME.FIGURE``, quoted or not; None for other paths."""
    if not path.startswith("metrics."):
        return None
    name, _, figure = path.removeprefix("metrics.").rpartition(".")
    for quote in ("'", '"'):
        if len(name) > 1 and name[0] == name[-1] == quote:
            name = name[1:-1]
    return name, figure
