"""Cleaning up: the trash, which runs lie there, and what goes for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple
from expkit.errors import DAMAGE, ExpkitError, FormatError, RunNotFoundError, StoreError
from expkit.readers.sizes import measured, together
from expkit.record.model import COPYING, RUNNING
from expkit.record.query import Exists
from expkit.record.wire import time_from_json

if TYPE_CHECKING:
    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs

MONTH = 30 * 86400.0
"""Seconds for which runs lie in the trash, if nobody says otherwise."""


DAY = 86400.0
"""Seconds for which files that no run names stay: a run may be about to name them."""

_GOING_ON = (RUNNING, COPYING)
# Somebody still writes such runs: whatever was said of them, they are not for cleaning up.


class Collected(NamedTuple):
    """What :func:`gc` did, or would do.

    Attributes:
        runs: those that were deleted; what was read of them is still here.
        files: how many files went that no run had named before.
        bytes: that no run has but these, where nothing was to be removed; None where they are gone.
    """

    runs: list[StoredRun]
    files: int
    bytes: int | None


def gc(runs: Runs, older: float = MONTH, grace: float = DAY, *, dry_run: bool = False) -> Collected:
    """Empty the trash, and remove files that no run names.

    Args:
        runs: those of a store; what of them lies in the trash goes, be it among them or not. ``expkit.runs()``: all of it.
            Files that no run names go wherever they are in the store.
        older: seconds for which runs must have been in the trash.
        grace: seconds for which files stay.
        dry_run: remove nothing, and say what would go.

    Raises:
        FormatError: a run cannot be read, so nobody knows which files it names.
    """
    old = in_trash(runs, older)
    if dry_run:
        return Collected(old, runs.store.sweep(grace, dry_run=True), freed(runs, old) if old else 0)
    files = runs.store.sweep(grace, dry_run=bool(old))
    if old:
        old = [run for run in old if _purged(run)]
        runs.store.sweep(grace)  # what they leave is not counted, as a dry run cannot count it
    return Collected(old, files, None)


def delete(run: StoredRun, *, purge: bool, force: bool, author: str | None) -> bool:
    """See :meth:`expkit.readers.run.StoredRun.delete`."""
    if not force and is_going_on(run.refresh()):
        raise StoreError(f"run {run.id} goes on; stop it first, or say force=True")
    if purge:
        run.store.delete(run.uid)
    elif run.trashed is not None:
        return False
    else:
        run.trash(author)
    return True


def is_going_on(run: StoredRun) -> bool:
    """Whether somebody still writes a run; nobody writes one that cannot be read."""
    try:
        return run.state in _GOING_ON
    except (ExpkitError, *DAMAGE):
        return False


def _purged(run: StoredRun) -> bool:
    """Delete a run, unless somebody has taken it out of the trash, started or deleted it a moment ago."""
    try:
        if run.refresh().trashed is None or run.state in _GOING_ON:
            return False
        _ = run.record  # it is named once it is gone
        run.store.delete(run.uid)
    except RunNotFoundError:
        return False
    return True


def in_trash(runs: Runs, older: float = 0.0) -> list[StoredRun]:
    """Runs that lie in the trash, without those that go on.

    Args:
        runs: those of a store, with or without the trash.
        older: seconds for which they have been there at least.
    """
    now, runs = runs.store.now(), runs.with_trash
    found = []
    for row in runs.where(Exists("trash")).find(["id", "uid", "trash.time", "state"]):
        if row["state"] in _GOING_ON:
            continue
        try:
            since = time_from_json(row["trash.time"])
        except FormatError:
            continue
        if since is not None and (now - since).total_seconds() >= older:
            found.append(runs[row["uid"]])
    return found


def freed(runs: Runs, going: list[StoredRun]) -> int:
    """Bytes that go with some runs of a store: those that no other run has.

    Args:
        runs: some of the store.
        going: which are to go.
    """
    uids = {run.uid for run in going}
    everything = type(runs)(runs.store, trash=True)
    sizes = [found.size for found in measured(everything, lambda *_: None)]
    return together(sizes) - together(size for size in sizes if size.uid not in uids)
