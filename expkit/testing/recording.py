"""An observer that remembers what it is told: :class:`RecordingObserver`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.observers.base import EVENT_METHODS, RunObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from expkit.record.events import Event
    from expkit.record.model import RunRecord
    from expkit.types import RunId


class RecordingObserver(RunObserver):
    """Remembers everything it is told.

    Args:
        priority: see :class:`~expkit.observers.base.RunObserver`.
        run_id: the answer to the start.
        fail_in: event methods that raise.
        tries: how often a failing event is tried.

    Attributes:
        calls: (name of the event method, its keyword arguments), in order.
        heard: (event, record after it), in order.
    """

    def __init__(
        self,
        priority: float = 0,
        run_id: RunId | None = None,
        fail_in: Sequence[str] = (),
        tries: int | None = 1,
    ) -> None:
        self.priority = priority
        self.tries = tries
        self.run_id = run_id
        self.fail_in = frozenset(fail_in)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.heard: list[tuple[Event, RunRecord]] = []

    def notify(self, event: Event, record: RunRecord) -> RunId | None:
        """Remember the event, then call the event method that fits."""
        self.heard.append((event, record))
        return super().notify(event, record)

    def names(self) -> list[str]:
        """Names of the event methods that were called, in order, repeated ones once in a row."""
        names = [name for name, _ in self.calls]
        return [name for before, name in zip(["", *names], names, strict=False) if name != before]

    def arguments(self, name: str) -> list[dict[str, Any]]:
        """The arguments of all calls of one event method."""
        return [arguments for called, arguments in self.calls if called == name]

    def points(self) -> dict[str, list[tuple[Any, Any]]]:
        """All points that were delivered: name to (step, value)."""
        found: dict[str, list[tuple[Any, Any]]] = {}
        for arguments in self.arguments("log_metrics"):
            for name, series in arguments["metrics_by_name"].items():
                found.setdefault(name, []).extend(zip(series["steps"], series["values"], strict=True))
        return found

    def _called(self, name: str, arguments: dict[str, Any]) -> RunId | None:
        self.calls.append((name, arguments))
        if name in self.fail_in:
            raise RuntimeError(f"{name} was asked to fail")
        return self.run_id if name in ("started_event", "queued_event") else None


def _recorder(name: str) -> Callable[..., Any]:
    def method(self: RecordingObserver, **arguments: Any) -> Any:
        return self._called(name, arguments)

    method.__name__ = name
    method.__doc__ = f"Remember a call of ``{name}``."
    return method


for _name in EVENT_METHODS:
    setattr(RecordingObserver, _name, _recorder(_name))
