"""What a webhook gets: a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.observers.notices.words import COMPLETED, FAILED, QUEUED, STARTED
from expkit.record.encoding import encode
from expkit.record.snapshot import snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.observers.notices.base import Message

_STATUS = {QUEUED: "QUEUED", STARTED: "RUNNING", COMPLETED: "COMPLETED", FAILED: "FAILED"}
_ENDS = ("stop_time", "interrupt_time", "fail_time")
_LARGEST = 100_000  # characters of JSON


def document_of(message: Message) -> dict[str, Any]:
    """``text``, ``event`` and ``run``: what happened, and the facts of the run as plain data; times are UTC.

    Args:
        message: to tell.
    """
    facts = message.facts
    run = {
        "id": facts.get("_id"),
        "uid": facts.get("uid"),
        "name": facts.get("experiment", {}).get("name"),
        "command": facts.get("command"),
        "host": facts.get("host_info", {}).get("hostname"),
        "status": _STATUS.get(message.event) or facts.get("status"),
        "start_time": None if message.event == QUEUED else _iso(facts.get("start_time")),
        "stop_time": _iso(next((facts[name] for name in _ENDS if name in facts), None)),
        "elapsed_time": facts.get("elapsed_time"),
        "error": facts.get("error"),
        "result": _bounded(facts.get("result")),
        "config": _bounded(facts.get("config")),
    }
    return {"text": message.text, "event": message.event, "run": run}


def _bounded(value: Any) -> Any:
    """The value as the record has it; None for one that is too large for a notice."""
    import json

    plain = encode(snapshot(value), unwrap=True)
    return plain if len(json.dumps(plain)) <= _LARGEST else None


def _iso(time: datetime | None) -> str | None:
    return None if time is None else f"{time.isoformat()}Z"
