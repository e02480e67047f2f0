"""What happens to a run. Events fold into the record (:mod:`expkit.record.fold`).

Events carry the user's values as they are, containers copied; the fold encodes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from expkit._support.frozen import Frozen, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from expkit.record.model import ConfigFacts, FileRef, RunRecord


class Queued(Frozen):
    """The run was written down to be started later. ``record`` is its first record."""

    time: datetime
    record: RunRecord


class Started(Frozen):
    """The run begins. ``record`` is its first record, or the queued one that starts now."""

    time: datetime
    record: RunRecord


class Beat(Frozen):
    """A sign of life with what the program reported so far."""

    time: datetime
    info: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None


class FileAdded(Frozen):
    """A source, resource, artifact, input or output joined the run."""

    time: datetime
    file: FileRef


class Learned(Frozen):
    """Facts that are known only later: host facts, what was read, what is missing, what could not be seen.

    ``files`` join many at once, or are in the record, and more is known of them by now.
    """

    time: datetime
    host: Mapping[str, Any] = field(default_factory=dict)
    experiment: Mapping[str, Any] = field(default_factory=dict)
    facts: ConfigFacts | None = None
    gaps: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    files: tuple[FileRef, ...] = ()


class Completed(Frozen):
    """Main returned."""

    time: datetime
    result: Any = None


class Interrupted(Frozen):
    """Somebody ended the run: ``status`` is INTERRUPTED, TIMEOUT or the user's own."""

    time: datetime
    status: str
    cause: str = ""


class Failed(Frozen):
    """An exception ended the run; ``fail_trace`` is its formatted traceback, one str per entry."""

    time: datetime
    fail_trace: tuple[str, ...]
    cause: str = ""


Event = Union[Queued, Started, Beat, FileAdded, Learned, Completed, Interrupted, Failed]
"""Any event."""
