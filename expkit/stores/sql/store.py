"""The store that keeps runs in an SQL database: :class:`SqlStore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

from expkit.errors import BlobNotFoundError, RunNotFoundError
from expkit.record.model import BY_SACRED, OUTPUT, StreamKey
from expkit.stores import rules
from expkit.stores.base import Batch, Blob, Capabilities, RunKey
from expkit.stores.named import named
from expkit.stores.sql.place import Place, place_of
from expkit.stores.sql.trouble import needing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from expkit.record.model import Annotation, FileRef, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import Change, LiesInFiles, RunStore
    from expkit.stores.sql.files import Blobs
    from expkit.stores.sql.runs import Runs
    from expkit.stores.sql.sacred import Sacreds, Theirs
    from expkit.stores.sql.server import Server
    from expkit.stores.sql.streams import Streams
    from expkit.types import RunId


_T = TypeVar("_T")


class _Parts(NamedTuple):
    """What does the work; it needs SQLAlchemy."""

    server: Server
    runs: Runs
    streams: Streams
    blobs: Blobs
    sacreds: Sacreds


class SqlStore:
    """Keeps runs in an SQL database. Nothing is loaded, connected or written before the first use.

    Args:
        place: where the runs lie, or the URL that says so; see :func:`expkit.stores.sql.place.place_of`.
        engine: somebody's own ``sqlalchemy.Engine``; None: one of our own.
        echo: log every statement, by ``logging``.

    Raises:
        StoreError: the URL names no such database.
    """

    capabilities = Capabilities(durable=True, shared=True)

    def __init__(self, place: Place | str, engine: Any = None, *, echo: bool = False) -> None:
        self._place = place_of(place) if isinstance(place, str) else place
        self._engine = engine
        self._echo = echo
        self._made: _Parts | None = None

    @property
    def url(self) -> str:
        """How to open this store again; the password is masked."""
        return self._place.url

    @property
    def absolute_url(self) -> str:
        """The same, whatever the working directory."""
        return self._place.absolute_url

    def __repr__(self) -> str:
        return f"SqlStore({self.url!r})"

    @property
    def place(self) -> Place:
        """Where the runs lie."""
        return self._place

    @property
    def own_paths(self) -> tuple[str, ...]:
        """The files of a SQLite database."""
        return self._place.files

    @property
    def server(self) -> Server:
        """The database."""
        return self._parts.server

    @property
    def opened(self) -> int:
        """How often another database, or none, stood in the place of the one that was open, as far as that was noticed."""
        return self._made.server.opened if self._made is not None else 0

    @property
    def _parts(self) -> _Parts:
        if self._made is None:
            needing(self._place, self._load)
        assert self._made is not None
        return self._made

    def _load(self) -> None:
        from expkit.stores.sql.files import Blobs
        from expkit.stores.sql.runs import Runs
        from expkit.stores.sql.sacred import Sacreds
        from expkit.stores.sql.server import Server
        from expkit.stores.sql.streams import Streams

        server = Server(self._place, self._engine, echo=self._echo)
        _ = server.engine  # which needs the driver
        self._made = _Parts(server, Runs(server), Streams(server), Blobs(server), Sacreds(server))

    def now(self) -> datetime:
        """The clock of the database's server."""
        return self.server.now()

    # -- records ---------------------------------------------------------------------------------------

    def create(
        self, record: RunRecord, *, id: RunId | None = None, bind: bool = False, lease: Lease | None = None
    ) -> RunId:
        """Take in a run; see :meth:`expkit.stores.base.RunStore.create`."""
        parts = self._parts
        if BY_SACRED in record.gaps and (theirs := parts.sacreds.find(record.uid)) is not None:
            return parts.sacreds.record(theirs).id or 0
        return parts.runs.create(record, id, lease, bind=bind)

    def save(self, record: RunRecord) -> None:
        """Replace a record; only the parts that have changed are sent."""
        self._ours(record.uid, lambda: self._parts.runs.save(record))

    def load(self, run: RunId) -> RunRecord:
        """The record of a run."""
        return self._either(run, lambda: self._parts.runs.load(run), self._parts.sacreds.record)

    def ids(self) -> list[RunKey]:
        """All runs, oldest first."""
        return self._parts.sacreds.keys() + self._parts.runs.keys()

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Change the status if it is as expected."""
        return self._ours(run, lambda: self._parts.runs.set_status(run, expected, status))

    # -- streams ---------------------------------------------------------------------------------------

    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add to a stream what is not there yet."""
        return self._ours(run, lambda: self._parts.streams.append(run, stream, offset, batch))

    def read(self, run: RunId, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Part of a stream."""
        end = None if limit is None else offset + limit
        return self._either(
            run,
            lambda: self._parts.streams.read(run, stream, offset, limit),
            lambda found: _part(stream, lambda: self._parts.sacreds.output(found)[offset:end]),
        )

    def columns(self, run: RunId, stream: StreamKey) -> Mapping[Any, Any] | None:
        """All points of a stream, column by column; see :class:`expkit.stores.base.KeepsColumns`."""
        return self._either(run, lambda: self._parts.streams.columns(run, stream), lambda _: None)

    def streams(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""
        return self._either(run, lambda: self._parts.streams.sizes(run), self._parts.sacreds.streams)

    # -- leases ----------------------------------------------------------------------------------------

    def renew(self, run: RunId, lease: Lease) -> None:
        """Write the lease of a run, stamped by the server's clock."""
        self._ours(run, lambda: self._parts.runs.renew(run, lease))

    def lease(self, run: RunId) -> Lease | None:
        """The last lease of a run."""
        return self._either(run, lambda: self._parts.runs.lease(run), lambda _: None)

    # -- bytes -----------------------------------------------------------------------------------------

    def put_blob(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes."""
        return self._parts.blobs.put(source)

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are here; if so they count as used just now, so that no sweep takes them."""
        return self._parts.blobs.has(sha256)

    def open_blob(self, sha256: str) -> BinaryIO:
        """The bytes, for reading."""
        return self._parts.blobs.open(sha256)

    def open_foreign(self, run: RunId, file: FileRef) -> BinaryIO:
        """The bytes of a file that Sacred kept for a run that it recorded."""
        theirs = self._parts.sacreds.find(run)
        if theirs is None:
            raise BlobNotFoundError(f"run {run} in {self.url} has no files of Sacred's")
        return self._parts.sacreds.open(theirs, file)

    # -- afterwards ------------------------------------------------------------------------------------

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Add a later fact."""
        parts = self._parts
        self._either(
            run,
            lambda: parts.runs.annotate(run, annotation),
            lambda found: parts.sacreds.annotate(found, annotation),
        )

    def annotations(self, run: RunId) -> list[Annotation]:
        """The later facts of a run."""
        parts = self._parts
        return self._either(run, lambda: parts.runs.annotations(run), parts.sacreds.annotations)

    def changes(self, since: str = "") -> tuple[list[Change], str]:
        """What happened since."""
        return self._parts.runs.changes(since)

    def find(
        self,
        query: Query | None = None,
        columns: Sequence[str] | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of the runs that match."""
        server = self.server
        from expkit.stores.sql.listing import find

        return find(self, server, self._parts.sacreds.keys(), query, columns, order, limit)

    def delete(self, run: RunId) -> None:
        """Take out a run; its id is not given again."""
        self._either(run, lambda: self._parts.runs.delete(run), self._parts.sacreds.delete)

    def sweep(self, grace: float = 86400.0, *, dry_run: bool = False) -> int:
        """Remove bytes that no run names, and what deleted runs have logged."""
        if not dry_run:
            self._parts.streams.sweep()
        return self._parts.blobs.sweep(grace, lambda: named(self), dry_run=dry_run)

    def _either(self, run: RunId, ours: Callable[[], _T], theirs: Callable[[Theirs], _T]) -> _T:
        """What is asked of a run of ours, or of one that Sacred recorded."""
        try:
            return ours()
        except RunNotFoundError:
            found = self._parts.sacreds.find(run)
            if found is None:
                raise
        return theirs(found)

    def _ours(self, run: RunId, change: Callable[[], _T]) -> _T:
        return self._either(run, change, lambda _: self._refuse(run))

    def _refuse(self, run: RunId) -> NoReturn:
        raise rules.read_only(run, self.url)

    def close(self) -> None:
        """Let go of the connections, and of what was remembered of runs; the next use makes new ones."""
        if self._made is not None:
            self._made.server.close()
            self._made.runs.forget()


def _part(stream: StreamKey, output: Callable[[], bytes]) -> Batch:
    """Part of a stream of the predecessor's, which knew one of output, and none of points here."""
    if stream == StreamKey(OUTPUT):
        return output()
    return rules.empty(stream)


if TYPE_CHECKING:
    _proof: RunStore = SqlStore("")
    _files_proof: LiesInFiles = SqlStore("")
