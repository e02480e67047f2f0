"""Deliver to stores what they have missed: because they were away, or because a program died.

Usage:
  expkit sync [--list] [--to=URL] [--instead-of=URL] [--forget] [--json]

Options:
  --list             Show what is owed, and what else lies in spools; deliver nothing.
  --to=URL           Deliver only to this store. Where a URL has a password, this is the way to give it: nobody wrote it
                     down. The environment variable EXPKIT_SYNC_TO says the same, and no list of processes shows it.
  --instead-of=URL   With --to: deliver there what is owed to this store, as --list names it. It has moved.
  --forget           Give up what is owed of runs that are not found any more where they lay, as --list tells; what can
                     be delivered is delivered. A folder that was moved, or is not mounted, may come back.
  --json             Print one JSON document: how many runs are still owed, how many notes cannot be read, what was said.

What observers have missed waits in the runs' folders, or in spools below expkit's state folder. It is delivered once,
however often this is called. The exit code is 0 if nothing is owed any more.
Notes that cannot be read are named, and make it 1.

Examples:
  expkit sync
  expkit sync --list
  expkit sync --to=mongodb://localhost/lab
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from expkit._support.threads import OwnThread
from expkit.cli.terminal import emit
from expkit.console.arguments import parse
from expkit.console.showing import document
from expkit.errors import DAMAGE, ExpkitError, RunNotFoundError, StoreError, UsageError
from expkit.observers.opening import open_observer
from expkit.observers.store import StoreObserver
from expkit.record.model import RUNNING
from expkit.run.recording.overdue import SourceGoneError, deliver, forget, is_gone, is_stores_trouble
from expkit.run.recording.owed import bad_notes, forgotten_spools, owed_notes, target_of
from expkit.settings import SETTINGS
from expkit.stores.urls import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expkit.run.recording.overdue import Delivered
    from expkit.run.recording.owed import Note
    from expkit.stores.base import RunStore

TO_VARIABLE = "EXPKIT_SYNC_TO"
"""Environment variable with the URL of the only store to deliver to; a command line is for all to see."""

_TRIES = 3
_MASK = "***"


def main(argv: Sequence[str]) -> int:
    """Deliver; return 0 if nothing is owed any more, else 1.

    Raises:
        UsageError: the command line does not fit.
    """
    options = parse(__doc__, "sync", argv)
    if options is None:
        return 0
    if options["--json"]:
        return _as_json(options)
    owed, bad = _sync(options)
    return 1 if owed or bad else 0


def _as_json(options: Mapping[str, Any]) -> int:
    """The same; what is said becomes part of a document."""
    from contextlib import redirect_stdout
    from io import StringIO

    said = StringIO()
    with redirect_stdout(said):
        owed, bad = _sync(options)
    document({"owed": owed, "unreadable": bad, "said": said.getvalue().splitlines()})
    return 1 if owed or bad else 0


def _sync(options: Mapping[str, Any]) -> tuple[int, int]:
    """Deliver, or only list; return how many runs are still owed, and how many notes cannot be read."""
    url = options["--to"] or os.environ.get(TO_VARIABLE)
    store = _opened(url) if url else None
    if store is None and options["--instead-of"]:
        raise UsageError("--instead-of names the old address of a store; give the new one: --to=URL")
    wanted = _wanted(store, options["--instead-of"])
    notes = [note for note in owed_notes() if not wanted or note.target in wanted]
    free = [note for note in notes if note.is_free]
    held = [_Held(note) for note in notes if note not in free]
    if options["--forget"]:
        free = [note for note in free if not _is_forgotten(note)]
    for other in held:
        _say(other.text)
    bad = bad_notes()
    for path in bad:
        _say(f"{path} says nothing of what is owed, and is skipped; look at it, then delete it")
    owed = sum(other.is_owed for other in held)
    owed += _list(free) if options["--list"] else _deliver_all(free, store)
    _summarise(owed, store)
    return owed, len(bad)


def _list(notes: Sequence[Note]) -> int:
    """Say what is owed, and what else lies in spools; return of how many runs it is owed."""
    for note in notes:
        _say(f"{_label(note)} is owed to {note.target}; {_place(note)}")
    for spool in forgotten_spools():
        _say(f"{spool} holds a run that no store waits for; open_store('{spool}') shows it, or delete it")
    return len(notes)


def _wanted(store: RunStore | None, moved: str | None) -> set[str]:
    """Names of the stores to which is delivered; empty: all."""
    if store is None:
        return set()
    return {target_of(store)} if moved is None else {moved, _target(moved)}


def _target(url: str) -> str:
    """What notes call the store of a URL; the URL itself where nobody can open that any more."""
    try:
        return target_of(open_store(url))
    except StoreError:
        return url


def _summarise(owed: int, store: RunStore | None) -> None:
    """Say how many runs are owed, in all or to one store; and of that one, what others are owed."""
    name = target_of(store) if store is not None else ""
    elsewhere = Counter(note.target for note in owed_notes() if name and note.target != name)
    here = f" to {name}" if elsewhere else ""
    _say(f"{owed} still owed{here}" if owed else f"nothing is owed{here}")
    for target, count in elsewhere.items():
        _say(
            f"{count} still owed to {target}; `expkit sync` without --to and {TO_VARIABLE} delivers there,"
            f" and if that store has moved: expkit sync --to=URL --instead-of='{target}'"
        )


def _opened(url: str) -> RunStore:
    observer = open_observer(url, {}, {})
    if not isinstance(observer, StoreObserver):
        raise UsageError(f"--to and {TO_VARIABLE} name a store, and {observer} is none")
    return observer.store


class _Held:
    """A note that some process is busy with.

    Attributes:
        text: a sentence about it.
        is_owed: the run is over; while it lasts, its own process delivers.
    """

    def __init__(self, note: Note) -> None:
        where = "on another machine" if note.pid is None else str(note.pid)
        self.is_owed = not _is_running(note)
        busy = "is being delivered" if self.is_owed else "is still running, and delivered"
        self.text = f"{_label(note)} {busy} to {note.target} by process {where}"


class _Courier(OwnThread):
    """Delivers to one store, one run after another; slow stores do not delay fast ones.

    Attributes:
        moves: grows whenever the store takes something.
    """

    def __init__(self, target: str, notes: Iterable[Note], store: RunStore | None) -> None:
        super().__init__(self._deliver_all, f"sync {target}")
        self.moves = 0
        self._noted = target
        self._name = target if store is None else target_of(store)
        self._store = store
        self._waiting = list(notes)
        self._failed: list[tuple[Note, Exception]] = []
        self._lock = threading.Lock()
        self._problem = "it does not answer"

    def _deliver_all(self) -> None:
        """Deliver until the end, or until the store turns out to be away; what is wrong with one run is its own."""
        try:
            store = self._store or _store_of(self._noted)
            while self._waiting:
                failure = self._deliver(self._waiting[0], store)
                with self._lock:
                    note = self._waiting.pop(0)
                    self._failed += [(note, failure)] if failure is not None else []
        except Exception as error:
            self._problem = _said(error)

    def left(self) -> int:
        """Say what is still owed, and return of how many runs."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            failed, self._failed = self._failed, []
        for note, error in failed:
            where = "" if isinstance(error, SourceGoneError) else f"; {_place(note)}"
            _say(f"{_label(note)} is still owed to {self._name}: {_said(error)}{where}")
        for note in waiting:
            _say(f"{_label(note)} is still owed to {self._name}: {self._problem}; {_place(note)}")
        return len(waiting) + len(failed)

    def _deliver(self, note: Note, store: RunStore) -> Exception | None:
        """Deliver a note, or return what is wrong with its run; trouble of the store is raised."""
        mine = note.take()
        if mine is None:
            _say(f"{_label(note)} is delivered to {self._name} by another process")
            return None
        try:
            self._tell(note, self._try(mine, store))
        except BaseException as error:
            mine.release()
            if is_stores_trouble(error) or not isinstance(error, Exception):
                raise
            return error
        return None

    def _tell(self, note: Note, delivered: Delivered | None) -> None:
        if delivered is None:
            _say(f"{_label(note)} was deleted in {note.store.root}; nothing is owed of it any more")
        else:
            but = f", but {delivered.lost}" if delivered.lost else ""
            _say(f"{_label(note)} is delivered to {self._name} as run {delivered.id}{but}")

    def _try(self, note: Note, store: RunStore) -> Delivered | None:
        for _ in range(_TRIES - 1):
            try:
                return deliver(note, store, self._moved)
            except Exception as error:
                if not is_stores_trouble(error):
                    raise
                time.sleep(SETTINGS.LANES.RETRY_FIRST)
        return deliver(note, store, self._moved)

    def _moved(self, amount: int) -> None:
        self.moves += amount


def _deliver_all(notes: Iterable[Note], store: RunStore | None) -> int:
    """Deliver to all stores at once; return how many runs are still owed."""
    by_target = sorted(notes, key=lambda note: note.target)
    couriers = [_Courier(target, found, store) for target, found in groupby(by_target, lambda note: note.target)]
    for courier in couriers:
        courier.start()
    seen, moved = -1, time.monotonic()
    while any(courier.is_alive() for courier in couriers) and time.monotonic() - moved < SETTINGS.LANES.END_LIMIT:
        time.sleep(0.01)
        if (now := sum(courier.moves for courier in couriers)) != seen:
            seen, moved = now, time.monotonic()
    return sum(courier.left() for courier in couriers)


def _store_of(target: str) -> RunStore:
    if _MASK in target:
        raise UsageError(f"give its URL with what stands in place of {_MASK}: {TO_VARIABLE}='{target}' expkit sync")
    try:
        store = open_store(target)
    except StoreError as error:
        raise StoreError(f"{error}. A run with this observer delivers it, too") from None
    if target_of(store) != target:  # an address that means something else here than where the run was
        raise StoreError(f"say which store that is: expkit sync --to=URL --instead-of='{target}'")
    return store


def _is_running(note: Note) -> bool:
    """Whether the process that delivers is the one that runs the run."""
    try:
        lease = note.store.lease(note.uid)
        return note.store.load(note.uid).status == RUNNING and (lease is None or note.pid in (None, lease.pid))
    except (ExpkitError, *DAMAGE):
        return False


def _label(note: Note) -> str:
    name = note.name if note.name.isprintable() else repr(note.name)
    return f"{name} ({note.uid})"


def _place(note: Note) -> str:
    """Where the run's folder lies, or should."""
    try:
        return f"it lies in {note.store.root / str(note.store.load(note.uid).id)}"
    except RunNotFoundError:
        return f"it is not found in {note.store.root}"
    except (ExpkitError, *DAMAGE):
        return f"it lies in {note.store.root}"


def _is_forgotten(note: Note) -> bool:
    """Forget a note whose run is gone, if this process gets hold of it."""
    if not is_gone(note) or (mine := note.take()) is None:
        return False
    forget(mine)
    _say(f"{_label(note)} is not found in {note.store.root}; what was owed of it to {note.target} is forgotten")
    return True


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, ExpkitError) else f"{type(error).__name__}: {error}"


def _say(line: str) -> None:
    emit(f"{line}\n", sys.stdout)
