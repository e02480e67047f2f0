"""A store over what another tool wrote: read-only, so that everything that looks at runs, and copying, works on it."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from expkit.errors import StoreError
from expkit.record.model import OUTPUT
from expkit.stores import rules
from expkit.stores.base import Batch, Capabilities, RunKey
from expkit.stores.finding import find
from expkit.stores.foreign.refusing import ReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from expkit.record.model import Annotation, FileRef, Lease, Point, RunRecord, StreamKey
    from expkit.record.query import Query
    from expkit.stores.base import Change, KeepsForeignFiles, RunStore
    from expkit.stores.foreign.told import ForeignRun, Source, Told
    from expkit.types import RunId


class ForeignStore(ReadOnly):
    """The runs of another tool. Ids are numbers, counted in the order in which the runs began; the tool's own names will do.

    Args:
        source: reads the tool's files.

    Attributes:
        url: how to open it again.
        tool: what the tool is called that wrote the runs.
        on_damage: told once of each file that can be read in part only; by default the log is.
    """

    capabilities = Capabilities(durable=True)

    def __init__(self, source: Source) -> None:
        self.url = f"{source.scheme}:{source.place}"
        self.tool = source.tool
        self.on_damage: Callable[[str], object] = _warn
        self._source = source
        self._runs: dict[str, ForeignRun] = {}
        self._names: dict[str, str] = {}
        self._keys: list[RunKey] = []
        self._told: dict[str, tuple[Any, Told]] = {}
        self._reel: tuple[Any, int, Iterator[Point]] | None = None

    def __repr__(self) -> str:
        return f"ForeignStore({self.url!r})"

    def now(self) -> datetime:
        """The time of this machine."""
        return datetime.now(timezone.utc)

    def dropped(self, run: RunId) -> Mapping[str, int]:
        """What was met in a run's files and is not kept: how many of which things."""
        return self._look(run).dropped

    # -- reading ---------------------------------------------------------------------------------------

    def ids(self) -> list[RunKey]:
        """All runs, in the order in which they began."""
        if not os.path.exists(self._source.place):
            raise StoreError(f"there is no {self._source.place}")
        found = sorted(self._source.runs(), key=lambda run: (run.started, run.uid))
        self._runs = {run.uid: run for run in found}
        self._keys = [RunKey(number, uid) for number, uid in enumerate(self._runs, 1)]
        self._names = {run.name: run.uid for run in found} | {str(key.id): key.uid for key in self._keys}
        return list(self._keys)

    def load(self, run: RunId) -> RunRecord:
        """What the tool's files say, as a record."""
        found = self._run(run)
        id = next(key.id for key in self._keys if key.uid == found.uid)
        return self._look(found.uid).record.but(id=id)

    def streams(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""
        return {key: end for key, end in self._look(run).ends.items() if end}

    def read(self, run: RunId, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Part of a stream."""
        found = self._run(run)
        if stream.content == OUTPUT:
            return found.output(offset, limit)
        if stream not in self._look(run).ends:
            return []
        return self._points(found, stream, offset, limit)

    def _points(self, run: ForeignRun, stream: StreamKey, offset: int, limit: int | None) -> list[Point]:
        """Reading goes on where it stopped, so that nobody reads a file anew for each batch."""
        which = run.uid, stream, run.stamp()
        if self._reel is None or self._reel[:2] != (which, offset):
            points = run.points(stream)
            self._reel = which, offset, islice(points, offset, None)
        batch = list(islice(self._reel[2], limit))
        self._reel = which, offset + len(batch), self._reel[2]
        return batch

    def lease(self, run: RunId) -> Lease | None:
        """There are none: of runs that have not ended, the record says when they last wrote."""
        self._run(run)
        return None

    def annotations(self, run: RunId) -> list[Annotation]:
        """The name that people gave it, and notes."""
        return list(self._look(run).notes)

    def changes(self, since: str = "") -> tuple[list[Change], str]:
        """The tools keep no log of changes."""
        if since:
            raise rules.bad_cursor(since, self.url)
        return [], ""

    def find(
        self,
        query: Query | None = None,
        columns: Sequence[str] | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of the runs that match."""
        return find(self, query, columns, order, limit)

    def has_blob(self, sha256: str) -> bool:  # noqa: ARG002 - nobody wrote down a hash
        """Never: the tools know their files by name."""
        return False

    def open_blob(self, sha256: str) -> BinaryIO:
        """There are none; see :meth:`open_foreign`."""
        raise rules.no_bytes(sha256, self.url)

    def open_foreign(self, run: RunId, file: FileRef) -> BinaryIO:
        """The bytes of a file of a run."""
        return self._run(run).open(file)

    def close(self) -> None:
        """Nothing to let go of."""

    # -- inside ----------------------------------------------------------------------------------------

    def _run(self, run: RunId) -> ForeignRun:
        uid = self._known(run)
        if uid is None:
            self.ids()
            uid = self._known(run)
        if uid is None:
            raise rules.not_found(run, self.url)
        return self._runs[uid]

    def _known(self, run: RunId) -> str | None:
        return str(run) if run in self._runs else self._names.get(str(run))

    def _look(self, run: RunId) -> Told:
        found = self._run(run)
        stamp = found.stamp()
        known = self._told.get(found.uid)
        if known is None or known[0] != stamp:
            known = self._told[found.uid] = stamp, found.tell()
            for sentence in known[1].damage:
                self.on_damage(sentence)
        return known[1]


def _warn(sentence: str) -> None:
    from logging import getLogger

    getLogger("expkit").warning("%s", sentence)


if TYPE_CHECKING:
    _source: Any = None
    _proof: RunStore = ForeignStore(_source)
    _files: KeepsForeignFiles = ForeignStore(_source)
