"""How many bytes runs have: :class:`RunSize`, and :func:`measured` of many. What runs share is counted once."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from expkit._support.frozen import Frozen
from expkit._support.named import NamedTuple
from expkit.errors import DAMAGE, ExpkitError, RunNotFoundError
from expkit.record.later import Later
from expkit.record.model import OUTPUT
from expkit.record.tagged import run_blobs
from expkit.record.wire import annotation_to_json, record_to_json
from expkit.stores.disk.slots import SLOT as POINT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from expkit.readers.run import StoredRun
    from expkit.stores.base import RunStore
    from expkit.types import Json, RunId

POINT_BYTES = POINT
"""Bytes that a point of plain numbers takes in a folder; every store's points are counted like this."""


class RunSize(Frozen):
    """What a run has, in bytes: as it would lie in a folder. Databases and disks add their own.

    Attributes:
        id: of the run.
        uid: of the run.
        record: of the record and what was added later, as JSON.
        output: of what it printed.
        points: of its metrics, :data:`POINT_BYTES` each.
        files: of each of its kept files, by sha256; other runs may have the same.
    """

    id: RunId
    uid: str
    record: int
    output: int
    points: int
    files: Mapping[str, int]

    @property
    def own(self) -> int:
        """What no other run can have."""
        return self.record + self.output + self.points

    @property
    def total(self) -> int:
        """All of it."""
        return self.own + sum(self.files.values())


class Measured(NamedTuple):
    """A run, and what it has.

    Attributes:
        name: of the run.
        trashed: whether it lies in the trash.
        size: what it has.
    """

    name: str
    trashed: bool
    size: RunSize


def measured(runs: Iterable[StoredRun], on_trouble: Callable[[StoredRun, Exception], None]) -> list[Measured]:
    """Runs with their sizes, the biggest first, without those that were deleted meanwhile.

    What was read of a run is forgotten before the next one.

    Args:
        runs: which ones.
        on_trouble: called with each run that cannot be read, and why; these are left out.
    """
    found = []
    for run in runs:
        try:
            found.append(Measured(run.name, run.trashed is not None, size_of(run)))
        except RunNotFoundError:
            continue
        except (ExpkitError, *DAMAGE) as error:
            on_trouble(run, error)
        run.refresh()
    return sorted(found, key=lambda run: -run.size.total)


def size_of(run: StoredRun) -> RunSize:
    """How many bytes a run has.

    Raises:
        RunNotFoundError: somebody has deleted it.
        FormatError: it cannot be read.
    """
    trees: list[Json] = [record_to_json(run.record), *map(annotation_to_json, run.annotations)]
    ends = run.store.streams(run.uid)
    return RunSize(
        id=run.id,
        uid=run.uid,
        record=sum(len(json.dumps(tree, separators=(",", ":"))) for tree in trees),
        output=sum(end for key, end in ends.items() if key.content == OUTPUT),
        points=sum(end * POINT_BYTES for key, end in ends.items() if key.content != OUTPUT),
        files=_files(run),
    )


def together(sizes: Iterable[RunSize]) -> int:
    """Bytes of several runs, what they share counted once."""
    files: dict[str, int] = {}
    own = 0
    for size in sizes:
        own += size.own
        files |= size.files
    return own + sum(files.values())


def _files(run: StoredRun) -> dict[str, int]:
    """Bytes of kept files by their hash; of those that have none by what they are called."""
    refs = [ref for ref in (*run.record.files, *Later(run.annotations).files) if ref.kept]
    found = {ref.sha256 or f"{'' if ref.md5 else run.uid}/{ref.path}/{ref.md5}": ref.size for ref in refs}
    arrays = run_blobs(run.record, run.annotations) - found.keys()
    return found | {sha256: _length(run.store, sha256) for sha256 in arrays}


def _length(store: RunStore, sha256: str) -> int:
    """Bytes of an array, of which records do not say it; none where they are gone."""
    try:
        with store.open_blob(sha256) as file:
            return file.seek(0, os.SEEK_END)
    except (ExpkitError, *DAMAGE):
        return 0
