"""Files that overrides of observers add to what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.observers.store import StoreObserver
from expkit.stores.same import is_same

if TYPE_CHECKING:
    from expkit.record.model import FileRef, RunRecord
    from expkit.run.recording.lanes import Lane


class OwnFiles:
    """Each belongs to the record that its observer keeps, and to no other: one may rename what another keeps as it is."""

    def __init__(self) -> None:
        self._added: list[tuple[Lane, FileRef]] = []

    def add(self, lane: Lane, ref: FileRef) -> None:
        """An observer's override has added a file."""
        self._added.append((lane, ref))

    def record_for(self, lane: Lane, record: RunRecord) -> RunRecord:
        """The record as an observer keeps it.

        Args:
            lane: the way to the observer.
            record: as the log has it.
        """
        if not self._added:
            return record
        others = {_key(ref) for other, ref in self._added if other is not lane}
        own = [ref for other, ref in self._added if other is lane]
        shared = [ref for ref in record.files if _key(ref) not in others]
        known = {_key(ref) for ref in shared}
        return record.but(files=(*shared, *(ref for ref in own if _key(ref) not in known)))


def is_logged(lane: Lane, home: object) -> bool:
    """Whether an observer's record is the log itself.

    Args:
        lane: the way to the observer.
        home: the store in whose folder the log lies.
    """
    return isinstance(lane.observer, StoreObserver) and is_same(home, lane.observer.store)


def _key(ref: FileRef) -> tuple[str, str, str]:
    return ref.role, ref.path, ref.sha256
