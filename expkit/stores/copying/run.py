"""One run on its way from store to store.

First come the bytes that it names, then the run itself with the status COPYING, its streams and later facts, and last
the record as it is. So the copying may be broken off anywhere, and what is not whole never looks as if it were.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit.errors import RunNotFoundError, StoreNameError
from expkit.record.model import BY_SACRED, COPYING, QUEUED, RUNNING
from expkit.record.state import DIED
from expkit.record.wire import annotation_to_json
from expkit.stores.copying.streams import bring, missing
from expkit.stores.finding import cause_of, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.record.model import Annotation, RunRecord
    from expkit.stores.base import RunKey, RunStore
    from expkit.stores.copying.files import Carrier
    from expkit.types import RunId

COPIED, UPDATED, UNCHANGED, FAILED = "copied", "brought up to date", "unchanged", "failed"
"""What may become of a run."""

_TICK = timedelta(milliseconds=1)
_OPEN = (COPYING, QUEUED, RUNNING)


class Copied(Frozen):
    """What became of a run.

    Attributes:
        uid: of the run.
        source_id: its id where it came from.
        id: its id where it is now; None if it is not there.
        what: ``copied``, ``brought up to date``, ``unchanged`` or ``failed``.
        problems: sentences on what could not be copied.
    """

    uid: str
    source_id: RunId
    id: RunId | None
    what: str
    problems: tuple[str, ...] = ()


def copy_run(src: RunStore, dst: RunStore, key: RunKey, carrier: Carrier) -> Copied:
    """Bring one run up to date in ``dst``.

    Args:
        src: where it is.
        dst: where it goes.
        key: its names in ``src``.
        carrier: brings bytes from ``src`` to ``dst``.

    Raises:
        Exception: whatever the stores raise; calling this again goes on from there.
    """
    record = src.load(key.uid)
    there = _load(dst, key.uid)
    if there is not None and (_progress(there) > _progress(record) or _is_foreign(there)):
        return Copied(uid=key.uid, source_id=key.id, id=there.id, what=UNCHANGED)
    has_died = record.status == RUNNING and state_of(src, record) == DIED
    carried = carrier.bring(_explained(src, record, there) if has_died else record, there)
    copy = _Copy(src, dst, carried.record, there, is_live=record.status == RUNNING and not has_died)
    problems = carried.problems + tuple(carrier.bring_trees(note.value for note in copy.notes))
    is_changed = copy.write(key.id, carrier.moved)
    what = COPIED if there is None or there.status == COPYING else UPDATED if is_changed else UNCHANGED
    if is_changed and record.status in _OPEN and _step(src.load(key.uid)) > _step(record):
        # somebody else may have said so in the copy, and this record stands over that
        return copy_run(src, dst, key, carrier).but(what=what)
    return Copied(uid=key.uid, source_id=key.id, id=copy.id, what=what, problems=problems)


class _Copy:
    """A run whose bytes are there already.

    Attributes:
        notes: later facts that the copy lacks.
        id: of the run in ``dst``, once it is there.
    """

    def __init__(
        self, src: RunStore, dst: RunStore, record: RunRecord, there: RunRecord | None, *, is_live: bool
    ) -> None:
        self._src = src
        self._dst = dst
        self._record = record
        self._there = there
        self.id = None if there is None else there.id
        self.notes = self._lacking()
        self._parts = missing(src, dst, record.uid, is_there=there is not None, is_live=is_live)

    def write(self, wanted: RunId, moved: Callable[[int], None]) -> bool:
        """Write what the copy lacks; whether that was anything."""
        uid, there = self._record.uid, self._there
        if there is None:
            self.id = _created(self._dst, self._partial(), wanted)
        elif self._parts and there.status not in _OPEN:
            self._dst.save(self._partial())
        for part in self._parts:
            bring(self._src, self._dst, uid, part, moved)
        for note in self.notes:
            self._dst.annotate(uid, note)
        is_renewed = self._renew()
        is_same = there is not None and not self._is_partial() and there.but(id=None) == self._record.but(id=None)
        if not is_same:
            self._save()
        return bool(self._parts or self.notes or is_renewed or not is_same)

    def _save(self) -> None:
        """Save the record, unless somebody else has meanwhile brought the copy further."""
        there = _load(self._dst, self._record.uid)
        if there is None or _progress(there) <= _progress(self._record):
            self._dst.save(self._record)

    def _partial(self) -> RunRecord:
        cause = "it is being copied, and not whole; where that was broken off, copying it again completes it"
        return self._record.but(status=COPYING, stop_time=None, cause=cause)

    def _is_partial(self) -> bool:
        return bool(self._parts) and self._there is not None and self._there.status not in _OPEN

    def _lacking(self) -> list[Annotation]:
        uid = self._record.uid
        there = set(map(_text, self._dst.annotations(uid))) if self._there is not None else set()
        return [note for note in self._src.annotations(uid) if _text(note) not in there]

    def _renew(self) -> bool:
        """Copy the last sign of life with its time, so that readers can judge as at the source."""
        uid = self._record.uid
        here = self._src.lease(uid)
        if here is None or here.renewed is None:
            return False
        there = self._dst.lease(uid)
        # file systems and databases round times
        if there is not None and there.renewed is not None and here.renewed - there.renewed < _TICK:
            return False
        self._dst.renew(uid, here)
        return True


def _created(dst: RunStore, record: RunRecord, wanted: RunId) -> RunId:
    try:
        return dst.create(record, id=wanted)
    except StoreNameError:  # one that cannot be an id there
        return dst.create(record)


def _load(dst: RunStore, uid: str) -> RunRecord | None:
    try:
        return dst.load(uid)
    except RunNotFoundError:
        return None


def _progress(record: RunRecord) -> tuple[Any, ...]:
    """How far a run has come; of two that have come equally far the source is right."""
    told = record.heartbeat or record.start_time
    return *_step(record), told.timestamp() if told is not None and record.status == RUNNING else 0.0


def _step(record: RunRecord) -> tuple[int, int]:
    """Which part of its life a run is in."""
    if record.status == COPYING:
        return -1, 0
    return record.segment, _OPEN.index(record.status) if record.status in _OPEN else len(_OPEN)


def _is_foreign(there: RunRecord) -> bool:
    """Whether it is there as another program recorded it: that stays as it is."""
    return BY_SACRED in there.gaps and any(ref.kept and not ref.sha256 for ref in there.files)


def _explained(src: RunStore, record: RunRecord, there: RunRecord | None) -> RunRecord:
    """With what is known here of the cause, as its process died: elsewhere nobody could find that out."""
    if record.cause:
        return record
    known = there.cause if there is not None and there.status == RUNNING else ""
    return record.but(cause=known or cause_of(src, record, DIED))


def _text(note: Annotation) -> str:
    return json.dumps(annotation_to_json(note), sort_keys=True)
