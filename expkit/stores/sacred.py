"""What all readers of the predecessor's records share. Nothing that it wrote is executed: its jsonpickle trees stay data."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expkit.types import RunId


def uid_of(id: RunId, start: datetime | None, *facts: Any) -> str:
    """A uid that every reader of a run finds.

    Args:
        id: of the run.
        start: when it started.
        facts: more that never changes: names and texts.
    """
    digest = hashlib.sha256(json.dumps([id, start and start.isoformat(), *facts], default=str).encode()).hexdigest()
    return f"{int(start.timestamp() * 1000) if start else 0:012x}{digest[:20]}"


def utc(time: Any) -> datetime | None:
    """The predecessor's times are naive UTC."""
    return time.replace(tzinfo=timezone.utc) if isinstance(time, datetime) else None


def tree_of(value: Any) -> dict[str, Any]:
    """The value, if it is a dict; else an empty one."""
    return value if isinstance(value, dict) else {}


def base_name(path: str) -> str:
    """The last part of a path of any system."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
