"""From events to event methods: each gets its own copy of what its signature asks for, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.observers.delivery import Delivery, current
from expkit.record.events import Beat, Completed, Failed, FileAdded, Interrupted, Queued, Started
from expkit.record.model import ORIGINS, POINTS
from expkit.record.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from expkit.record.events import Event
    from expkit.record.model import FileRef, Point, RunRecord, StreamKey

Arguments = dict[str, "Callable[[], Any]"]

POINTS_AT_ONCE = 100_000
"""Most points in one ``log_metrics`` call, so that a slow observer is never handed an unbounded batch."""


def dispatch(observer: Any, event: Event, record: RunRecord, unheard: type) -> Any:
    """Call the event methods of ``observer`` that tell of ``event``; return what the last one returned.

    Methods that the observer has from ``unheard``, where they do nothing, are not called.
    """
    delivery = current.get() or Delivery(event=event, record=record)
    if isinstance(event, Beat) and _hears(observer, "log_metrics", unheard):
        _tell_metrics(observer, delivery, event)
    name, arguments = _call_for(delivery, event, record)
    return call(getattr(observer, name), arguments) if name and _hears(observer, name, unheard) else None


def call(method: Callable[..., Any], arguments: Arguments) -> Any:
    """Call ``method`` with those of the ``arguments`` that it names; only they are worked out."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    names = _names(code) if code is not None else None
    return method(**{name: make() for name, make in arguments.items() if names is None or name in names})


def naive(time: datetime) -> datetime:
    """The naive UTC time that event methods are given."""
    return time.replace(tzinfo=None)


def metrics_by_name(points: Iterable[Point]) -> dict[str, dict[str, Any]]:
    """Points grouped as ``log_metrics`` wants them: steps, values and naive UTC timestamps by name."""
    from datetime import datetime, timezone

    grouped: dict[str, dict[str, Any]] = {}
    for point in points:
        series = series_name(point)
        entry = grouped.setdefault(series, {"steps": [], "values": [], "timestamps": [], "name": series})
        entry["steps"].append(point.step)
        entry["values"].append(point.value)
        entry["timestamps"].append(naive(datetime.fromtimestamp(point.time, timezone.utc)))
    return grouped


def series_name(point: Point) -> str:
    """``name``, or ``name{k=v,...}`` for tagged series."""
    if not point.tags:
        return point.name
    return f"{point.name}{{{','.join(f'{key}={value}' for key, value in point.tags)}}}"


def ex_info(delivery: Delivery, record: RunRecord) -> dict[str, Any]:
    """``ex_info`` of event methods: name, base_dir, sources, dependencies, repositories, mainfile, doc."""
    info: dict[str, Any] = snapshot({key: value for key, value in record.experiment.items() if key != ORIGINS})
    info["base_dir"] = delivery.live.base_dir or info.get("base_dir", "")
    info["sources"] = [(ref.path, ref.md5) for ref in record.files_of("source")]
    return info


def _hears(observer: Any, name: str, unheard: type) -> bool:
    method = getattr(observer, name, None)
    return method is not None and getattr(method, "__func__", method) is not getattr(unheard, name)


def _call_for(delivery: Delivery, event: Event, record: RunRecord) -> tuple[str, Arguments]:
    if isinstance(event, (Queued, Started)):
        return _beginning(delivery, event, record)
    if isinstance(event, Beat):
        return "heartbeat_event", {
            "info": lambda: snapshot(event.info),
            "captured_out": lambda: delivery.log.output_text() if delivery.log else "",
            "beat_time": lambda: naive(event.time),
            "result": lambda: snapshot(event.result),
        }
    if isinstance(event, FileAdded):
        return _file(delivery, event.file)
    return _ending(event)


def _beginning(delivery: Delivery, event: Queued | Started, record: RunRecord) -> tuple[str, Arguments]:
    queued = isinstance(event, Queued)
    return "queued_event" if queued else "started_event", {
        "ex_info": lambda: ex_info(delivery, record),
        "command": lambda: record.command,
        "host_info": lambda: snapshot(dict(record.host)),
        "queue_time" if queued else "start_time": lambda: naive(event.time),
        "config": lambda: snapshot(dict(delivery.live.config)),
        "meta_info": lambda: snapshot(dict(record.meta)),
        "_id": lambda: delivery.id,
    }


def _file(delivery: Delivery, ref: FileRef) -> tuple[str, Arguments]:
    def filename() -> str:
        return delivery.log.filename(ref) if delivery.log else ref.path

    if ref.role == "artifact":
        return "artifact_event", {
            "name": lambda: ref.path,
            "filename": filename,
            "metadata": lambda: snapshot(dict(ref.metadata)) or None,
            "content_type": lambda: ref.content_type or None,
        }
    return ("resource_event", {"filename": filename}) if ref.role == "resource" else ("", {})


def _ending(event: Event) -> tuple[str, Arguments]:
    if isinstance(event, Completed):
        return "completed_event", {"stop_time": lambda: naive(event.time), "result": lambda: snapshot(event.result)}
    if isinstance(event, Interrupted):
        return "interrupted_event", {"interrupt_time": lambda: naive(event.time), "status": lambda: event.status}
    if isinstance(event, Failed):
        return "failed_event", {"fail_time": lambda: naive(event.time), "fail_trace": lambda: list(event.fail_trace)}
    return "", {}


def _tell_metrics(observer: Any, delivery: Delivery, event: Beat) -> None:
    """One ``log_metrics`` per batch; the cursor moves as soon as a batch was taken."""
    for stream, batch in _new_points(delivery):
        arguments: Arguments = {
            "metrics_by_name": lambda batch=batch: metrics_by_name(batch),  # type: ignore[misc]
            "info": lambda: snapshot(event.info),
        }
        call(observer.log_metrics, arguments)
        delivery.cursors[stream] = delivery.cursors.get(stream, 0) + len(batch)
        delivery.moved(len(batch))


def _new_points(delivery: Delivery) -> Iterable[tuple[StreamKey, list[Point]]]:
    log = delivery.log
    for stream, end in log.streams().items() if log else ():
        while stream.content == POINTS and (start := delivery.cursors.get(stream, 0)) < end:
            assert log is not None
            yield stream, list(log.read(stream, start, min(POINTS_AT_ONCE, end - start)))  # type: ignore[arg-type]


def _names(code: Any) -> frozenset[str] | None:
    """Names of the parameters, or None where the function takes any keyword."""
    if code.co_flags & 0x08:  # CO_VARKEYWORDS
        return None
    return frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
