"""Who writes down what a run tells: first into the local log, then to every lane."""

from __future__ import annotations

import logging
import os
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Union

from expkit.errors import ExpkitError, StoreError, StoreNameError
from expkit.observers.base import overrides
from expkit.observers.delivery import Delivery, Live
from expkit.observers.store import StoreObserver
from expkit.record.events import Beat, FileAdded, Learned, Started
from expkit.record.fold import fold
from expkit.record.snapshot import snapshot
from expkit.run.recording.log import LocalLog, NoLog, owed_dir, spool_store
from expkit.run.recording.own_files import OwnFiles, is_logged
from expkit.run.recording.reporting import TOO_DEEP, report, watched_for_cuts
from expkit.run.recording.traits import ASKED_FOR, FOUND, is_unreachable, keeps_folders, may_add_files, refusal
from expkit.stores.folder.log import FolderGoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from expkit.observers.base import RunObserver
    from expkit.record.events import Event, Queued
    from expkit.record.model import FileRef, Lease, RunRecord
    from expkit.run.recording.lanes import Lane, Patience
    from expkit.run.recording.owed import Note
    from expkit.types import RunId

log = logging.getLogger("expkit")

Log = Union[LocalLog, NoLog]

_GONE = "is gone; what comes from now on is lost"


class Recorder:
    """The local log of one run and the lanes to its observers.

    Attributes:
        log: the local log; a :class:`NoLog` before the start and where nobody observes.
        lanes: one per observer, but for the folder store that *is* the log.
        record: the record as it stands.
        owed: after the end, the lanes that have not delivered everything yet.
        spooled: the log lies in a spool, which goes when everything is delivered.
        over: the run has ended, the log is closed.
    """

    def __init__(self, record: RunRecord, observers: Sequence[RunObserver], live: Live) -> None:
        self.record = record
        self.observers = sorted(observers, key=lambda observer: (not observer.awaited, -observer.priority))
        self.lanes: list[Lane] = []
        self.owed: list[Lane] = []
        self.log: Log = NoLog(record)
        self._live = live
        self._lock = threading.RLock()
        self.spooled = False
        self._broken: set[str] = set()
        self.over = False
        self._closed = False
        self._lease: Lease | None = None
        self._pid = os.getpid()
        self._notes: dict[Lane, Note] = {}
        self._patience: Patience | None = None
        self._losses: list[str] = []
        self._own = OwnFiles()
        self._telling = 0

    # -- the start -------------------------------------------------------------------------------------

    def begin(self, event: Queued | Started, wanted: RunId | None, lease: Lease | None = None) -> RunId | None:
        """Tell all observers of the start, by priority, and open the log; return the run's id.

        No reader sees the run without ``lease``: the process may die at any moment.

        Raises:
            Exception: whatever an observer raises; observers that know of the run already hear that it failed.
        """
        run_id, bind = wanted, wanted is not None
        self.record, self._lease = event.record, lease
        try:
            for observer in self.observers:
                first = Delivery(event=event, record=self.record, live=self._live, id=run_id, bind=bind, lease=lease)
                answer = self._ask(observer, first)
                run_id = answer if run_id is None else run_id
        except BaseException:
            self._note_after_failure(run_id)
            raise
        if self.observers and isinstance(self.log, NoLog):
            local_id = self._open_spool(run_id)
            run_id = local_id if run_id is None and any(lane.away for lane in self.lanes) else run_id
        self._note_what_is_owed()
        if isinstance(event, Started) and event.record.queue_time is not None:
            self.record = self.log.write(event)
        return run_id

    def join(self, observer: RunObserver, run_id: RunId | None) -> RunId | None:
        """Tell an observer that comes late of the run; it hears of everything from now on. Return its answer.

        Raises:
            Exception: whatever it raises.
        """
        event, before = Started(time=now(), record=self.record), len(self.lanes)
        self.observers.append(observer)
        first = Delivery(event=event, record=self.record, live=self._live, id=run_id, lease=self._lease)
        answer = self._ask(observer, first)
        if isinstance(self.log, NoLog):
            self._open_spool(answer)
        self._note_owed_to(self.lanes[before:])
        return answer

    def _ask(self, observer: RunObserver, delivery: Delivery) -> RunId | None:
        try:
            try:
                answer = self._begin_with(observer, delivery)
            finally:  # an override may have raised when the folder was there: then its record needs an end
                if keeps_folders(observer) and isinstance(self.log, NoLog):
                    self._open_if_there(observer)
        except Exception as error:
            if not is_unreachable(observer, error):
                raise
            raise refusal(observer, error) from error
        return answer

    def _begin_with(self, observer: RunObserver, delivery: Delivery) -> RunId | None:
        if keeps_folders(observer) and not overrides(observer, StoreObserver) and isinstance(self.log, NoLog):
            try:
                return observer.take_in(self.record, delivery.id, bind=delivery.bind, lease=delivery.lease)
            except OSError as error:
                if observer.offline is None or isinstance(error, ExpkitError):
                    raise
        from expkit.run.recording.lanes import Lane

        lane = Lane(observer, self._delivered)
        answer = lane.begin(delivery)
        self.lanes.append(lane)
        return answer

    def _open_if_there(self, observer: StoreObserver) -> None:
        """Use the observer's folder as the log, unless an override has put the run elsewhere."""
        try:
            self._open(observer.store)
        except OSError as error:
            if observer.offline is None and not isinstance(error, StoreError):
                raise
        except StoreError:
            pass

    def _open(self, store: Any) -> None:
        self.log = LocalLog(store, self.record, self._lost_points)

    def _open_spool(self, run_id: RunId | None) -> RunId:
        """Keep the log in a spool, under the run's id if it has one by now; return its id there."""
        store = spool_store(self.record.uid)
        self.spooled = True
        name = f"offline-{self.record.uid[-6:]}"
        try:
            local_id = store.create(self.record, id=name if run_id is None else run_id, lease=self._lease)
        except StoreNameError:
            local_id = store.create(self.record, id=name, lease=self._lease)
        self._open(store)
        return local_id

    def _note_what_is_owed(self) -> None:
        """Write down which stores lack something, as long as they do; and look after what earlier runs owe."""
        if isinstance(self.log, LocalLog) and os.path.isdir(owed_dir()):
            from expkit.run.recording.overdue import deliver_in_background

            deliver_in_background(
                [observer.store for observer in self.observers if isinstance(observer, StoreObserver)]
            )
        self._note_owed_to(self.lanes)

    def _note_owed_to(self, lanes: Sequence[Lane]) -> None:
        for lane in lanes:
            if isinstance(lane.observer, StoreObserver):
                from expkit.run.recording.owed import noted

                assert isinstance(self.log, LocalLog)
                if note := noted(self.record, self.log.home, lane.observer, is_spool=self.spooled):
                    self._notes[lane] = note

    def _note_after_failure(self, run_id: RunId | None) -> None:
        """Owe the end also to the stores that know of a run that another one kept from starting."""
        try:
            if self.lanes and isinstance(self.log, NoLog):
                self._open_spool(run_id)
        except (OSError, ExpkitError) as error:
            log.warning("what observers may miss of this run cannot be noted: %s", error)
        else:
            self._note_owed_to(self.lanes)

    # -- during the run --------------------------------------------------------------------------------

    def tell(self, event: Event, to: Sequence[Lane] | None = None) -> None:
        """Write an event down and hand it to the lanes, in one order for all."""
        with self._lock:
            if self.over:
                self.too_late()
                return
            event = self._live.secrets.event(event)
            self._telling += 1
            try:
                self.record = self._written(event)
            finally:
                self._telling -= 1
            for lane in self.lanes if to is None else to:
                lane.put(self._delivery(event, lane))
            self._say_losses()

    def _delivery(self, event: Event, lane: Lane) -> Delivery:
        def add_file(source: Path | bytes, ref: FileRef) -> None:
            self.add_file(source, ref, lane)

        return Delivery(
            event=event,
            record=self._own.record_for(lane, self.record),
            live=self._live,
            log=self.log,
            id=self.record.id,
            cursors=lane.cursors,
            sent=lane.sent,
            add_file=add_file,
            moved=lane.moved,
            gap=self.missing,
        )

    def report(self, info: Mapping[str, Any], result: Any) -> None:
        """Tell what the program has reported so far."""
        self.tell(Beat(time=now(), info=snapshot(info), result=snapshot(result)))

    def beat(self, info: Mapping[str, Any], result: Any) -> None:
        """Tell what the program has reported so far, and bring the record's files up to date."""
        self.report(info, result)
        self._try(self.log.flush)
        if not self.over:
            self._try(self.log.show_metrics)

    def renew(self, lease: Lease) -> None:
        """Give a sign of life, to whoever asks the local log or a store that observes."""
        self._try(lambda: self.log.renew(lease))
        for lane in self.lanes:
            lane.renew(self.record.uid, lease)

    def add_file(self, source: Path | bytes, ref: FileRef, teller: Lane | None = None) -> None:
        """Keep bytes, or those of a file, then tell of it; what an override adds is told to nobody else."""
        time = now()
        logged = teller is None or is_logged(teller, self.log.home)
        ref = ref.but(first_seen=time)
        kept = ref if self.over else self.keep(source, ref, show=logged)
        if teller is not None:
            self._own.add(teller, kept)
        if logged:
            self.tell(FileAdded(time=time, file=kept), to=() if teller else None)
        if ref.role in ASKED_FOR:
            self._try(self.log.show_record)

    def keep(self, source: Path | bytes, ref: FileRef, *, show: bool = True) -> FileRef:
        """Keep bytes; files that were merely found are recorded without, where a secret of the run is among them."""
        ref = self._live.secrets.file(ref)
        if ref.role not in FOUND or not self._live.secrets.are_in(source):
            try:
                return self.log.keep(source, ref, show=show)
            except FolderGoneError as error:
                self.lost(error)
                return ref.but(kept=False)
        self.tell(
            Learned(time=now(), gaps=(f"{ref.role} {ref.path} holds a secret of this run: only its hash is kept",))
        )
        return ref.but(kept=False)

    def gap(self, text: str) -> None:
        """Say, and write down, what is missing from the record."""
        if _GONE not in self._broken:
            log.warning("%s", text)
            self.missing(text)

    def missing(self, text: str) -> None:
        """Write down what is missing from the record, if the run goes on."""
        if not self.over and self.record.stop_time is None:
            self.tell(Learned(time=now(), gaps=(text,)))

    # -- the end ---------------------------------------------------------------------------------------

    def end(self, event: Event, written: Callable[[], None] = lambda: None) -> None:
        """Tell of the end, and close.

        Args:
            event: the end.
            written: called when it is written down, before anybody waits for observers.
        """
        self._say_losses()
        if self.lanes:
            from expkit.run.recording.lanes import Patience

            self._patience = Patience(self.lanes)
            self._patience.settle(lane for lane in self.lanes if may_add_files(lane.observer))
        self.tell(event)
        written()
        self.close()

    def close(self) -> None:
        """Wait for the lanes as long as the settings allow, and close the log."""
        self._try(self.log.flush)
        try:
            if self.lanes:
                from expkit.run.recording.lanes import Patience

                (self._patience or Patience(self.lanes)).finish()
        finally:
            with self._lock:
                self.over, self._broken = True, self._broken & {_GONE}
                self.owed = [lane for lane in self.lanes if not lane.delivered]
                for note in self._notes.values():  # once more: somebody may have held this process for dead
                    self._try(note.write)
            self._try(self.log.close)
            self._closed = True
            self._remove_spool()
            for lane in self.lanes:
                report(lane, lane in self.owed, lane in self._notes, self.log.folder)

    def _delivered(self, lane: Lane) -> None:
        """An observer has everything; called in its lane's thread, perhaps long after the end."""
        with self._lock:
            note = self._notes.pop(lane, None)
            self.owed = [other for other in self.owed if other is not lane]
        if note is not None:
            note.remove()
        self._remove_spool()

    def _remove_spool(self) -> None:
        """Remove the spool once nobody needs it; a forked child has no lanes, so there that cannot be known."""
        if self.spooled and self._closed and not self.owed and os.getpid() == self._pid:
            self.log.remove()

    def _written(self, event: Event) -> RunRecord:
        """The record after the event; a disk that takes no more is not the program's problem."""
        try:
            with watched_for_cuts(self._cut_off):
                return self.log.write(event)
        except OSError as error:
            self.lost(error)
            return fold(self.record, event)

    def _cut_off(self) -> None:
        if TOO_DEEP not in self._broken:
            self._broken.add(TOO_DEEP)
            log.warning(TOO_DEEP)
            self._losses.append(TOO_DEEP)

    def _try(self, step: Callable[[], object]) -> None:
        try:
            step()
        except OSError as error:
            self.lost(error)

    def too_late(self) -> None:
        """Say once that the run has ended: its record does not change any more."""
        if _TOO_LATE not in self._broken:
            self._broken.add(_TOO_LATE)
            log.warning(_TOO_LATE, self.log.folder)

    def _lost_points(self, error: Exception) -> None:
        if self.over:
            self.too_late()
        else:
            self.lost(error, "metric points are missing")

    def lost(self, error: Exception, what: str = "something may be missing") -> None:
        """Say once of each kind, and in the end write down, that the local log cannot take what it should."""
        if what in self._broken or _GONE in self._broken:
            return
        if isinstance(error, FileNotFoundError) and self.log.is_gone:
            self._broken.add(_GONE)
            log.warning("the folder of run %s %s; it was %s; the run goes on", self.record.id, _GONE, self.log.folder)
            return
        self._broken.add(what)
        self._losses.append(f"from {now():%H:%M:%S} UTC on {what}: {error}")
        log.warning("the record in %s is not complete: %s: %s; the run goes on", self.log.folder, what, error)
        self._say_losses()

    def _say_losses(self) -> None:
        """Write down what is missing as soon as that is known: nobody may come to write the end."""
        with self._lock:
            if self._losses and not self._telling and not self.over:
                losses, self._losses = tuple(self._losses), []
                self.tell(Learned(time=now(), gaps=losses))


_TOO_LATE = "the run in %s has ended: what the program reports from now on is not in its record"


def now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(timezone.utc)
