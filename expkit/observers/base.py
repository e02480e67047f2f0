"""Who is told about a run: :class:`RunObserver`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.observers.dispatch import dispatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from expkit.record.events import Event
    from expkit.record.model import RunRecord
    from expkit.types import RunId

Tree = dict[str, Any]

EVENT_METHODS = (
    "queued_event",
    "started_event",
    "log_metrics",
    "heartbeat_event",
    "resource_event",
    "artifact_event",
    "completed_event",
    "interrupted_event",
    "failed_event",
    "join",
)


class RunObserver:
    """Base of all observers. Override the event methods that you want to hear, or :meth:`notify` alone.

    All events of one run come from one thread, in order. Methods are called by keyword and are handed copies of
    what their signatures name: leave out what you do not need. An exception in ``queued_event`` or
    ``started_event`` stops the run, unless it is not awaited; any later one is reported, and the event is tried again.

    Attributes:
        priority: observers with higher priority are told first.
        tries: how often one event is tried before it is given up; None: until it is taken.
        awaited: whether a run's start waits for the observer, which may give it an id. Others are told in the
            background, of the start as well, after all that are awaited.
    """

    priority: float = 0
    tries: int | None = 3
    awaited: bool = True
    of_one_run: bool = False
    """Whether it was opened for one run, from a URL: when that is over, so is whatever it has opened itself."""

    has_hooks: bool = False
    """Whether it wants to hear of all events for methods beside those below."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def notify(self, event: Event, record: RunRecord) -> RunId | None:
        """Hear any event, with the record as it stands after it.

        The default calls the event method that fits. The answer to ``Queued`` and ``Started`` may be the run's id.
        """
        answer: RunId | None = dispatch(self, event, record, RunObserver)
        return answer

    def queued_event(
        self,
        ex_info: Tree,
        command: str,
        host_info: Tree,
        queue_time: datetime,
        config: Tree,
        meta_info: Tree,
        _id: RunId | None,
    ) -> RunId | None:
        """The run was written down for later; may return its id."""

    def started_event(
        self,
        ex_info: Tree,
        command: str,
        host_info: Tree,
        start_time: datetime,
        config: Tree,
        meta_info: Tree,
        _id: RunId | None,
    ) -> RunId | None:
        """The run starts; may return its id."""

    def log_metrics(self, metrics_by_name: Mapping[str, Tree], info: Tree) -> None:
        """New points: ``{name: {"steps": [], "values": [], "timestamps": [], "name": name}}``."""

    def heartbeat_event(self, info: Tree, captured_out: str, beat_time: datetime, result: Any) -> None:
        """A sign of life, with all output so far (its last 10 MB)."""

    def resource_event(self, filename: str) -> None:
        """A file that the run reads."""

    def artifact_event(
        self, name: str, filename: str, metadata: Tree | None = None, content_type: str | None = None
    ) -> None:
        """A file that the run made."""

    def completed_event(self, stop_time: datetime, result: Any) -> None:
        """Main returned."""

    def interrupted_event(self, interrupt_time: datetime, status: str) -> None:
        """Somebody ended the run."""

    def failed_event(self, fail_time: datetime, fail_trace: Sequence[str]) -> None:
        """An exception ended the run."""

    def join(self) -> None:
        """The last call, after the end event: let go of what you hold."""


def overrides(observer: RunObserver, base: type[RunObserver]) -> bool:
    """Whether ``observer`` hears events itself, beyond what ``base`` does with them."""
    kind = type(observer)
    methods = (*EVENT_METHODS, "notify")
    return observer.has_hooks or any(getattr(kind, name) is not getattr(base, name) for name in methods)
