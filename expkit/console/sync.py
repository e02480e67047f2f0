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
  --json             Print one JSON document: how many runs are still owed, how many notes cannot be read, what became
                     of each run, what would be said.

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
from collections import Counter
from typing import TYPE_CHECKING, Any

from expkit.cli.terminal import emit
from expkit.console.arguments import parse
from expkit.console.showing import document
from expkit.errors import DAMAGE, ExpkitError, RunNotFoundError, StoreError, UsageError
from expkit.observers.opening import open_observer
from expkit.observers.store import StoreObserver
from expkit.run.recording.couriers import (
    BUSY,
    DELETED,
    DELIVERED,
    FORGOTTEN,
    LIVE,
    OWED,
    TAKEN,
    Outcome,
    deliver_all,
    held,
)
from expkit.run.recording.overdue import SourceGoneError, give_up
from expkit.run.recording.owed import bad_notes, forgotten_spools, owed_notes, target_of
from expkit.stores.urls import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expkit.run.recording.owed import Note
    from expkit.stores.base import RunStore
    from expkit.types import Json

TO_VARIABLE = "EXPKIT_SYNC_TO"
"""Environment variable with the URL of the only store to deliver to; a command line is for all to see."""

_MASK = "***"
_SENTENCES = {
    DELIVERED: "{run} is delivered to {target} as run {id}{but}",
    DELETED: "{run} was deleted in {root}; nothing is owed of it any more",
    FORGOTTEN: "{run} is not found in {root}; what was owed of it to {target} is forgotten",
    TAKEN: "{run} is delivered to {target} by another process",
    LIVE: "{run} is still running, and delivered to {target} by process {process}",
    BUSY: "{run} is being delivered to {target} by process {process}",
}


def main(argv: Sequence[str]) -> int:
    """Deliver; return 0 if nothing is owed any more, else 1.

    Raises:
        UsageError: the command line does not fit.
    """
    options = parse(__doc__, "sync", argv)
    if options is None:
        return 0
    account = _Account(aloud=not options["--json"])
    _sync(options, account)
    if options["--json"]:
        document(account.to_json())
    return 1 if account.owed or account.unreadable else 0


class _Account:
    """What was found out, said at once, or kept for one document.

    Attributes:
        owed: how many runs are still owed.
        unreadable: how many notes cannot be read.
    """

    def __init__(self, *, aloud: bool) -> None:
        self.owed = 0
        self.unreadable = 0
        self._aloud = aloud
        self._outcomes: list[Outcome] = []
        self._said: list[str] = []

    def say(self, line: str) -> None:
        self._said.append(line)
        if self._aloud:
            emit(f"{line}\n", sys.stdout)

    def tell(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.owed += outcome.is_owed
            self._outcomes.append(outcome)
            self.say(_sentence(outcome))

    def to_json(self) -> dict[str, Json]:
        runs = [_to_json(outcome) for outcome in self._outcomes]
        return {"owed": self.owed, "unreadable": self.unreadable, "runs": runs, "said": [*self._said]}


def _sync(options: Mapping[str, Any], account: _Account) -> None:
    """Deliver, or only list."""
    url = options["--to"] or os.environ.get(TO_VARIABLE)
    store = _opened(url) if url else None
    if store is None and options["--instead-of"]:
        raise UsageError("--instead-of names the old address of a store; give the new one: --to=URL")
    free, taken = _notes(_wanted(store, options["--instead-of"]))
    others = list(map(held, taken))
    if options["--forget"]:
        free = [note for note in free if not _is_forgotten(note, account)]
    account.tell(others)
    _name_unreadable(account)
    if options["--list"]:
        _list(free, account)
    else:
        account.tell(deliver_all(free, _store_of if store is None else lambda _: store))
    _summarise(account, store)


def _notes(wanted: set[str]) -> tuple[list[Note], list[Note]]:
    """What is owed to these stores, to any where none is named: what is free, and what some process is busy with."""
    found: tuple[list[Note], list[Note]] = [], []
    for note in owed_notes():
        if not wanted or note.target in wanted:
            found[not note.is_free].append(note)
    return found


def _is_forgotten(note: Note, account: _Account) -> bool:
    """Forget a note whose run is gone, if this process gets hold of it."""
    is_forgotten = give_up(note)
    if is_forgotten:
        account.tell([Outcome(note, FORGOTTEN, note.target)])
    return is_forgotten


def _name_unreadable(account: _Account) -> None:
    for path in bad_notes():
        account.unreadable += 1
        account.say(f"{path} says nothing of what is owed, and is skipped; look at it, then delete it")


def _list(notes: Sequence[Note], account: _Account) -> None:
    """Say what is owed, and what else lies in spools."""
    account.tell(Outcome(note, OWED, note.target) for note in notes)
    for spool in forgotten_spools():
        account.say(f"{spool} holds a run that no store waits for; open_store('{spool}') shows it, or delete it")


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


def _summarise(account: _Account, store: RunStore | None) -> None:
    """Say how many runs are owed, in all or to one store; and of that one, what others are owed."""
    name = target_of(store) if store is not None else ""
    elsewhere = Counter(note.target for note in owed_notes() if name and note.target != name)
    here = f" to {name}" if elsewhere else ""
    account.say(f"{account.owed} still owed{here}" if account.owed else f"nothing is owed{here}")
    for target, count in elsewhere.items():
        account.say(
            f"{count} still owed to {target}; `expkit sync` without --to and {TO_VARIABLE} delivers there,"
            f" and if that store has moved: expkit sync --to=URL --instead-of='{target}'"
        )


def _opened(url: str) -> RunStore:
    observer = open_observer(url, {}, {})
    if not isinstance(observer, StoreObserver):
        raise UsageError(f"--to and {TO_VARIABLE} name a store, and {observer} is none")
    return observer.store


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


def _sentence(outcome: Outcome) -> str:
    note, found = outcome.note, outcome.delivered
    if outcome.what == OWED:
        return _why_owed(outcome)
    return _SENTENCES[outcome.what].format(
        run=_label(note),
        target=outcome.target,
        root=note.store.root,
        id=found.id if found else "",
        but=f", but {found.lost}" if found and found.lost else "",
        process=note.pid or "on another machine",
    )


def _why_owed(outcome: Outcome) -> str:
    note, error = outcome.note, outcome.error
    if error is None:
        return f"{_label(note)} is owed to {outcome.target}; {_place(note)}"
    where = "" if isinstance(error, SourceGoneError) else f"; {_place(note)}"
    return f"{_label(note)} is still owed to {outcome.target}: {_said(error)}{where}"


def _to_json(outcome: Outcome) -> dict[str, Json]:
    note, found, error = outcome.note, outcome.delivered, outcome.error
    problems = [found.lost] if found and found.lost else [_said(error)] if error else []
    return {
        "uid": note.uid,
        "name": note.name,
        "target": outcome.target,
        "what": outcome.what,
        "id": found.id if found else None,
        "problems": [*problems],
    }


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


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ExpkitError) else f"{type(error).__name__}: {error}"
