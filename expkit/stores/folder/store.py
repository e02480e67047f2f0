"""The folder store: :class:`FolderStore`."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from expkit.errors import DAMAGE
from expkit.record.model import COPYING, POINTS, QUEUED, RUNNING
from expkit.record.wire import annotation_from_json, annotation_to_json
from expkit.stores.disk import files, output, text
from expkit.stores.disk.changes import Logs
from expkit.stores.disk.layout import StoreLayout, check_place, shown_files
from expkit.stores.disk.text import reading
from expkit.stores.folder import metrics
from expkit.stores.folder.keeping import show_all
from expkit.stores.folder.log import RunLog, take_over
from expkit.stores.folder.making import Maker
from expkit.stores.folder.parts import Parts
from expkit.stores.folder.records import SHARED, Stored, Writer, read_run, read_tree, version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from expkit.record.model import Annotation, FileRef, Lease, RunRecord, StreamKey
    from expkit.record.query import Query
    from expkit.stores.base import Batch, Blob, Capabilities, Change, IsLocalLog, LiesInFiles, RunKey, RunStore
    from expkit.stores.disk.layout import RunLayout
    from expkit.stores.folder.index import Entry
    from expkit.types import Json, RunId


class FolderStore:
    """Runs in a folder, one sub-folder each, as the predecessor laid them out.

    Implements :class:`~expkit.stores.base.RunStore`; a folder that Sacred began is continued. Nothing is written before
    the first run is created. Many processes on many machines may use one folder at once.

    Args:
        root: the folder; made with the first run.
        resource_dir: where resources are shown; default ``root/_resources``.
        source_dir: where sources are shown; default ``root/_sources``.

    Attributes:
        on_indexing: told how many of how many runs ``find`` has read into its index, while these are many.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        resource_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self._url = f"folder:{os.fspath(root)}"
        self._layout = StoreLayout(
            os.path.abspath(check_place(os.fspath(root))), _absolute(resource_dir), _absolute(source_dir)
        )
        self._parts = Parts(self._layout)
        self._maker = Maker(self._parts)
        self._logs: dict[str, RunLog] = {}
        self._ended: dict[str, tuple[Any, bool]] = {}
        self.on_indexing: Callable[[int, int], None] | None = None

    @property
    def root(self) -> Path:
        """The store's folder."""
        return Path(self._layout.root)

    @property
    def own_paths(self) -> tuple[str, ...]:
        """The folder, and those in which sources and resources are shown."""
        return self._layout.root, self._layout.resources, self._layout.sources

    @property
    def url(self) -> str:
        """How to open this store again."""
        return self._url

    @property
    def capabilities(self) -> Capabilities:
        """Durable, shared, with a folder per run."""
        from expkit.stores.answers import Capabilities

        return Capabilities(durable=True, shared=True, folder=True)

    def now(self) -> datetime:
        """The file system's clock."""
        return self._parts.leases.now()

    def preflight(self) -> None:
        """Find out whether the disk answers; the clock would be asked by writing."""
        os.path.exists(self.root)

    # -- records ---------------------------------------------------------------------------------------

    def create(
        self, record: RunRecord, *, id: RunId | None = None, bind: bool = False, lease: Lease | None = None
    ) -> str:
        """Take in a new run and return its id; see :meth:`RunStore.create <expkit.stores.base.RunStore.create>`."""
        return self._maker.create(record, id, bind=bind, lease=lease)

    def save(self, record: RunRecord) -> None:
        """Replace the record of ``record.uid``.

        While this process runs that run, its log has the last word: only files that it does not know are taken over.
        """
        entry = self._writable(record.uid)
        if log := self._logs.get(entry.uid):
            take_over(log, record)
            return
        run = self._layout.run(entry.id)
        before = read_run(run)
        show_all(self._parts, run, record)
        if record.stop_time is not None:
            metrics.export_small(run, record.segment, self._layout.scratch)
        # a writer of its own, because the other one takes it that trees which it knows do not change
        Writer(self._layout).write(run, record, before.stamp, before.record)
        self._parts.changes.add(record.uid, "resumed" if record.segment > before.record.segment else "saved")

    def load(self, run: RunId) -> RunRecord:
        """The record, with everything that its process has written so far."""
        return read_run(self._run(run)).record

    def ids(self) -> list[RunKey]:
        """All runs, in order of creation."""
        from expkit.stores.answers import RunKey

        return [RunKey(entry.id, entry.uid) for entry in self._parts.index.entries()]

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Change the status if it is ``expected``; of several callers at once exactly one gets True."""
        layout = self._layout.run(self._writable(run).id)
        stored = read_run(layout)
        while stored.record.status == expected:
            number = stored.stamp.claims + 1
            try:
                files.write_new(layout.claim(number), text.line([expected, status]))
            except FileExistsError:
                stored = read_run(layout)
                continue
            changed = stored.record.but(status=status)
            self._parts.writer.write(layout, changed, stored.stamp._replace(claims=number), stored.record)
            self._parts.changes.add(changed.uid, "saved")
            return True
        return False

    # -- streams ---------------------------------------------------------------------------------------

    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add ``batch`` at ``offset``; return the new end."""
        entry = self._writable(run)
        layout = self._layout.run(entry.id)
        end = self._parts.streams.own.append(layout, stream, offset, batch)
        if batch and stream.content == POINTS and self._has_ended(layout):
            self._parts.changes.add(entry.uid, "saved")  # nobody looks at a run that has ended without being told to
        return end

    def read(self, run: RunId, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Items from ``offset`` on, at most ``limit``."""
        return self._parts.streams.read(self._parts.index.find(run), stream, offset, limit)

    def columns(self, run: RunId, stream: StreamKey) -> Mapping[Any, Any] | None:
        """All points of a stream, column by column; see :class:`expkit.stores.base.KeepsColumns`."""
        return self._parts.streams.columns(self._parts.index.find(run), stream)

    def streams(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""
        return self._parts.streams.ends(self._parts.index.find(run))

    def settled(self, run: RunId, stream: StreamKey) -> int:
        """How much of the output of a run that goes on will not change any more; see :class:`expkit.stores.base.Settles`."""
        return output.settled(self._run(run).stream(stream))

    # -- leases ----------------------------------------------------------------------------------------

    def renew(self, run: RunId, lease: Lease) -> None:
        """Write the lease, stamped with the file system's clock."""
        self._parts.leases.renew(self._layout.run(self._writable(run).id).lease, lease)

    def lease(self, run: RunId) -> Lease | None:
        """The last lease, or None if there never was one."""
        return self._parts.leases.read(self._run(run).lease)

    def take_rank(self, run: RunId, rank: int, lease: Lease) -> bool:
        """Take the place of a rank other than 0, until its log is closed; False where another process has it.

        Two of one rank would write to the same files. It happens where a rank starts processes that inherit its
        environment.
        """
        from expkit.stores.folder.ranks import take

        record = self.load(run)
        return take(self._run(run), record.segment, rank, lease)

    def ranks_at_work(self, run: RunId) -> list[int]:
        """The ranks other than 0 that have begun, live, and have not said their end."""
        from expkit.stores.folder.ranks import ranks_at_work

        return ranks_at_work(self._run(run))

    def last_words(self, run: RunId) -> tuple[bytes, datetime] | None:
        """What the run's process left when it died, see :mod:`expkit.stores.death`, and when; None if nothing."""
        layout = self._run(run)
        path = layout.last_words(read_run(layout).record.segment)
        try:
            when = datetime.fromtimestamp(os.stat(path).st_mtime, timezone.utc)
        except OSError:
            return None
        return files.read(path), when

    # -- bytes -----------------------------------------------------------------------------------------

    def put_blob(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes under their hash."""
        from expkit.stores.answers import Blob

        self._parts.prepare()
        stored = self._parts.blobs.put(source)
        return Blob(stored.sha256, stored.size)

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are here."""
        return self._parts.blobs.has(sha256)

    def open_blob(self, sha256: str) -> BinaryIO:
        """The bytes, for reading."""
        return self._parts.blobs.open(sha256)

    def blob_path(self, sha256: str) -> Path:
        """Where the bytes of this hash lie, read-only."""
        return Path(self._layout.blob(sha256))

    def open_foreign(self, run: RunId, file: FileRef) -> BinaryIO:
        """The bytes of a file that Sacred kept for a run that it recorded."""
        from expkit.stores.folder import sacred

        return sacred.open_file(layout := self._run(run), read_tree(layout), file)

    # -- afterwards ------------------------------------------------------------------------------------

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Add a later fact."""
        uid = self._parts.index.find(run).uid
        self._parts.prepare()
        Logs(self._layout.annotations(uid)).append(annotation_to_json(annotation))
        self._parts.changes.add(uid, "annotated")

    def annotations(self, run: RunId) -> list[Annotation]:
        """Later facts, in order of their time."""
        from expkit.stores.rules import in_order

        with reading(folder := self._layout.annotations(self._parts.index.find(run).uid)):
            return in_order(map(annotation_from_json, Logs(folder).all()))

    def changes(self, since: str = "") -> tuple[list[Change], str]:
        """What happened after the cursor ``since``, and the new cursor."""
        self._parts.format.check()
        return self._parts.changes.since(since)

    def find(
        self,
        query: Query | None = None,
        columns: Sequence[str] | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of the runs that match, lazily."""
        from expkit.stores.folder.looking import find

        self._parts.format.check()
        return find(self, self._parts, query, columns, order, limit)

    def shown(self, record: RunRecord) -> dict[str, list[Json]]:
        """Where the sources and the resources of a run are shown, by role."""
        return {role: shown_files(self._layout, record, role) for role in SHARED}

    def export_metrics(self, run: RunId) -> Path:
        """Write ``metrics.json``, however many points there are, and return its path."""
        layout = self._layout.run(self._writable(run).id)
        metrics.export(layout, read_run(layout).record.segment, self._layout.scratch)
        return Path(layout.metrics)

    def lost_points(self, run: RunId) -> int:
        """How many points ``metrics.json`` tells of that are in no file: somebody has taken such a file away."""
        entry = self._parts.index.find(run)
        layout = self._layout.run(entry.id)
        return 0 if entry.sacred else metrics.lost(layout, read_run(layout).record.segment)

    def delete(self, run: RunId) -> None:
        """Take the run out of every list at once; ``sweep`` removes what nobody needs any more."""
        entry = self._parts.index.find(run)
        self._parts.prepare()
        for folder in (self._layout.run(entry.id).folder, self._layout.annotations(entry.uid)):
            files.throw_away(folder, self._layout.trash)
        self._parts.ids.forget(entry.uid)
        self._parts.streams.own.drop()  # a new run may get the same id, and its files the same paths
        self._parts.changes.add(entry.uid, "deleted")

    def sweep(self, grace: float = 86400.0, *, dry_run: bool = False) -> int:
        """Remove bytes that no run names and that are older than ``grace`` seconds; return how many files went."""
        from expkit.stores.folder.sweep import sweep

        self._parts.format.check()
        return sweep(self._parts, self.now().timestamp() - grace, dry_run=dry_run)

    def close(self) -> None:
        """Let go of what was remembered of streams."""
        self._parts.streams.own.drop()

    # -- the local log ---------------------------------------------------------------------------------

    def open_log(self, run: RunId, segment: int = 0, rank: int = 0) -> RunLog:
        """Start writing about a run in this process, which is the only one that runs this segment and rank of it.

        A ``segment`` beyond the run's last one resumes the run: new files join it, those of earlier segments stay.
        """
        entry = self._writable(run)
        layout = self._layout.run(entry.id)
        stored = self._maker.latest(layout)
        resumed = segment > stored.record.segment
        if resumed and rank == 0:
            stored = Stored(stored.record.but(segment=segment), stored.stamp)
            self._parts.writer.write(layout, *stored[:2])
            self._parts.changes.add(entry.uid, "resumed")
        log = RunLog(self._parts, layout, stored, segment, rank, on_close=self._forget)
        if rank == 0:
            self._logs[entry.uid] = log
        return log

    # -- processes that make a run together ------------------------------------------------------------

    def post(self, name: str, data: bytes) -> None:
        """Leave something under a name for other processes of a job; the last one counts."""
        self._parts.prepare()
        os.makedirs(self._layout.jobs, exist_ok=True)
        files.replace(f"{self._layout.jobs}/{name}", data, self._layout.scratch)

    def posted(self, name: str) -> bytes:
        """What was left under a name; nothing where nobody has."""
        return files.read(f"{self._layout.jobs}/{name}")

    # -- inside ----------------------------------------------------------------------------------------

    def _has_ended(self, run: RunLayout) -> bool:
        seen = version(run.record)
        if self._ended.get(run.id, (None, False))[0] != seen:
            try:
                status = read_tree(run).get("status")
            except DAMAGE:
                status = RUNNING
            self._ended = {run.id: (seen, status not in (RUNNING, QUEUED, COPYING))}
        return self._ended[run.id][1]

    def _forget(self, log: RunLog) -> None:
        if self._logs.get(log.record.uid) is log:
            del self._logs[log.record.uid]

    def _run(self, run: RunId) -> RunLayout:
        return self._layout.run(self._parts.index.find(run).id)

    def _writable(self, run: RunId) -> Entry:
        entry = self._parts.index.find(run)
        if entry.sacred:
            from expkit.stores.rules import read_only

            raise read_only(entry.id, self._layout.root)
        return entry


def _absolute(path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else os.path.abspath(path)


if TYPE_CHECKING:
    _proof: RunStore = FolderStore(".")
    _log_proof: IsLocalLog = FolderStore(".")
    _files_proof: LiesInFiles = FolderStore(".")
