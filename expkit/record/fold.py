"""``(record, event) → record``: the only place where the stored status changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.errors import FormatError
from expkit.record.encoding import encode
from expkit.record.events import Beat, Completed, Failed, FileAdded, Interrupted, Learned, Queued, Started
from expkit.record.model import COMPLETED, FAILED, QUEUED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.record.events import Event
    from expkit.record.model import FileRef, RunRecord
    from expkit.record.tagged import PutBytes


def fold(record: RunRecord | None, event: Event, arrays: PutBytes | None = None) -> RunRecord:
    """The record after the event.

    Folding the same events again gives the same record.

    Args:
        record: as it stands; None before the first event.
        event: what happened.
        arrays: keeps the bytes of large arrays among the values of the event.

    Raises:
        FormatError: the first event of a run neither queues nor starts it.
    """
    if isinstance(event, Queued):
        return _begun(record, event).but(status=QUEUED, queue_time=event.time)
    if isinstance(event, Started):
        return _started(_begun(record, event), event)
    if record is None:
        raise FormatError(f"the events of a run begin with {type(event).__name__}, not with its start")
    return _STEPS[type(event)](record, event, arrays)


def _begun(old: RunRecord | None, event: Queued | Started) -> RunRecord:
    new = event.record
    if old is None:
        return new
    return new.but(
        id=old.id if new.id is None else new.id,
        queue_time=new.queue_time or old.queue_time,
        files=_all_files(old.files, new.files),
    )


def _started(record: RunRecord, event: Started) -> RunRecord:
    return record.but(
        status=RUNNING,
        start_time=record.start_time or event.time,
        stop_time=None,
        fail_trace=(),
        cause="",
    )


def _beat(record: RunRecord, event: Beat, arrays: PutBytes | None) -> RunRecord:
    return record.but(
        heartbeat=event.time,
        info=encode(event.info, arrays, unwrap=True) if event.info else record.info,
        result=_result(record, event, arrays),
    )


def _result(record: RunRecord, event: Beat | Completed, arrays: PutBytes | None) -> Any:
    return record.result if event.result is None else encode(event.result, arrays, unwrap=True)


def _file_added(record: RunRecord, event: FileAdded, _: PutBytes | None) -> RunRecord:
    return record.but(files=_all_files(record.files, (event.file,)))


def _learned(record: RunRecord, event: Learned, arrays: PutBytes | None) -> RunRecord:
    return record.but(
        host={**record.host, **encode(event.host, arrays)},
        experiment={**record.experiment, **encode(event.experiment, arrays)},
        facts=event.facts or record.facts,
        gaps=_all(record.gaps, event.gaps),
        unseen=_all(record.unseen, event.unseen),
        files=_all_files(record.files, event.files) if event.files else record.files,
    )


def _all(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))


def _completed(record: RunRecord, event: Completed, arrays: PutBytes | None) -> RunRecord:
    return record.but(status=COMPLETED, stop_time=event.time, result=_result(record, event, arrays))


def _interrupted(record: RunRecord, event: Interrupted, _: PutBytes | None) -> RunRecord:
    return record.but(status=event.status, stop_time=event.time, cause=event.cause)


def _failed(record: RunRecord, event: Failed, _: PutBytes | None) -> RunRecord:
    return record.but(status=FAILED, stop_time=event.time, fail_trace=tuple(event.fail_trace), cause=event.cause)


_STEPS: dict[type, Callable[..., RunRecord]] = {
    Beat: _beat,
    FileAdded: _file_added,
    Learned: _learned,
    Completed: _completed,
    Interrupted: _interrupted,
    Failed: _failed,
}


def _all_files(old: tuple[FileRef, ...], new: tuple[FileRef, ...]) -> tuple[FileRef, ...]:
    """Old and new files, a file that is named again once, in its old place, as it is now but for when it was seen first."""
    refs: list[FileRef | None] = list(old)
    places = {_identity(ref): place for place, ref in enumerate(old)}
    for ref in new:
        key, unhashed = _identity(ref), (ref.role, ref.root, ref.path, "")
        if key != unhashed and unhashed in places:
            _take_place(places, refs, unhashed, key)
        place = places.setdefault(key, len(refs))
        if place == len(refs):
            refs.append(ref)
        else:
            known = refs[place]
            refs[place] = ref.but(first_seen=(known and known.first_seen) or ref.first_seen)
    return tuple(ref for ref in refs if ref is not None)


def _take_place(places: dict[Any, int], refs: list[FileRef | None], unhashed: Any, key: Any) -> None:
    """The file that had no hash has one now; if its content is there already, once is enough."""
    place = places.pop(unhashed)
    if places.setdefault(key, place) != place:
        refs[place] = None


def _identity(ref: FileRef) -> tuple[str, str, str, str]:
    """An artifact is its name; any other file counts once per content."""
    return ref.role, ref.root, ref.path, "" if ref.role == "artifact" else ref.sha256
