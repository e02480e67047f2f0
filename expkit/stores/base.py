"""The protocol of every store: :class:`RunStore`, version 1.

A store keeps records, streams and bytes. It never builds a record of its own: what
:mod:`expkit.record` defines goes in and comes out. Every write may be repeated: ``create`` and ``save`` by
``uid``, ``append`` by offset, ``put_blob`` by hash; delivering late or twice changes nothing.

``expkit.testing.stores`` holds the contract that every store passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Union, runtime_checkable

from expkit.stores.answers import Blob, Capabilities, Change, RunKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from expkit.record.model import Annotation, FileRef, Lease, Point, RunRecord, StreamKey
    from expkit.record.query import Query
    from expkit.types import RunId

__all__ = [
    "Batch",
    "Blob",
    "Capabilities",
    "Change",
    "IsLocalLog",
    "KeepsColumns",
    "KeepsForeignFiles",
    "KeepsLastWords",
    "LiesInFiles",
    "RunKey",
    "RunStore",
    "Settles",
]

Batch = Union["Sequence[Point]", bytes]
"""What streams are made of: points for ``points`` streams (offsets count points), bytes for ``output`` ones."""


@runtime_checkable
class RunStore(Protocol):
    """Where runs are kept.

    ``run`` arguments are a short id or a uid. Methods raise ``RunNotFoundError`` for runs that are not there and
    ``StoreError`` where the backend refuses.
    """

    @property
    def url(self) -> str:
        """How to open this store again, secrets masked: ``folder:runs``, ``memory:``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do beyond the minimum."""
        ...

    def now(self) -> datetime:
        """The store's own clock (UTC): the only one by which leases in it are judged."""
        ...

    # -- records ---------------------------------------------------------------------------------------

    def create(
        self, record: RunRecord, *, id: RunId | None = None, bind: bool = False, lease: Lease | None = None
    ) -> RunId:
        """Take in a new run and return its short id here.

        ``id`` is tried first; if it is taken the next free one is used, or ``RunExistsError`` is raised where
        ``bind`` demands exactly that one. A ``uid`` that is here already keeps its id, and nothing changes.
        Nobody sees the run without its ``lease``, so that one whose process dies at once is not believed RUNNING.
        """
        ...

    def save(self, record: RunRecord) -> None:
        """Replace the record of ``record.uid``; readers see the old or the new one, never a mixture.

        ``record.id`` is ignored: the id claimed by ``create`` stays.
        """
        ...

    def load(self, run: RunId) -> RunRecord:
        """The record, its ``id`` being the one in this store; later facts are not mixed in."""
        ...

    def ids(self) -> list[RunKey]:
        """All runs, in order of creation."""
        ...

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Change the status if it is ``expected``; of several callers at once exactly one gets True."""
        ...

    # -- streams ---------------------------------------------------------------------------------------

    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add ``batch``, whose first item has number ``offset``; return the new end.

        Items below the present end are skipped (they are here already); an ``offset`` beyond the end is a
        ``StoreError``, because it would leave a gap.
        """
        ...

    def read(self, run: RunId, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Items from ``offset`` on, at most ``limit``; empty at or beyond the end, also for unknown streams."""
        ...

    def streams(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""
        ...

    # -- leases ----------------------------------------------------------------------------------------

    def renew(self, run: RunId, lease: Lease) -> None:
        """Write the lease, stamped with the store's clock; the record is not touched.

        The copy of another store's lease says when that was renewed: it keeps the time, so that the dead do not revive.
        """
        ...

    def lease(self, run: RunId) -> Lease | None:
        """The last lease, or None if there never was one."""
        ...

    # -- bytes -----------------------------------------------------------------------------------------

    def put_blob(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes under their hash, in constant memory; bytes that are here already are not written again."""
        ...

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are here; if so they count as used just now: a record that names them may be about to come.

        A sweep takes them only when its grace has passed since. A store may note that once an hour, and need not where it
        may only be read.
        """
        ...

    def open_blob(self, sha256: str) -> BinaryIO:
        """The bytes, for reading; ``BlobNotFoundError`` where there are none."""
        ...

    # -- afterwards ------------------------------------------------------------------------------------

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Add a later fact; the record itself never changes, and no two writers lose each other's.

        One that is here already, with the same time and author, changes nothing.
        """
        ...

    def annotations(self, run: RunId) -> list[Annotation]:
        """Later facts, in order of their time."""
        ...

    def changes(self, since: str = "") -> tuple[list[Change], str]:
        """What happened after the cursor ``since`` (``""``: from the beginning), and the new cursor."""
        ...

    def find(
        self,
        query: Query | None = None,
        columns: Sequence[str] | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of the runs that match, lazily.

        ``columns`` are dotted paths (``config.lr``, ``state``, ``metrics.acc.max``, ``id``, ...); None means the whole
        record as :func:`expkit.record.wire.record_to_json` gives it, with ``state`` judged and annotations
        mixed in. ``order``: dotted paths, ``-`` in front for descending; missing values last.
        """
        ...

    def delete(self, run: RunId) -> None:
        """Take the run out of every list; its bytes stay until ``sweep`` finds them unused."""
        ...

    def sweep(self, grace: float = 86400.0, *, dry_run: bool = False) -> int:
        """Remove bytes that no run names and that are older than ``grace`` seconds; return how many files went.

        A ``dry_run`` removes nothing, and returns how many would go.
        """
        ...

    def close(self) -> None:
        """Let go of handles and connections; a closed store may be used again and reopens what it needs."""
        ...


@runtime_checkable
class KeepsForeignFiles(Protocol):
    """A store that also shows runs of another program, which wrote down no sha256 of their files."""

    def open_foreign(self, run: RunId, file: FileRef) -> BinaryIO:
        """The bytes of a file of such a run; ``BlobNotFoundError`` where there are none."""
        ...


@runtime_checkable
class KeepsColumns(Protocol):
    """A store that gives points by the million, faster than one by one; asked only where NumPy is installed."""

    def columns(self, run: RunId, stream: StreamKey) -> Mapping[Any, Any] | None:
        """Of each series ``(name, tags, kind)`` its ``(steps, values, times)``, in the order in which they were logged.

        Columns are lists or arrays. None: this run's points can only be read one by one.
        """
        ...


class LiesInFiles(Protocol):
    """A store with files on this machine: what lies there is neither input nor output of a run, nor a change of a project."""

    @property
    def own_paths(self) -> tuple[str, ...]:
        """Its files and folders, absolute; everything in such a folder is the store's. None where it lies elsewhere."""
        ...


@runtime_checkable
class Settles(Protocol):
    """A store that shows the output of a run that goes on with a screen at its end: what stands there may be painted over."""

    def settled(self, run: RunId, stream: StreamKey) -> int:
        """How many bytes of a stream of output will not change any more."""
        ...


@runtime_checkable
class KeepsLastWords(Protocol):
    """A store whose runs have a folder in which their processes leave their last words."""

    def last_words(self, run: RunId) -> tuple[bytes, datetime] | None:
        """The bytes, see :mod:`expkit.stores.death`, and when they were last added to; None if there are none."""
        ...


@runtime_checkable
class IsLocalLog(KeepsLastWords, Protocol):
    """A store into whose folders runs write themselves; what ``capabilities.folder`` promises.

    The folders are laid out as :class:`~expkit.stores.folder.store.FolderStore` does it, because other programs open
    ``root`` as such a store: for ``expkit sync``, and for the ranks of a job. So this is a folder store, or one
    that has one inside. Any other store leaves the flag away, and its runs are written into a folder of their own first.
    """

    @property
    def root(self) -> Path:
        """The store's folder."""
        ...

    def open_log(self, run: RunId, segment: int = 0, rank: int = 0) -> Any:
        """Start writing about a run: a :class:`~expkit.stores.folder.log.RunLog`."""
        ...

    def blob_path(self, sha256: str) -> Path:
        """Where the bytes of this hash lie, read-only."""
        ...

    def take_rank(self, run: RunId, rank: int, lease: Lease) -> bool:
        """Take the place of a rank other than 0; False where another process has it."""
        ...

    def ranks_at_work(self, run: RunId) -> list[int]:
        """The ranks other than 0 that have begun, live, and have not said their end."""
        ...

    def post(self, name: str, data: bytes) -> None:
        """Leave something under a name for other processes of a job; the last one counts."""
        ...

    def posted(self, name: str) -> bytes:
        """What was left under a name; nothing where nobody has."""
        ...
