"""The trash: which runs lie there, and what goes for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.errors import DAMAGE, ExpkitError, FormatError
from expkit.readers.sizes import RunSize, size_of, together
from expkit.record.model import COPYING, RUNNING
from expkit.record.query import Exists
from expkit.record.wire import time_from_json

if TYPE_CHECKING:
    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs

MONTH = 30 * 86400.0
"""Seconds for which runs lie in the trash, if nobody says otherwise."""


GOING_ON = (RUNNING, COPYING)
"""States of runs that somebody still writes: whatever was said of them, they are not for cleaning up."""


def in_trash(runs: Runs, older: float = 0.0) -> list[StoredRun]:
    """Runs that lie in the trash, without those that go on.

    Args:
        runs: all runs of a store, those in the trash being among them.
        older: seconds for which they have been there at least.
    """
    now = runs.store.now()
    found = []
    for row in runs.where(Exists("trash")).find(["id", "uid", "trash.time", "state"]):
        if row["state"] in GOING_ON:
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
        runs: all runs of the store, those in the trash being among them.
        going: which are to go.
    """
    uids = {run.uid for run in going}
    sizes = {run.uid: size for run in runs if (size := _size(run)) is not None}
    staying = [size for uid, size in sizes.items() if uid not in uids]
    return together(sizes.values()) - together(staying)


def _size(run: StoredRun) -> RunSize | None:
    try:
        return size_of(run)
    except (ExpkitError, *DAMAGE):
        return None
