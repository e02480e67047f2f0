"""Who writes down what a run tells: first into the local log, then to every lane."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Union

from expkit.errors import ExpkitError, ObserverError, StoreError
from expkit.observers.base import overrides
from expkit.observers.delivery import Delivery, Live
from expkit.observers.store import StoreObserver
from expkit.record.events import Beat, FileAdded, Learned, Started
from expkit.record.fold import fold
from expkit.record.snapshot import snapshot
from expkit.run.log import LocalLog, NoLog, spool_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeGuard

    from expkit.observers.base import RunObserver
    from expkit.record.events import Event, Queued
    from expkit.record.model import FileRef, RunRecord
    from expkit.run.lanes import Lane
    from expkit.types import RunId

log = logging.getLogger("expkit")

Log = Union[LocalLog, NoLog]


class Recorder:
    """The local log of one run and the lanes to its observers.

    Attributes:
        log: the local log; a :class:`NoLog` before the start and where nobody observes.
        lanes: one per observer, but for the folder store that *is* the log.
        record: the record as it stands.
        owed: after the end, the lanes that have not delivered everything.
        spooled: the log lies in a spool, which goes when everything is delivered.
        over: the run has ended, the log is closed.
    """

    def __init__(self, record: RunRecord, observers: Sequence[RunObserver], live: Live) -> None:
        self.record = record
        self.observers = sorted(observers, key=lambda observer: -observer.priority)
        self.lanes: list[Lane] = []
        self.owed: list[Lane] = []
        self.log: Log = NoLog(record)
        self._live = live
        self._lock = threading.RLock()
        self.spooled = False
        self._broken = False
        self.over = False
        self._losses: list[str] = []

    # -- the start -------------------------------------------------------------------------------------

    def begin(self, event: Queued | Started, wanted: RunId | None) -> RunId | None:
        """Tell all observers of the start, by priority, and open the log; return the run's id.

        Raises:
            Exception: whatever an observer raises; observers that know of the run already hear that it failed.
        """
        run_id = wanted
        self.record = event.record
        for observer in self.observers:
            first = Delivery(event=event, record=self.record, live=self._live, id=run_id, bind=wanted is not None)
            answer = self._ask(observer, first)
            run_id = answer if run_id is None else run_id
        if self.observers and isinstance(self.log, NoLog):
            self._open(spool_store(self.record.uid), create=True)
        if isinstance(event, Started) and event.record.queue_time is not None:
            self.record = self.log.write(event)
        return run_id

    def _ask(self, observer: RunObserver, delivery: Delivery) -> RunId | None:
        try:
            answer = self._begin_with(observer, delivery)
            if _keeps_folders(observer) and isinstance(self.log, NoLog):
                self._open_if_there(observer)
        except OSError as error:
            if isinstance(error, ExpkitError):
                raise
            raise ObserverError(f"{observer} cannot take in the run: {error}") from error
        return answer

    def _begin_with(self, observer: RunObserver, delivery: Delivery) -> RunId | None:
        if _keeps_folders(observer) and not overrides(observer, StoreObserver) and isinstance(self.log, NoLog):
            return observer.take_in(self.record, delivery.id, bind=delivery.bind)
        from expkit.run.lanes import Lane

        lane = Lane(observer)
        answer = lane.begin(delivery)
        self.lanes.append(lane)
        return answer

    def _open_if_there(self, observer: StoreObserver) -> None:
        """Use the observer's folder as the log, unless an override has put the run elsewhere."""
        try:
            self._open(observer.store, create=False)
        except StoreError:
            self.log = NoLog(self.record)

    def _open(self, store: Any, *, create: bool) -> None:
        self.spooled = create
        if create:
            store.create(self.record)
        self.log = LocalLog(store, self.record, self.lost)

    # -- during the run --------------------------------------------------------------------------------

    def tell(self, event: Event, teller: Lane | None = None) -> None:
        """Write an event down and hand it to the lanes, in one order for all but the lane that tells it."""
        with self._lock:
            if self.over:
                self.too_late()
                return
            event = self._live.hide(event)
            self.record = self._written(event)
            for lane in self.lanes:
                if lane is not teller:
                    lane.put(self._delivery(event, lane))

    def _delivery(self, event: Event, lane: Lane) -> Delivery:
        def add_file(source: Path | bytes, ref: FileRef) -> None:
            self.add_file(source, ref, lane)

        return Delivery(
            event=event,
            record=self.record,
            live=self._live,
            log=self.log,
            id=self.record.id,
            cursors=lane.cursors,
            sent=lane.sent,
            add_file=add_file,
        )

    def report(self, info: Mapping[str, Any], result: Any) -> None:
        """Tell what the program has reported so far."""
        self.tell(Beat(time=now(), info=snapshot(info), result=snapshot(result)))

    def beat(self, info: Mapping[str, Any], result: Any) -> None:
        """Tell what the program has reported so far, and bring the record's files up to date."""
        self.report(info, result)
        self._try(self.log.flush)

    def add_file(self, source: Path | bytes, ref: FileRef, teller: Lane | None = None) -> None:
        """Keep bytes, or those of a file, then tell of it."""
        time = now()
        ref = ref.but(first_seen=time)
        kept = ref if self.over else self.log.keep(source, ref)
        self.tell(FileAdded(time=time, file=kept), teller)

    def gap(self, text: str) -> None:
        """Say, and write down, what is missing from the record."""
        log.warning("%s", text)
        self.tell(Learned(time=now(), gaps=(text,)))

    # -- the end ---------------------------------------------------------------------------------------

    def end(self, event: Event) -> None:
        """Tell of the end, and close."""
        if self._losses:
            self.tell(Learned(time=now(), gaps=tuple(self._losses)))
        for lane in self.lanes:
            if isinstance(lane.observer, StoreObserver) and overrides(lane.observer, StoreObserver):
                lane.settle()  # it may add files, which others must hear of before the end
        self.tell(event)
        self.close()

    def close(self) -> None:
        """Wait for the lanes as long as the settings allow, and close the log."""
        self._try(self.log.flush)
        if self.lanes:
            from expkit.run.lanes import finish

            self.owed = finish(self.lanes)
        with self._lock:
            self.over, self._broken = True, False
        self._try(self.log.close)
        if self.spooled and not self.owed:
            self.log.remove()
        for lane in self.lanes:
            self._report(lane)

    def _written(self, event: Event) -> RunRecord:
        """The record after the event; a disk that takes no more is not the program's problem."""
        try:
            return self.log.write(event)
        except OSError as error:
            self.lost(error)
            return fold(self.record, event)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            self.lost(error)

    def too_late(self) -> None:
        """Say once that the run has ended."""
        self.lost(StoreError("the run has ended, and what is reported now is lost"))

    def lost(self, error: Exception) -> None:
        """Say once, and in the end write down, that the local log cannot take what it should."""
        if not self._broken:
            self._broken = True
            self._losses.append(f"from {now():%H:%M:%S} UTC on something is missing: {error}")
            log.warning("the record in %s is not complete: %s; the run goes on", self.log.folder, error)

    def _report(self, lane: Lane) -> None:
        if lane in self.owed:
            where = self.log.folder
            log.warning("observer %s has not taken everything; what it is owed lies in %s", lane, where)
        elif lane.missed:
            log.warning("observer %s missed %d events; last problem: %s", lane, lane.missed, lane.problem)


def now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(timezone.utc)


def _keeps_folders(observer: RunObserver) -> TypeGuard[StoreObserver]:
    """Whether runs have a folder of their own there, which can be the log."""
    return isinstance(observer, StoreObserver) and observer.store.capabilities.folder
