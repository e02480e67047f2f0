"""A store that lives as long as its object: for tests, for trying things out, and as the measure of other stores."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.record.model import POINTS, Point
from expkit.record.wire import record_from_json, record_to_json
from expkit.stores import rules
from expkit.stores.base import Batch, Blob, Capabilities, Change, RunKey
from expkit.stores.counting import counted, natural
from expkit.stores.finding import find
from expkit.stores.named import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Sized
    from typing import BinaryIO

    from expkit.record.model import Annotation, Lease, RunRecord, StreamKey
    from expkit.record.query import Query
    from expkit.stores.base import RunStore
    from expkit.types import RunId


@dataclass
class _Run:
    id: RunId
    text: str
    """The record as JSON text, so that nobody shares a container with the store."""
    segment: int
    points: dict[StreamKey, list[Point]] = field(default_factory=dict)
    output: dict[StreamKey, bytearray] = field(default_factory=dict)
    lease: Lease | None = None
    annotations: list[Annotation] = field(default_factory=list)


class MemoryStore:
    """Keeps everything in this process. Safe for threads; ids are numbers, counted up from 1."""

    url = "memory:"
    capabilities = Capabilities()

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._runs: dict[str, _Run] = {}
        self._blobs: dict[str, tuple[bytes, datetime]] = {}
        self._changes: list[Change] = []
        self._last_id = 0

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._runs)} runs)"

    def now(self) -> datetime:
        """The time of this machine."""
        return datetime.now(timezone.utc)

    # -- records ---------------------------------------------------------------------------------------

    def create(
        self, record: RunRecord, *, id: RunId | None = None, bind: bool = False, lease: Lease | None = None
    ) -> RunId:
        """Take in a run; see :meth:`expkit.stores.base.RunStore.create`."""
        with self._lock:
            if record.uid not in self._runs:
                run_id = self._claim(id, bind)
                stamped = lease and lease.but(renewed=self.now())
                self._runs[record.uid] = _Run(run_id, _text(record), record.segment, lease=stamped)
                self._note(record.uid, "created")
            return self._runs[record.uid].id

    def _claim(self, wanted: RunId | None, bind: bool) -> RunId:
        taken = {run.id for run in self._runs.values()}
        wanted = natural(wanted) if wanted is not None else None
        if wanted is not None and wanted not in taken:
            self._last_id = max(self._last_id, counted(wanted))
            return wanted
        if bind and wanted is not None:
            raise rules.taken(wanted, self.url)
        self._last_id += 1
        return self._last_id

    def save(self, record: RunRecord) -> None:
        """Replace a record."""
        with self._lock:
            run = self._runs[self._uid(record.uid)]
            self._note(record.uid, "resumed" if record.segment > run.segment else "saved")
            run.text, run.segment = _text(record), record.segment

    def load(self, run: RunId) -> RunRecord:
        """The record of a run."""
        with self._lock:
            found = self._run(run)
        return record_from_json(json.loads(found.text)).but(id=found.id)

    def ids(self) -> list[RunKey]:
        """All runs, oldest first."""
        with self._lock:
            return [RunKey(run.id, uid) for uid, run in self._runs.items()]

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Change the status if it is as expected."""
        with self._lock:
            record = self.load(run)
            if record.status != expected:
                return False
            self.save(record.but(status=status))
            return True

    # -- streams ---------------------------------------------------------------------------------------

    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add to a stream what is not there yet."""
        with self._lock:
            items = self._stream(run, stream)
            rules.check_offset(run, stream, offset, len(items))
            items.extend(batch[len(items) - offset :])
            return len(items)

    def read(self, run: RunId, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Part of a stream."""
        with self._lock:
            end = None if limit is None else offset + limit
            part = self._stream(run, stream)[offset:end]
            return bytes(part) if isinstance(part, bytearray) else part

    def streams(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""
        with self._lock:
            found = self._run(run)
            streams: dict[StreamKey, Sized] = {**found.points, **found.output}
            return {key: len(items) for key, items in streams.items() if items}

    def _stream(self, run: RunId, stream: StreamKey) -> Any:
        found = self._run(run)
        rules.check_stream(stream)
        if stream.content == POINTS:
            return found.points.setdefault(stream, [])
        return found.output.setdefault(stream, bytearray())

    # -- leases ----------------------------------------------------------------------------------------

    def renew(self, run: RunId, lease: Lease) -> None:
        """Write the lease of a run."""
        with self._lock:
            self._run(run).lease = lease.but(renewed=lease.renewed or self.now(), unmoved=None)

    def lease(self, run: RunId) -> Lease | None:
        """The last lease of a run."""
        with self._lock:
            return self._run(run).lease

    # -- bytes -----------------------------------------------------------------------------------------

    def put_blob(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes."""
        data = (
            source.read_bytes() if isinstance(source, Path) else source if isinstance(source, bytes) else source.read()
        )
        blob = Blob(hashlib.sha256(data).hexdigest(), len(data))
        with self._lock:
            self._blobs[blob.sha256] = (data, self.now())
        return blob

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are here."""
        return sha256 in self._blobs

    def open_blob(self, sha256: str) -> BinaryIO:
        """The bytes, for reading."""
        try:
            return BytesIO(self._blobs[sha256][0])
        except KeyError:
            raise rules.no_bytes(sha256, self.url) from None

    # -- afterwards ------------------------------------------------------------------------------------

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Add a later fact."""
        with self._lock:
            self._run(run).annotations.append(annotation)
            self._note(self._uid(run), "annotated")

    def annotations(self, run: RunId) -> list[Annotation]:
        """The later facts of a run."""
        with self._lock:
            return rules.in_order(self._run(run).annotations)

    def changes(self, since: str = "") -> tuple[list[Change], str]:
        """What happened since."""
        place = rules.counted_cursor(since, self.url)
        with self._lock:
            return self._changes[place:], str(len(self._changes))

    def find(
        self,
        query: Query | None = None,
        columns: Sequence[str] | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of the runs that match."""
        return find(self, query, columns, order, limit)

    def delete(self, run: RunId) -> None:
        """Forget a run."""
        with self._lock:
            uid = self._uid(run)
            del self._runs[uid]
            self._note(uid, "deleted")

    def sweep(self, grace: float = 86400.0, *, dry_run: bool = False) -> int:
        """Forget bytes that no run names."""
        with self._lock:
            used = named(self)
            old = [
                sha256
                for sha256, (_, put) in self._blobs.items()
                if sha256 not in used and (self.now() - put).total_seconds() >= grace
            ]
            for sha256 in () if dry_run else old:
                del self._blobs[sha256]
            return len(old)

    def close(self) -> None:
        """Nothing to let go of."""

    # -- inside ----------------------------------------------------------------------------------------

    def _uid(self, run: RunId) -> str:
        if run in self._runs:
            return str(run)
        wanted = natural(run)
        for uid, found in self._runs.items():
            if found.id == wanted:
                return uid
        raise rules.not_found(run, self.url)

    def _run(self, run: RunId) -> _Run:
        return self._runs[self._uid(run)]

    def _note(self, uid: str, what: str) -> None:
        self._changes.append(Change(uid, what, self.now()))


def _text(record: RunRecord) -> str:
    return json.dumps(record_to_json(record), allow_nan=False)


if TYPE_CHECKING:
    _proof: RunStore = MemoryStore()
