"""A run in the predecessor's shape, as its observers held it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.observers.dispatch import naive
from expkit.record.model import OUTPUT, StreamKey
from expkit.record.snapshot import snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.record.model import RunRecord
    from expkit.stores.base import RunStore
    from expkit.types import RunId


def entry_of(record: RunRecord, run_id: RunId, shown: dict[str, list[Any]]) -> dict[str, Any]:
    """A record as the predecessor's observers held it.

    Args:
        record: of the run.
        run_id: in the store that is asked.
        shown: where the store shows sources and resources.
    """
    entry: dict[str, Any] = {
        "_id": run_id,
        "experiment": {**snapshot(dict(record.experiment)), "sources": shown["source"]},
        "command": record.command,
        "host": snapshot(dict(record.host)),
        "start_time": _iso(record.start_time),
        "meta": snapshot(dict(record.meta)),
        "status": record.status,
        "resources": shown["resource"],
        "artifacts": [ref.path for ref in record.files_of("artifact")],
        "heartbeat": _iso(record.heartbeat),
        "result": snapshot(record.result),
    }
    if record.stop_time is not None:
        entry["stop_time"] = _iso(record.stop_time)
    if record.fail_trace:
        entry["fail_trace"] = list(record.fail_trace)
    return entry


def stored_entry(record: RunRecord, digest: str) -> dict[str, Any]:
    """The same of a record from a store that shows no files: each source and resource is named by its ``digest``."""
    assert record.id is not None
    shown = {
        role: [[ref.path, getattr(ref, digest)] for ref in record.files_of(role)] for role in ("source", "resource")
    }
    return entry_of(record, record.id, shown)


def output_of(store: RunStore, uid: str) -> str:
    """What a run has printed so far."""
    data = store.read(uid, StreamKey(OUTPUT))
    assert isinstance(data, bytes)
    return data.decode("utf-8", "replace")


def _iso(time: datetime | None) -> str | None:
    return None if time is None else naive(time).isoformat()
