"""The TinyDB store: :class:`TinyDbStore`."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from expkit.errors import BlobNotFoundError, RunNotFoundError, StoreNameError
from expkit.record.model import OUTPUT, RUNNING, StreamKey
from expkit.record.wire import annotation_from_json, annotation_to_json, record_to_json
from expkit.stores import rules
from expkit.stores.base import Blob, Capabilities, RunKey
from expkit.stores.disk import files, text
from expkit.stores.disk.blobs import Blobs
from expkit.stores.disk.changes import ChangeLog, Logs
from expkit.stores.disk.leases import Leases
from expkit.stores.disk.reserve import Reserve, is_full
from expkit.stores.disk.streams import Streams
from expkit.stores.disk.text import reading
from expkit.stores.disk.version import FormatFile
from expkit.stores.finding import find
from expkit.stores.tinydb.database import Database
from expkit.stores.tinydb.documents import OUTPUT_KEPT, from_document, to_document
from expkit.stores.tinydb.layout import DatabaseLayout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from expkit.record.model import Annotation, FileRef, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import Batch, Change, LiesInFiles, RunStore
    from expkit.stores.disk.layout import RunLayout
    from expkit.stores.tinydb.database import Draft
    from expkit.stores.tinydb.lines import Row
    from expkit.types import RunId


class TinyDbStore:
    """Runs as documents of a TinyDB database, ``metadata.json``, in the table ``runs``.

    Implements :class:`~expkit.stores.base.RunStore`; a database that Sacred began is continued. A run's document is
    written when it starts, when its status changes and when it ends. What comes in between lies beside the tables: the newest
    record, output, points, signs of life. Many processes of one machine may use one database at once; nothing is written
    before the first run is created.

    Args:
        root: the folder of the database; made with the first run.
    """

    capabilities = Capabilities(durable=True, shared=True)

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.url = f"tinydb:{os.fspath(root)}"
        self._layout = layout = DatabaseLayout(os.path.abspath(root))
        self._format = FormatFile(layout)
        self._database = Database(layout.database, layout.lock, layout.scratch, layout.runs)
        self._blobs = Blobs(layout)
        self._changes = ChangeLog(layout.changes)
        self._leases = Leases(layout)
        self._reserve = Reserve(layout.reserve)
        self._streams = Streams(layout.locks)

    def __repr__(self) -> str:
        return f"TinyDbStore({self.url!r})"

    @property
    def root(self) -> Path:
        """The folder of the database."""
        return Path(self._layout.root)

    @property
    def own_paths(self) -> tuple[str, ...]:
        """The database and what lies beside it; other files may share its folder."""
        return self._layout.database, self._layout.hidden, self._layout.hashfs

    def now(self) -> datetime:
        """The file system's clock."""
        return self._leases.now()

    def preflight(self) -> None:
        """Find out whether the disk answers; the clock would be asked by writing."""
        os.path.exists(self.root)

    # -- records ---------------------------------------------------------------------------------------

    def create(
        self, record: RunRecord, *, id: RunId | None = None, bind: bool = False, lease: Lease | None = None
    ) -> RunId:
        """Take in a new run and return its id; see :meth:`RunStore.create <expkit.stores.base.RunStore.create>`."""
        if id is not None and not str(id):
            raise StoreNameError("a run's id cannot be an empty text")
        self._prepare()
        with self._database.locked():
            draft = self._database.draft()
            if (known := draft.tables.find(record.uid)) is not None:
                return known.id
            run_id = draft.claim(id, bind=bind, path=self._layout.database)
            self._add(draft, record.but(id=run_id), lease)
        self._changes.add(record.uid, "created")
        return run_id

    def save(self, record: RunRecord) -> None:
        """Replace the record of ``record.uid``."""
        self._ours(record.uid)
        with self._database.locked():
            row = self._ours(record.uid)
            if (record.status, record.segment, row.status) == (RUNNING, row.segment, RUNNING):
                self._write_beside(row, record)
            else:
                self._write_document(row, record)
        self._changes.add(record.uid, "resumed" if record.segment > row.segment else "saved")

    def load(self, run: RunId) -> RunRecord:
        """The newest record of a run."""
        row = self._row(run)
        if not row.is_ours:
            from expkit.stores.tinydb import sacred

            return sacred.record_of(self._database.document(row.uid), row.id, self._layout)
        return self._newest(row).but(id=row.id)

    def ids(self) -> list[RunKey]:
        """All runs, in order of creation."""
        self._format.check()
        return [RunKey(row.id, row.uid) for row in self._database.tables().rows]

    def documents(self) -> Iterator[tuple[int, RunRecord]]:
        """TinyDB's number and the newest record of all runs, in order of creation."""
        self._format.check()
        for row in self._database.tables().rows:
            with suppress(RunNotFoundError):  # somebody has just deleted it
                yield row.number, self.load(row.uid)

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Change the status if it is ``expected``; of several callers at once exactly one gets True."""
        self._ours(run)
        with self._database.locked():
            row = self._ours(run)
            record = self._newest(row)
            if record.status != expected:
                return False
            self._write_document(row, record.but(status=status))
        self._changes.add(row.uid, "saved")
        return True

    # -- streams ---------------------------------------------------------------------------------------

    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add ``batch`` at ``offset``; return the new end."""
        return self._streams.append(self._beside(run), stream, offset, batch)

    def read(self, run: RunId, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Items from ``offset`` on, at most ``limit``."""
        row = self._row(run)
        if row.is_ours:
            return self._streams.read(self._layout.beside(row.uid), stream, offset, limit)
        if stream != _SACREDS:
            return rules.empty(stream)
        return self._sacreds_output(row)[offset : None if limit is None else offset + limit]

    def columns(self, run: RunId, stream: StreamKey) -> Mapping[Any, Any] | None:
        """All points of a stream, column by column; see :class:`expkit.stores.base.KeepsColumns`."""
        row = self._row(run)
        return self._streams.columns(self._layout.beside(row.uid), stream) if row.is_ours else None

    def streams(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""
        row = self._row(run)
        if row.is_ours:
            return self._streams.ends(self._layout.beside(row.uid))
        output = self._sacreds_output(row)
        return {_SACREDS: len(output)} if output else {}

    # -- leases ----------------------------------------------------------------------------------------

    def renew(self, run: RunId, lease: Lease) -> None:
        """Write the lease, stamped with the file system's clock."""
        self._leases.renew(self._beside(run).lease, lease)

    def lease(self, run: RunId) -> Lease | None:
        """The last lease, or None if there never was one."""
        return self._leases.read(self._layout.beside(self._row(run).uid).lease)

    # -- bytes -----------------------------------------------------------------------------------------

    def put_blob(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes under their hash."""
        self._prepare()
        stored = self._blobs.put(source)
        return Blob(stored.sha256, stored.size)

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are here."""
        return self._blobs.has(sha256)

    def open_blob(self, sha256: str) -> BinaryIO:
        """The bytes, for reading."""
        return self._blobs.open(sha256)

    def path_of(self, digest: str) -> Path:
        """Where the bytes with this sha256 lie, or lay if they are gone; with an md5, those that Sacred kept."""
        return Path(self._layout.sacreds(digest) if len(digest) == _MD5 else self._layout.blob(digest))

    def open_file(self, digest: str) -> BinaryIO:
        """The bytes of a run's file, by its sha256, or by its md5 where Sacred kept them.

        Raises:
            BlobNotFoundError: they are not here.
        """
        if len(digest) != _MD5:
            return self.open_blob(digest)
        try:
            return self.path_of(digest).open("rb")
        except OSError as error:
            raise BlobNotFoundError(f"no bytes with md5 {digest} in {self._layout.hashfs}") from error

    def open_foreign(self, run: RunId, file: FileRef) -> BinaryIO:  # noqa: ARG002 - Sacred kept files of all runs together
        """The bytes of a file that Sacred kept for a run that it recorded."""
        return self.open_file(file.md5)

    # -- afterwards ------------------------------------------------------------------------------------

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Add a later fact."""
        uid = self._row(run).uid
        self._prepare()
        Logs(self._layout.annotations(uid)).append(annotation_to_json(annotation))
        self._changes.add(uid, "annotated")

    def annotations(self, run: RunId) -> list[Annotation]:
        """Later facts, in order of their time."""
        with reading(folder := self._layout.annotations(self._row(run).uid)):
            return rules.in_order(map(annotation_from_json, Logs(folder).all()))

    def changes(self, since: str = "") -> tuple[list[Change], str]:
        """What happened after the cursor ``since``, and the new cursor."""
        self._format.check()
        return self._changes.since(since)

    def find(
        self,
        query: Query | None = None,
        columns: Sequence[str] | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of the runs that match, lazily."""
        return find(self, query, columns, order, limit)

    def delete(self, run: RunId) -> None:
        """Take the run out of every list; what lies beside is removed by ``sweep``."""
        self._row(run)
        self._prepare()
        with self._database.locked():
            row = self._row(run)
            draft = self._database.draft()
            draft.remove(row)
            self._database.write(draft)
            files.throw_away(self._layout.beside(row.uid).folder, self._layout.trash)
            files.throw_away(self._layout.annotations(row.uid), self._layout.trash)
        self._changes.add(row.uid, "deleted")

    def sweep(self, grace: float = 86400.0, *, dry_run: bool = False) -> int:
        """Remove bytes that no run names and that are older than ``grace`` seconds; return how many files went."""
        from expkit.stores.tinydb.sweep import sweep

        self._format.check()
        return sweep(self, self._layout, self.now().timestamp() - grace, dry_run=dry_run)

    def close(self) -> None:
        """Let go of what was remembered of streams."""
        self._streams.drop()

    # -- inside ----------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Make what must be there before the first thing is written."""
        self._format.check()
        if not os.path.exists(self._layout.format):
            os.makedirs(self._layout.runs, exist_ok=True)
            with self._database.locked():
                if not os.path.exists(self._layout.database):
                    self._database.write(self._database.draft())
            self._reserve.make()
            self._format.make()

    def _row(self, run: RunId) -> Row:
        self._format.check()
        return self._database.find(run)

    def _ours(self, run: RunId) -> Row:
        """Where a run is that may be written to."""
        row = self._row(run)
        if not row.is_ours:
            raise rules.read_only(row.id, self._layout.database)
        return row

    def _beside(self, run: RunId) -> RunLayout:
        """The files of a run that may be written to."""
        return self._layout.beside(self._ours(run).uid)

    def _newest(self, row: Row) -> RunRecord:
        """The record beside the tables while a run lasts, else the one in its document."""
        if row.status == RUNNING and (data := files.find(path := self._layout.beside(row.uid).record)) is not None:
            with reading(path):
                record = from_document(text.parsed(data), path)
            if record.segment == row.segment:  # else a process died before it had removed it
                return record
        return from_document(self._database.document(row.uid), f"{self._layout.database}: run {row.id}")

    def _add(self, draft: Draft, record: RunRecord, lease: Lease | None) -> None:
        beside = self._layout.beside(record.uid)
        files.throw_away(
            beside.folder, self._layout.trash
        )  # of a process that died before it could write more, or less
        os.makedirs(beside.folder)
        try:
            if lease is not None:
                self._leases.renew(beside.lease, lease)
            draft.add(to_document(record))
            self._write(draft, needed=False)
        except BaseException:
            files.throw_away(beside.folder, self._layout.trash)
            raise

    def _write_beside(self, row: Row, record: RunRecord) -> None:
        tree = record_to_json(record.but(id=row.id))
        files.replace(self._layout.beside(row.uid).record, text.line(tree), self._layout.scratch)

    def _write_document(self, row: Row, record: RunRecord) -> None:
        draft = self._database.draft()
        draft.replace(row, to_document(record.but(id=row.id), self._last_output(row.uid, record.segment)))
        self._write(draft, needed=record.status != RUNNING)
        beside = self._layout.beside(row.uid).record
        if os.path.exists(beside):
            files.remove(beside)

    def _write(self, draft: Draft, *, needed: bool) -> None:
        """Replace the database; one that is ``needed`` may use the room that is held back."""
        try:
            self._database.write(draft)
        except OSError as error:
            if not needed or not is_full(error):
                raise
            self._reserve.release()
            self._database.write(draft)

    def _last_output(self, uid: str, segment: int) -> bytes:
        stream, beside = StreamKey(OUTPUT, segment), self._layout.beside(uid)
        end = self._streams.ends(beside).get(stream, 0)
        data = self._streams.read(beside, stream, max(0, end - OUTPUT_KEPT), OUTPUT_KEPT)
        return bytes(cast("bytes", data))

    def _sacreds_output(self, row: Row) -> bytes:
        from expkit.stores.tinydb import sacred

        return sacred.output_of(self._database.document(row.uid))


_MD5 = 32
_SACREDS = StreamKey(OUTPUT)
"""The one stream that the predecessor knew."""

if TYPE_CHECKING:
    _proof: RunStore = TinyDbStore("")
    _files_proof: LiesInFiles = TinyDbStore("")
