"""How a rank other than 0 writes about a run: streams of its own, and what it used; the rest is told by rank 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.record.events import Beat, Failed, FileAdded, Interrupted, Learned
from expkit.record.fold import fold
from expkit.record.model import RUNNING
from expkit.run.recording.log import LocalLog
from expkit.run.recording.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.observers.delivery import Live
    from expkit.record.events import Event, Queued, Started
    from expkit.record.model import FileRef, Lease, RunRecord
    from expkit.run.recording.ranks import Seat
    from expkit.stores.folder.store import FolderStore
    from expkit.types import RunId

_USED = frozenset(("artifact", "input", "output", "resource"))


class RankLog(LocalLog):
    """The part of a run's folder that one rank writes.

    Args:
        store: where rank 0 made the run.
        record: of the run.
        on_loss: told why a point could not be kept.
        rank: of this process.
    """

    def __init__(self, store: FolderStore, record: RunRecord, on_loss: Callable[[Exception], None], rank: int) -> None:
        super().__init__(store, record, on_loss, rank=rank)

        self._closed = False

    def renew(self, lease: Lease) -> None:
        """Give a sign of this rank's life: the run's lease is rank 0's."""
        if not self._closed:
            self._log.renew(lease)

    def close(self) -> None:
        """Finish the log, and say with it that this rank has come to its end."""
        self._closed = True
        super().close()


class RankRecorder(Recorder):
    """Writes down what a rank tells; observers hear of the run from rank 0.

    Args:
        seat: of this process, with the run that was found.
        live: the program's values.
    """

    def __init__(self, seat: Seat, live: Live) -> None:
        assert seat.record is not None
        super().__init__(seat.record.but(status=RUNNING, stop_time=None, fail_trace=(), cause=""), (), live)
        self._seat = seat

    def begin(self, event: Queued | Started, wanted: RunId | None, lease: Lease | None = None) -> RunId | None:  # noqa: ARG002
        """Open this rank's log; return the id that rank 0's run has."""
        seat = self._seat
        assert seat.store is not None
        self.log = RankLog(seat.store, self.record, self._lost_points, seat.rank)
        return self.record.id

    def _written(self, event: Event) -> RunRecord:
        told = self._told(event)
        if told is not None:
            super()._written(told)
        return self.record if isinstance(event, Beat) else fold(self.record, event)

    def _told(self, event: Event) -> Event | None:
        """What the run's record learns from this rank: files that it used, and what went wrong."""
        if isinstance(event, FileAdded):
            return event if event.file.role in _USED else None
        if isinstance(event, (Failed, Interrupted)):
            how = "failed" if isinstance(event, Failed) else "was interrupted"
            return Learned(time=event.time, gaps=(f"rank {self._seat.rank} {how}: {event.cause}",))
        if not isinstance(event, Learned):
            return None
        gaps = tuple(f"rank {self._seat.rank}: {gap}" for gap in event.gaps)
        files: tuple[FileRef, ...] = tuple(ref for ref in event.files if ref.role in _USED)
        if not (gaps or files or event.unseen):
            return None
        return Learned(time=event.time, gaps=gaps, files=files, unseen=event.unseen)
