"""The store that keeps runs in a bucket or in a folder far away: :class:`RemoteStore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from expkit.errors import RunNotFoundError
from expkit.stores import rules
from expkit.stores.answers import Blob, Capabilities, RunKey
from expkit.stores.disk import text
from expkit.stores.disk.files import fresh_name
from expkit.stores.remote import facts, layout
from expkit.stores.remote.blobs import Blobs
from expkit.stores.remote.changes import Changes
from expkit.stores.remote.clock import Clock
from expkit.stores.remote.ids import Ids
from expkit.stores.remote.index import Index
from expkit.stores.remote.layout import Noted
from expkit.stores.remote.listing import find
from expkit.stores.remote.media import Media
from expkit.stores.remote.place import Place, place_of
from expkit.stores.remote.records import Stored, Writer, read, record_name
from expkit.stores.remote.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from expkit.record.model import Annotation, Lease, RunRecord, StreamKey
    from expkit.record.query import Query
    from expkit.stores.base import Batch, Change, LiesInFiles, RunStore
    from expkit.types import RunId


class RemoteStore:
    """Runs in a bucket or in a folder of another machine, laid out like those of the folder store.

    Implements :class:`~expkit.stores.base.RunStore`. Nothing is connected before the first use, and nothing is written
    before the first run is created. What a run appends lies in numbered pieces until the run has ended; then they are
    joined, and a copy of the place is a folder that the folder store opens.

    Args:
        place: where, or the URL that says so; see :func:`expkit.stores.remote.place.place_of`.
        make_bucket: whether a bucket that is not there is made with the first run; default: on S3, as the predecessor.

    Attributes:
        media: the place.

    Raises:
        StoreError: the URL names no such place.
    """

    def __init__(self, place: Place | str, *, make_bucket: bool | None = None) -> None:
        self.media = media = Media(place_of(place) if isinstance(place, str) else place)
        self._make_bucket = self.place.kind.protocol == "s3" if make_bucket is None else make_bucket
        self._clock = Clock(media)
        self._ids = Ids(media)
        self._index = Index(media, self._ids)
        self._changes = Changes(media, self.now)
        self._streams = Streams(media)
        self._writer = Writer(media)
        self._blobs = Blobs(media)
        self._latest: dict[str, Stored] = {}

    @property
    def place(self) -> Place:
        """Where the runs lie."""
        return self.media.place

    @property
    def url(self) -> str:
        """How to open this store again; what gives access is masked."""
        return self.place.url

    @property
    def absolute_url(self) -> str:
        """The same, whatever the working directory."""
        return self.place.absolute_url

    @property
    def own_paths(self) -> tuple[str, ...]:
        """The folder of a store on this machine's own disk."""
        return (self.place.folder,) if self.place.folder else ()

    @property
    def capabilities(self) -> Capabilities:
        """Ids are numbers, and several processes may write, where one of them can win a name."""
        kind, driver = self.place.kind, self.place.kind.driver
        can_share = driver.is_exclusive and kind.is_lasting
        return Capabilities(
            durable=kind.is_lasting, shared=can_share, counts=driver.is_exclusive, at_once=driver.at_once
        )

    def __repr__(self) -> str:
        return f"RemoteStore({self.url!r})"

    def now(self) -> datetime:
        """The clock of the place, to a second or two."""
        return self._clock.now(ask=self._index.has_begun)

    def preflight(self) -> None:
        """Find out whether the place answers."""
        self._index.check()

    # -- records ---------------------------------------------------------------------------------------

    def create(
        self, record: RunRecord, *, id: RunId | None = None, bind: bool = False, lease: Lease | None = None
    ) -> str:
        """Take in a new run and return its id; see :meth:`RunStore.create <expkit.stores.base.RunStore.create>`."""
        self._index.prepare(may_make_bucket=self._make_bucket)
        name = self._ids.id_of(record.uid)
        if name is None:
            name = self._ids.note(record.uid, self._ids.claim(record.uid, id, bind=bind))
        if not self.media.exists(record_name(name)):
            self._write_new(record, name, lease)
        return name

    def _write_new(self, record: RunRecord, name: str, lease: Lease | None) -> None:
        created = self.now()
        if lease is not None:
            facts.put_lease(self.media, name, lease.but(renewed=None), created)
        self._write(name, Stored(record.but(id=name), created.isoformat()))
        self._index.add(Noted(int(created.timestamp() * 1e6), record.uid, name))
        self._changes.add(record.uid, "created")

    def save(self, record: RunRecord) -> None:
        """Replace the record of ``record.uid``; once it has ended, its streams are joined."""
        before, name = self._stored(record.uid)
        self._write(name, before._replace(record=record.but(id=name)))
        if record.stop_time is not None:
            from expkit.stores.remote.ending import tidy

            tidy(self.media, self._streams, record, name)
        self._changes.add(record.uid, "resumed" if record.segment > before.record.segment else "saved")
        if record.stop_time is not None:
            self._let_go(record.uid)

    def load(self, run: RunId) -> RunRecord:
        """The newest record of a run."""
        uid, name = self._index.find(run)
        try:
            return read(self.media, name).record
        except RunNotFoundError:
            self._forget(uid)
            raise

    def ids(self) -> list[RunKey]:
        """All runs, in order of creation."""
        return [RunKey(run.id, run.uid) for run in self._index.entries()]

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Change the status if it is ``expected``; of several callers at once exactly one gets True."""
        uid, name = self._index.find(run)
        stored = self._ours(read(self.media, name))
        while stored.record.status == expected:
            number = stored.claims + 1
            claim = f"{layout.CLAIMS}/{uid}/{number}"
            won = self.media.make(claim, text.line([expected, status, fresh_name()]))
            newest = read(self.media, name)
            if newest.claims < number:  # whoever has won may have died before it could say so
                newest = self._settled(claim, newest)
                self._write(name, newest)
            if won:
                self._changes.add(uid, "saved")
                return True
            stored = newest
        return False

    def _settled(self, claim: str, stored: Stored) -> Stored:
        """A record with a claimed change of its status."""
        expected, status, *_ = text.parsed(self.media.get(claim))
        record = stored.record
        changed = record.but(status=str(status)) if record.status == expected else record
        return stored._replace(record=changed, claims=stored.claims + 1)

    def _write(self, name: str, stored: Stored) -> None:
        self._writer.write(name, stored)
        self._latest[stored.record.uid] = stored

    def _stored(self, run: RunId) -> tuple[Stored, str]:
        """What was stored of a run last, and its id; what this object has not written itself is read."""
        uid, name = self._index.find(run)
        return self._latest.get(uid) or self._ours(read(self.media, name)), name

    def _ours(self, stored: Stored) -> Stored:
        if stored.is_sacred:
            raise rules.read_only(stored.record.id, self.url)
        return stored

    # -- streams ---------------------------------------------------------------------------------------

    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add ``batch`` at ``offset``, as a piece; return the new end."""
        return self._streams.append(self._index.find(run)[0], stream, offset, batch)

    def read(self, run: RunId, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Items from ``offset`` on, at most ``limit``."""
        return self._streams.read(*self._index.find(run), stream, offset, limit)

    def streams(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""
        return self._streams.ends(*self._index.find(run))

    # -- leases ----------------------------------------------------------------------------------------

    def renew(self, run: RunId, lease: Lease) -> None:
        """Write the lease, stamped with the store's clock."""
        facts.put_lease(self.media, self._index.find(run)[1], lease, self.now())

    def lease(self, run: RunId) -> Lease | None:
        """The last lease, or None if there never was one."""
        return facts.lease_of(self.media, self._index.find(run)[1])

    # -- bytes -----------------------------------------------------------------------------------------

    def put_blob(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes under their hash; those that are here are not sent again."""
        self._index.prepare(may_make_bucket=self._make_bucket)
        return self._blobs.put(source)

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are here; if so they count as used just now, so that no sweep takes them."""
        return self._blobs.has(sha256)

    def open_blob(self, sha256: str) -> BinaryIO:
        """The bytes, for reading, fetched as they are read."""
        return self._blobs.open(sha256)

    # -- afterwards ------------------------------------------------------------------------------------

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Add a later fact."""
        uid, _ = self._index.find(run)
        facts.annotate(self.media, uid, annotation)
        self._changes.add(uid, "annotated")

    def annotations(self, run: RunId) -> list[Annotation]:
        """Later facts, in order of their time."""
        return facts.annotations_of(self.media, self._index.find(run)[0])

    def changes(self, since: str = "") -> tuple[list[Change], str]:
        """What happened after the cursor ``since``, and the new cursor."""
        self._index.check()
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
        """Take the run out of every list; its id is not given again, and its bytes stay until ``sweep``."""
        uid, name = self._index.find(run)
        if not self.media.exists(record_name(name)):  # somebody else has deleted it
            self._forget(uid)
            raise rules.not_found(run, self.url)
        self.media.remove([record_name(name)])
        self._index.remove(uid)
        self._ids.forget(uid)
        self._streams.remove_all(uid)
        for folder in (name, f"{layout.ANNOTATIONS}/{uid}", f"{layout.CLAIMS}/{uid}"):
            self.media.remove(item.name for item in self.media.items(folder))
        self._forget(uid)
        self._changes.add(uid, "deleted")

    def sweep(self, grace: float = 86400.0, *, dry_run: bool = False) -> int:
        """Remove bytes that no run names and that are older than ``grace`` seconds; return how many files went."""
        from expkit.stores.remote.sweep import sweep

        self._index.check()
        return sweep(self, grace, dry_run=dry_run)

    def close(self) -> None:
        """Let go of connections and of what was remembered of runs."""
        self._streams.drop()
        self._writer.drop()
        self._latest.clear()
        self.media.close()

    def _forget(self, uid: str) -> None:
        self._index.forget(uid)
        self._let_go(uid)

    def _let_go(self, uid: str) -> None:
        """Remember nothing of what was written of a run: it has ended, say; should it go on, that is read."""
        self._streams.forget(uid)
        self._writer.forget(uid)
        self._latest.pop(uid, None)


if TYPE_CHECKING:
    _proof: RunStore = RemoteStore("memory://runs")
    _files_proof: LiesInFiles = RemoteStore("memory://runs")
