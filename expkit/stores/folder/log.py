"""The local log: the run's folder, as the process that runs the run writes it."""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from datetime import datetime, timezone
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from expkit.record.events import Completed, Failed, FileAdded, Interrupted, Learned, Queued, Started
from expkit.record.fold import fold
from expkit.record.model import RunRecord
from expkit.record.wire import event_from_json, event_to_json
from expkit.stores.disk import files, text
from expkit.stores.disk.held import HeldFile
from expkit.stores.disk.reserve import is_full
from expkit.stores.folder import metrics
from expkit.stores.folder.keeping import keep, show_rest
from expkit.stores.folder.syncing import syncer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from expkit.record.events import Event
    from expkit.record.model import FileRef, Lease
    from expkit.stores.disk.layout import RunLayout
    from expkit.stores.disk.points import PointWriter
    from expkit.stores.folder.parts import Parts
    from expkit.stores.folder.records import Stored

_LONG = 1 << 20
"""Events that ``run.json`` holds are dropped from the log when it is longer than this, in bytes."""

_FEW_POINTS = 10_000
"""Of more points ``metrics.json`` is written at the end only, for it is written as a whole each time."""

_lasting = attrgetter(*(name for name in RunRecord._fields if name != "heartbeat"))

_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)

_AT_ONCE = (Queued, Started, Completed, Interrupted, Failed)
"""Beginnings and ends: ``run.json`` is written at once, so they need no line in the log."""


class FolderGoneError(FileNotFoundError):
    """Somebody has deleted or moved the run's folder, or its disk is gone."""


class RunLog:
    """What one process writes about a run; there is one per run, segment and rank.

    Attributes:
        folder: the run's folder.
        output: the file whose appended bytes are the output stream.
        last_words: path of the file for signals and crashes, see :mod:`expkit.stores.death`.
        on_loss: told why a point could not be kept; without it the error is raised where the point came from.
    """

    def __init__(
        self,
        parts: Parts,
        run: RunLayout,
        stored: Stored,
        segment: int,
        rank: int,
        on_close: Callable[[RunLog], None],
    ) -> None:
        self.folder = Path(run.folder)
        self.output = Path(run.output(segment, rank))
        self.last_words = run.last_words(segment, rank)
        self._parts = parts
        self._on_close = on_close
        self._run = run
        self._rank = rank
        self._state = (stored.record, stored.stamp)  # replaced as one, so that a flush needs no lock to read it
        self._written = stored.record
        self._written_events = stored.stamp.events
        self._events = run.events(segment, rank)
        self._points_path = run.points(segment, rank)
        self._rank_lease = run.rank_lease(segment, rank)
        self._points: PointWriter | None = None
        self._shown_points = -1
        self.on_loss: Callable[[Exception], None] | None = None
        self._file: HeldFile | None = None
        self._torn = False
        self._pending: deque[Event] = deque()
        self._folding = False
        self._is_flushing = False
        self._lock = threading.RLock()
        self._flush_lock = threading.RLock()

    @property
    def record(self) -> RunRecord:
        """The record as it stands."""
        return self._state[0]

    def check(self) -> None:
        """Refuse to make anew, bit by bit, what somebody has taken away.

        Raises:
            FolderGoneError: the run's folder is gone.
        """
        if not os.path.isdir(self._run.folder):
            raise FolderGoneError(f"the folder of run {self._run.id} is gone; what comes from now on is lost")

    @property
    def files(self) -> Path:
        """The run's folder for the user's own files; made when it is first asked for."""
        self.check()
        os.makedirs(self._run.files, exist_ok=True)
        return Path(self._run.files)

    @property
    def points(self) -> PointWriter:
        """Where metric points go; its file is made with the first one."""
        if self._points is None:
            from expkit.stores.disk.points import PointWriter

            with self._lock:
                if self._points is None:
                    self._points = PointWriter(self._points_path, self.on_loss, self._parts.points_reserve.release)
        return self._points

    def write(self, event: Event) -> RunRecord:
        """Fold an event into the record and append it to the log; when this returns it survives kill -9.

        A signal handler may call this while it runs: its event is then written right after the present one.
        """
        with self._lock:
            self._pending.append(event)
            while self._pending and not self._folding:  # asked again: a handler may come in just before the end
                self._folding = True
                try:
                    self._take_all()
                finally:
                    self._folding = False
        if self._is_at_once(event):
            self._write_at_once(event)
        return self.record

    def keep(self, source: Path | bytes, ref: FileRef, *, show: bool = True) -> FileRef:
        """Keep bytes and show them under the predecessor's name; return ``ref`` with hashes and size.

        Without ``show`` that is left to :meth:`show`: nothing appears in folders that scripts may be removing. Bytes that ``ref`` names by hash and that are here already are not read again.

        Raises:
            StoreNameError: an artifact's name leaves the folder or hides a file of the record.
            FolderGoneError: the run's folder is gone.
        """
        self.check()
        return keep(self._parts, self._run, source, ref, show=show)

    def show(self, refs: Iterable[FileRef]) -> None:
        """Show what was kept without that, unless somebody has removed the folder for it."""
        show_rest(self._parts, self._run, refs)

    def flush(self) -> None:
        """Bring ``run.json``, ``config.json`` and ``info.json`` up to date."""
        self._flush(needed=False)

    def show_metrics(self) -> None:
        """Bring ``metrics.json`` up to date for scripts that read it while their run goes on, unless it is long."""
        count = 0 if self._points is None else self._points.count
        if not self._rank and count != self._shown_points and count <= _FEW_POINTS:
            self.check()
            self._export()
            self._shown_points = count

    def renew(self, lease: Lease) -> None:
        """Give a sign of life of a rank other than 0; that of rank 0 is the run's."""
        self.check()
        self._parts.leases.renew(self._rank_lease, lease)

    def close(self) -> None:
        """Finish the files; the disk has the record soon, at the latest when the interpreter has ended."""
        if self._points is not None:
            self._points.close()
        try:
            self.check()
            self._export()
        finally:
            self._flush(needed=True)
            self._drop_events(longer_than=-1)
            if not self._rank:
                syncer.add(self._run.record)
            if os.path.exists(self._rank_lease):
                files.remove(self._rank_lease)
            self._on_close(self)

    def _export(self) -> None:
        """Write ``metrics.json`` for the predecessor's readers; a full disk can do without, for the points are there."""
        if self._rank:
            return
        try:
            metrics.export_small(self._run, self.record.segment, self._parts.layout.scratch)
        except OSError as error:
            if not is_full(error):
                raise

    def _write_at_once(self, event: Event) -> None:
        """Bring ``run.json`` up to date; where no new file can be made, there may be room for a line in an open one."""
        try:
            self._flush(needed=True)
        except OSError as error:
            if not (is_full(error) or error.errno in _FORBIDDEN) or self._written is self.record:
                raise
            self._append(text.line([self._state[1].events, event_to_json(event, self._put_array)]))

    def _take_all(self) -> None:
        while self._pending:
            self._take(self._pending.popleft())

    def _take(self, event: Event) -> None:
        record, stamp = self._state
        tree = None if self._is_at_once(event) else event_to_json(event, self._put_array)
        # folded from the line's own tree, so that values are encoded once and every reader gets this very record
        record = fold(record, event_from_json(tree) if tree else event, self._put_array)
        if record.id != self._run.id:
            record = record.but(id=self._run.id)
        # before the line is written: an interrupt in between must not lead to two events of one number
        self._state = record, stamp._replace(events=stamp.events + 1)
        if tree is not None:
            self._append(text.line([stamp.events + 1, tree]), needed=isinstance(event, Learned) and bool(event.gaps))

    def _is_at_once(self, event: Event) -> bool:
        return isinstance(event, _AT_ONCE) and not self._rank

    def _append(self, data: bytes, *, needed: bool = False) -> None:
        """Add a line; one that is ``needed`` gets a little of the room that is held back."""
        try:
            self._append_now(data)
        except OSError as error:
            if not needed or not is_full(error):
                raise
            self._parts.reserve.lend()
            self._append_now(data)

    def _append_now(self, data: bytes) -> None:
        if self._file is None:
            self._file = HeldFile(self._events, os.O_RDWR | os.O_APPEND)
            self._torn = files.is_torn(self._file.fd())  # somebody died here
        torn, self._torn = self._torn, True
        files.write_all(self._file.fd(), b"\n" + data if torn else data)
        self._torn = False

    def _put_array(self, data: bytes, suffix: str) -> str:  # noqa: ARG002 - blobs have no names
        return self._parts.blobs.put(data).sha256

    def _flush(self, *, needed: bool) -> None:
        """Write what is new; what is ``needed`` may use the room that is held back."""
        self.check()
        if self._rank:
            return
        with self._flush_lock:
            if self._is_flushing:  # a signal handler is here; the flush that it interrupted writes what is new
                return
            self._is_flushing = True
            try:
                for _ in range(2):
                    self._write_down(needed)
            finally:
                self._is_flushing = False
        self._drop_events(longer_than=_LONG)

    def _write_down(self, needed: bool) -> None:
        try:
            self._write_record()
        except OSError as error:
            if not needed or not is_full(error):
                raise
            self._parts.reserve.release()
            self._write_record()

    def _write_record(self) -> None:
        record, stamp = self._state
        before = self._written
        if record is before:
            return
        self._parts.writer.write(self._run, record, stamp, before)
        self._written, self._written_events = record, stamp.events
        if _lasting(record) != _lasting(before):
            self._parts.changes.add(record.uid, "saved")

    def _drop_events(self, longer_than: int) -> None:
        """Forget events that ``run.json`` holds. Whoever is writing one has precedence."""
        if self._rank or self._file is None or self._folding or not self._lock.acquire(blocking=False):
            return
        try:
            if self._written_events == self._state[1].events and files.size_of(self._events) > longer_than:
                self._file.close()
                self._file = None
                os.unlink(self._events)
        finally:
            self._lock.release()


def take_over(log: RunLog, record: RunRecord) -> None:
    """Tell the log of the files of a record that it does not know."""
    for ref in record.files:
        if ref not in log.record.files:
            log.write(FileAdded(time=datetime.now(timezone.utc), file=ref))
