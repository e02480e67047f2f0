"""Late delivery: what earlier runs owe to stores is brought to them, by a later run or by ``expkit sync``.

The log of the earlier run is read like any stored run, and the store is caught up with it as in a lane. Whatever is
there already is not sent again, so delivery may be broken off anywhere, and repeated.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from expkit._support.threads import OwnThread, start
from expkit.errors import DAMAGE, BlobNotFoundError, ExpkitError, RunNotFoundError, StoreError
from expkit.observers.delivery import Delivery
from expkit.observers.store import StoreObserver
from expkit.record.events import Learned
from expkit.record.model import QUEUED, RUNNING
from expkit.run.recording.log import PastLog
from expkit.run.recording.owed import owed_notes, remove_spool, target_of
from expkit.settings import SETTINGS
from expkit.stores.folder.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from expkit.record.model import Lease, RunRecord, StreamKey
    from expkit.run.recording.owed import Note
    from expkit.stores.base import Batch, RunStore
    from expkit.types import RunId

log = logging.getLogger("expkit")


class SourceError(StoreError):
    """What is to be delivered cannot be read where it lies. The store that waits for it can do nothing about that."""


class SourceGoneError(SourceError):
    """The run is not where it lay, and nobody has deleted it there: the folder was moved, or is not mounted."""


class Delivered(NamedTuple):
    """What became of a delivery.

    Attributes:
        id: of the run in the store that waited for it.
        lost: a sentence on what could not be delivered because it is not in the log any more; ``""``: nothing.
    """

    id: RunId
    lost: str = ""


def deliver(note: Note, store: RunStore, moved: Callable[[int], None] = lambda _: None) -> Delivered | None:
    """Bring ``store`` up to date with the run of a note that this process has taken.

    None: the run was deleted where its log lay, so there is nothing to deliver any more; the note goes, too.

    Args:
        note: goes when everything is delivered, and with the last note on a spooled run its spool.
        store: the one that ``note.target`` names.
        moved: told of progress.

    Raises:
        SourceError: the run cannot be read where it lies; the note stays.
        Exception: whatever the store raises; the note stays.
    """
    delivered = None
    if (record := _source_record(note)) is not None:
        wanted = record.id if note.log else None
        delivered = _replay(_Source(note.store, note.uid), record, store, moved, wanted)
    forget(note)
    return delivered


def forget(note: Note) -> None:
    """Take a note away, and with the last one on a spooled run its spool."""
    note.remove()
    if not note.log:
        remove_spool(note.uid)


def give_up(note: Note) -> bool:
    """Forget a note whose run is not where it lay, though nobody has deleted it there, if this process gets hold of it."""
    if not _is_gone(note) or (mine := note.take()) is None:
        return False
    forget(mine)
    return True


def _is_gone(note: Note) -> bool:
    try:
        _source_record(note)
    except SourceError as error:
        return isinstance(error, SourceGoneError)
    return False


def is_stores_trouble(error: BaseException) -> bool:
    """Whether a delivery failed because the store cannot be reached, so that others need not be tried now."""
    return not isinstance(error, ExpkitError) or type(error) is StoreError


def deliver_in_background(stores: Sequence[RunStore]) -> None:
    """Deliver in a thread of its own what earlier runs owe to these stores; nobody waits for it.

    A store that this process is delivering to already, and that may be away for long, gets no further thread.
    """
    with _lock:
        wanted = {target: store for store in stores if (target := target_of(store)) not in _served}
        if wanted and start(OwnThread(_deliver_all, "overdue", wanted)):
            _served.update(wanted)


_lock = threading.RLock()
_served: set[str] = set()


def _deliver_all(wanted: dict[str, RunStore]) -> None:
    try:
        _deliver_to(wanted)
    finally:
        with _lock:
            _served.difference_update(wanted)


def _deliver_to(wanted: dict[str, RunStore]) -> None:
    for note in owed_notes():
        if note.target not in wanted:
            continue
        try:
            if note.is_free and (mine := note.take()) is not None:
                _deliver_at_last(mine, _for_this_thread(wanted[note.target]))
        except Exception as error:  # it is no business of the run that goes on here
            log.info("what %s is owed by %s: %s", note.target, note.path, error)


def _for_this_thread(store: RunStore) -> RunStore:
    """Folders are opened anew: the run that goes on writes its log with the other one."""
    return FolderStore(store.root) if isinstance(store, FolderStore) else store


def _deliver_at_last(note: Note, store: RunStore) -> None:
    """Try with growing pauses as long as the process lives."""
    pause = SETTINGS.LANES.RETRY_FIRST
    while True:
        try:
            delivered = deliver(note, store)
        except BaseException as error:
            if not is_stores_trouble(error):  # `expkit sync` shows it to whoever asks
                note.release()
                raise
            time.sleep(pause)
            pause = min(2 * pause, SETTINGS.LANES.RETRY_LONGEST)
        else:
            log.info("what an earlier run owed to %s is delivered: %s", note.target, delivered)
            return


def _source_record(note: Note) -> RunRecord | None:
    """The record where the log lies; None if its own store says that it was deleted."""
    from expkit.stores.rules import was_deleted

    source = note.store
    with _reading(note.uid, source):
        try:
            return source.load(note.uid)
        except RunNotFoundError:
            if was_deleted(source, note.uid):
                return None
            raise SourceGoneError(_search(note, source)) from None


def _search(note: Note, source: FolderStore) -> str:
    """What to do about a run that is not where it lay. Another folder may stand in the place of its own."""
    where = source.root if source.root.exists() else f"{source.root}, which is not there"
    back = "move its folder back, or " if note.log else ""
    return f"it is not found in {where}; {back}give it up: expkit sync --forget"


@contextmanager
def _reading(uid: str, source: FolderStore) -> Iterator[None]:
    """Tell what is wrong with the log from what is wrong with the store that waits for it."""
    try:
        yield
    except (SourceError, BlobNotFoundError):
        raise
    except (ExpkitError, *DAMAGE) as error:
        said = str(error) if isinstance(error, ExpkitError) else f"{type(error).__name__}: {error}"
        raise SourceError(f"run {uid} cannot be read in {source.root}: {said}") from error


class _Source(PastLog):
    """A log whose troubles are no store's."""

    def streams(self) -> Mapping[StreamKey, int]:
        with _reading(self._uid, self.home):
            return super().streams()

    def read(self, stream: StreamKey, offset: int, limit: int | None = None) -> Batch:
        with _reading(self._uid, self.home):
            return super().read(stream, offset, limit)

    def open_blob(self, sha256: str) -> BinaryIO:
        with _reading(self._uid, self.home):
            return super().open_blob(sha256)

    def lease(self) -> Lease | None:
        with _reading(self._uid, self.home):
            return self.home.lease(self._uid)

    def lost(self) -> str:
        """What was in the log, as far as can be known, and is not any more."""
        with _reading(self._uid, self.home):
            points = self.home.lost_points(self._uid)
        return f"{points} points that metrics.json tells of are in no file of points any more" if points else ""


def _replay(
    past: _Source, record: RunRecord, store: RunStore, moved: Callable[[int], None], wanted: RunId | None
) -> Delivered:
    observer = StoreObserver(store)
    run_id = observer.take_in(record, wanted, bind=False)
    if record.status == QUEUED and store.load(run_id).status != QUEUED:
        return Delivered(run_id)  # somebody has started it meanwhile: the store knows more than the log
    if record.status == RUNNING and (lease := past.lease()) is not None:
        store.renew(run_id, lease)  # with the time of its last sign, so that readers can judge as here
    if lost := past.lost():
        record = record.but(gaps=tuple(dict.fromkeys((*record.gaps, lost))))
    observer.catch_up(Delivery(event=Learned(time=datetime.now(timezone.utc)), record=record, log=past, moved=moved))
    return Delivered(run_id, lost)


def _after_fork() -> None:
    """A forked child delivers nothing yet."""
    global _lock  # noqa: PLW0603 - another thread may have held it
    _lock = threading.RLock()
    _served.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
