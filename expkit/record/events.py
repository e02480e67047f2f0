"""What happens to a run. Events fold into the record (:mod:`expkit.record.fold`).

Events carry the user's values as they are, containers copied; the fold encodes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from expkit.record.model import ConfigFacts, FileRef, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The run was written down to be started later. ``record`` is its first record."""

    time: datetime
    record: RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The run begins. ``record`` is its first record, or the queued one that starts now."""

    time: datetime
    record: RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A sign of life with what the program reported so far."""

    time: datetime
    info: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAdded:
    """A source, resource, artifact, input or output joined the run."""

    time: datetime
    file: FileRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Facts that are known only later: host facts, what was read, what is missing."""

    time: datetime
    host: Mapping[str, Any] = field(default_factory=dict)
    experiment: Mapping[str, Any] = field(default_factory=dict)
    facts: ConfigFacts | None = None
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """Main returned."""

    time: datetime
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """Somebody ended the run: ``status`` is INTERRUPTED, TIMEOUT or the user's own."""

    time: datetime
    status: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An exception ended the run; ``fail_trace`` is its formatted traceback, one str per entry."""

    time: datetime
    fail_trace: tuple[str, ...]
    cause: str = ""


Event = Union[Queued, Started, Beat, FileAdded, Learned, Completed, Interrupted, Failed]
"""Any event."""
