"""Late delivery: what earlier runs owe to stores is brought to them, by a later run or by ``expkit sync``.

The log of the earlier run is read like any stored run, and the store is caught up with it as in a lane. Whatever is
there already is not sent again, so delivery may be broken off anywhere, and repeated.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from expkit._support.threads import OwnThread, start
from expkit.errors import ExpkitError, RunNotFoundError, StoreError
from expkit.observers.delivery import Delivery
from expkit.observers.store import StoreObserver
from expkit.record.events import Learned
from expkit.record.model import QUEUED, RUNNING
from expkit.run.recording.log import PastLog
from expkit.run.recording.owed import owed_notes, remove_spool, target_of
from expkit.settings import SETTINGS
from expkit.stores.folder.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from expkit.record.model import RunRecord
    from expkit.run.recording.owed import Note
    from expkit.stores.base import RunStore
    from expkit.types import RunId

log = logging.getLogger("expkit")


def deliver(note: Note, store: RunStore, moved: Callable[[int], None] = lambda _: None) -> RunId | None:
    """Bring ``store`` up to date with the run of a note that this process has taken; return the run's id there.

    None: the run was deleted where its log lay, so there is nothing to deliver any more; the note goes, too.

    Args:
        note: goes when everything is delivered, and with the last note on a spooled run its spool.
        store: the one that ``note.target`` names.
        moved: told of progress.

    Raises:
        Exception: whatever the store raises; the note stays.
    """
    run_id = None
    if (record := _source_record(note)) is not None:
        wanted = record.id if note.log else None
        run_id = _replay(PastLog(note.store, note.uid), record, store, moved, wanted)
    note.remove()
    if not note.log:
        remove_spool(note.uid)
    return run_id


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
            run_id = deliver(note, store)
        except BaseException as error:
            if not is_stores_trouble(error):  # `expkit sync` shows it to whoever asks
                note.release()
                return
            time.sleep(pause)
            pause = min(2 * pause, SETTINGS.LANES.RETRY_LONGEST)
        else:
            log.info("what an earlier run owed to %s is delivered as run %s", note.target, run_id)
            return


def _source_record(note: Note) -> RunRecord | None:
    source = note.store
    try:
        return source.load(note.uid)
    except RunNotFoundError:
        if note.log and not source.root.exists():
            raise StoreError(f"the folder {source.root} is not there") from None
        return None


def _replay(
    past: PastLog, record: RunRecord, store: RunStore, moved: Callable[[int], None], wanted: RunId | None
) -> RunId:
    observer = StoreObserver(store)
    run_id = observer.take_in(record, wanted, bind=False)
    if record.status == QUEUED and store.load(run_id).status != QUEUED:
        return run_id  # somebody has started it meanwhile: the store knows more than the log
    if record.status == RUNNING and (lease := past.home.lease(record.uid)) is not None:
        store.renew(run_id, lease)  # with the time of its last sign, so that readers can judge as here
    observer.catch_up(Delivery(event=Learned(time=datetime.now(timezone.utc)), record=record, log=past, moved=moved))
    return run_id


def _after_fork() -> None:
    """A forked child delivers nothing yet."""
    global _lock  # noqa: PLW0603 - another thread may have held it
    _lock = threading.RLock()
    _served.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
