"""What all readers of the predecessor's records share. Nothing that it wrote is executed: its jsonpickle trees stay data."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expkit.types import RunId


_BEGINNING = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TICK = timedelta(milliseconds=1)


def uid_of(id: RunId, start: datetime | None, *facts: Any) -> str:
    """A uid that every reader of a run finds, wherever it was recorded.

    Args:
        id: of the run; that it is a number in one place and a text in another does not matter.
        start: when it started; milliseconds count, because MongoDB keeps no more.
        facts: more that never changes: names and texts.
    """
    ticks = (start - _BEGINNING) // _TICK if start else 0
    names = [str(id), ticks, *(str(fact or "") for fact in facts)]
    return f"{max(ticks, 0):012x}{hashlib.sha256(json.dumps(names).encode()).hexdigest()[:20]}"


def uid_of_run(id: RunId, start: datetime | None, experiment: Any, host: Any, command: Any) -> str:
    """The uid of a run that the predecessor's observers recorded, into however many places at once.

    Args:
        id: of the run.
        start: when it started.
        experiment: what is said of it, with its ``name``.
        host: the same, with its ``hostname``.
        command: its name.
    """
    return uid_of(id, start, tree_of(experiment).get("name"), tree_of(host).get("hostname"), command)


def utc(time: Any) -> datetime | None:
    """The predecessor's times are naive UTC."""
    return time.replace(tzinfo=timezone.utc) if isinstance(time, datetime) else None


def tree_of(value: Any) -> dict[str, Any]:
    """The value, if it is a dict; else an empty one."""
    return value if isinstance(value, dict) else {}


def base_name(path: str) -> str:
    """The last part of a path of any system."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
