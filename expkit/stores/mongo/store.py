"""The store that keeps runs in MongoDB: :class:`MongoStore`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from expkit.errors import BlobNotFoundError, RunNotFoundError
from expkit.record.model import BY_SACRED, OUTPUT, QUEUED, RUNNING
from expkit.record.tagged import is_unicode
from expkit.record.wire import annotation_to_json
from expkit.stores import rules
from expkit.stores.base import Batch, Blob, Capabilities, RunKey
from expkit.stores.mongo import streams, summaries
from expkit.stores.mongo.changes import Changes
from expkit.stores.mongo.documents import Documents
from expkit.stores.mongo.facts import annotations_of, lease_of, microseconds, renewal
from expkit.stores.mongo.files import Blobs
from expkit.stores.mongo.ids import names_of
from expkit.stores.mongo.listing import candidates, find
from expkit.stores.mongo.metrics import Metrics
from expkit.stores.mongo.place import place_of
from expkit.stores.mongo.records import record_of
from expkit.stores.mongo.sacred import Sacreds, SacredsRunError
from expkit.stores.mongo.screen import SHOWN, Screens
from expkit.stores.mongo.server import Served, Server, bounded
from expkit.stores.mongo.sweep import sweep
from expkit.stores.mongo.views import fitting
from expkit.stores.named import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from expkit.record.model import Annotation, FileRef, Lease, RunRecord, StreamKey
    from expkit.record.query import Query
    from expkit.stores.base import Change, RunStore
    from expkit.stores.mongo.place import Place
    from expkit.types import RunId

_RETRIES = 3
_UID = re.compile(r"[0-9a-f]{32}")
_ALL = 1 << 62


class MongoStore(Served):
    """Keeps runs in a MongoDB database. Nothing is connected before the first use.

    Args:
        place: where the runs lie, or the URL that says so; see :func:`expkit.stores.mongo.place.place_of`.
        client: somebody's own ``MongoClient``; None: one of our own.
        options: arguments of our own client, beyond the URL.

    Raises:
        StoreError: the URL names no such store.
    """

    capabilities = Capabilities(durable=True, shared=True)

    def __init__(self, place: Place | str, client: Any = None, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(Server(place_of(place) if isinstance(place, str) else place, client, options))
        self._changes = Changes(self.server)
        self._blobs = Blobs(self.server)
        self._metrics = Metrics(self.server)
        self._documents = Documents(self.server, self._blobs, self._metrics)
        self._screens = Screens(self.server)
        self._outputs = streams.Outputs(self.server)
        self._sacreds = Sacreds(self.server)

    @property
    def url(self) -> str:
        """How to open this store again; the password is masked."""
        return self.server.place.url

    def __repr__(self) -> str:
        return f"MongoStore({self.url!r})"

    def now(self) -> datetime:
        """The clock of the server."""
        return self.server.now()

    def preflight(self) -> None:
        """Find out whether the server answers, and soon if nobody listens there."""
        self.server.preflight()

    # -- records ---------------------------------------------------------------------------------------

    @bounded
    def create(
        self, record: RunRecord, *, id: RunId | None = None, bind: bool = False, lease: Lease | None = None
    ) -> RunId:
        """Take in a run; see :meth:`expkit.stores.base.RunStore.create`."""
        self.server.prepare()
        found = self.server.runs.find_one({"expkit.uid": record.uid}, {"_id": 1})
        if found is not None:
            return found["_id"]  # type: ignore[no-any-return]
        if BY_SACRED in record.gaps and isinstance(known := self._sacreds.absent(record.uid), SacredsRunError):
            return known.document["_id"]  # type: ignore[no-any-return]
        run_id = self._documents.insert(record, id, lease, bind=bind)
        self._changes.note(record.uid, "created")
        return run_id

    @bounded
    def overwrite(self, record: RunRecord, run: RunId, lease: Lease | None = None) -> RunId:
        """Put a new run in the place of another one, under its id; what was kept of that one goes.

        Raises:
            RunNotFoundError: there is no such run.
        """
        found = self.server.runs.find_one({"_id": {"$in": names_of(run)}}, {"_id": 1, "expkit.uid": 1})
        if found is None:
            raise rules.not_found(run, self.url)
        old = found.get("expkit", {}).get("uid")
        if old != record.uid:
            self._documents.replace(found["_id"], record, lease)
            self._forget(found["_id"], old)
            self._changes.note(record.uid, "created")
        return found["_id"]  # type: ignore[no-any-return]

    def save(self, record: RunRecord) -> None:
        """Replace a record; only the fields that have changed are sent."""
        if not is_unicode(record.uid):
            raise self._sacreds.absent(record.uid)
        ended = record.status not in (QUEUED, RUNNING)
        if ended:
            self._round_off(record.uid)
        resumed = self._save(record)
        self._note(record.uid, "resumed" if resumed else "saved")
        if ended:
            self._let_go(record.uid)

    @bounded
    def _round_off(self, uid: str) -> None:
        """Let tools see all output of a run that has ended."""
        found = self.server.runs.find_one({"expkit.uid": uid}, {"expkit.ends": 1}) or {}
        ends = {streams.stream_of(field): end for field, end in found.get("expkit", {}).get("ends", {}).items()}
        output = {stream: end for stream, end in ends.items() if stream.content == OUTPUT}
        for stream, end in output.items():
            if end > SHOWN:
                self._outputs.finish(found["_id"], uid, stream, end)
        newest = max((stream for stream in output if not stream.rank), key=lambda one: one.segment, default=None)
        if newest is not None and (shown := self._screens.rest(uid, newest, output[newest])):
            here = _not_beyond(uid, streams.field_of(newest), output[newest])
            self.server.runs.update_one(here, {"$set": shown})

    @bounded
    def _save(self, record: RunRecord) -> bool:
        try:
            return self._documents.save(record)
        except RunNotFoundError:
            raise self._sacreds.absent(record.uid) from None

    @bounded
    def _note(self, uid: str, what: str) -> None:
        self._changes.note(uid, what)

    @bounded
    def load(self, run: RunId) -> RunRecord:
        """The record of a run."""
        for _ in range(_RETRIES):
            try:
                return self._load(run)
            except BlobNotFoundError:  # saved anew between our two looks
                continue
        return self._load(run)

    def _load(self, run: RunId) -> RunRecord:
        try:
            return record_of(self.server, self._run(run, "expkit.record", "expkit.long"))
        except SacredsRunError as sacreds:
            return self._sacreds.record(sacreds)

    def ids(self) -> list[RunKey]:
        """All runs, oldest first."""
        return self.candidates(None)

    @bounded
    def candidates(self, wanted: Mapping[str, Any] | None) -> list[RunKey]:
        """Those runs of ours that a filter leaves, or all, and all of the predecessor's, oldest first."""
        return candidates(self.server, self._sacreds.keys, wanted)

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Change the status if it is as expected."""
        from bson import ObjectId

        return self._set_status(run, expected, status, ObjectId())

    @bounded
    def _set_status(self, run: RunId, expected: str, status: str, mine: object) -> bool:
        uid = self._uid(run)
        wanted = {"expkit.uid": uid, "expkit.record.status": json.dumps(expected)}
        values = {"expkit.record.status": json.dumps(status), "expkit.setter": mine, "status": status}
        done = self.server.runs.update_one(wanted, {"$set": values, "$inc": {"expkit.version": 1}})
        if not done.matched_count and not self.server.runs.count_documents({"expkit.uid": uid, "expkit.setter": mine}):
            return False
        self._documents.forget(uid)
        self._changes.note(uid, "saved")
        return True

    # -- streams ---------------------------------------------------------------------------------------

    @bounded
    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Add to a stream what is not there yet: its pieces, what tools see of them, then its end."""
        self.server.prepare()
        rules.check_stream(stream)
        field = streams.field_of(stream)
        found = self._run(run, "expkit.uid", "expkit.ends", f"expkit.figures.{field}")
        uid, known = found["expkit"]["uid"], found["expkit"].get("figures", {}).get(field)
        end = found["expkit"]["ends"].get(field, 0)
        rules.check_offset(run, stream, offset, end)
        last = offset + len(batch)
        while end < last:
            piece = streams.add_piece(self.server, found["_id"], uid, stream, end, batch[end - offset :])
            self._outputs.grown(found["_id"], uid, stream, piece)
            shown = self._show(found["_id"], uid, stream, piece)
            known = summaries.grown(known, stream, piece)
            fields = {**shown, **({f"expkit.figures.{field}": known} if known else {})}
            update = {"$max": {f"expkit.ends.{field}": piece.end}, **({"$set": fields} if fields else {})}
            self.server.runs.update_one(_not_beyond(uid, field, piece.end), update)
            end = piece.end
        return int(end)

    def _show(self, run_id: RunId, uid: str, stream: StreamKey, piece: streams.Piece) -> dict[str, Any]:
        """Let tools see a piece; return the fields of the run's document that change with it."""
        if stream.content == OUTPUT:
            return self._screens.shown(uid, stream, piece)
        if self._metrics.add(run_id, uid, stream, piece):
            return {"info.metrics": fitting(self._documents.links(run_id, uid), list)}
        return {}

    def read(self, run: RunId, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Part of a stream."""
        return self._read(run, stream, offset, _ALL if limit is None else limit)

    @bounded
    def _read(self, run: RunId, stream: StreamKey, offset: int, limit: int) -> Batch:
        rules.check_stream(stream)
        try:
            return streams.read(self.server, self._uid(run), stream, offset, limit)
        except SacredsRunError as sacreds:
            return self._sacreds.read(sacreds, stream, offset, limit)

    @bounded
    def streams(self, run: RunId) -> Mapping[StreamKey, int]:
        """The streams of a run and their ends."""
        try:
            ends = self._run(run, "expkit.ends")["expkit"]["ends"]
        except SacredsRunError as sacreds:
            return self._sacreds.streams(sacreds)
        return {streams.stream_of(field): end for field, end in ends.items()}

    # -- leases ----------------------------------------------------------------------------------------

    @bounded
    def renew(self, run: RunId, lease: Lease) -> None:
        """Write the lease of a run; the server stamps it."""
        self.server.runs.update_one({"expkit.uid": self._uid(run)}, renewal(lease))

    @bounded
    def lease(self, run: RunId) -> Lease | None:
        """The last lease of a run."""
        try:
            return lease_of(self._run(run, "expkit.lease"))
        except SacredsRunError:
            return None

    # -- bytes -----------------------------------------------------------------------------------------

    def put_blob(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes in the GridFS."""
        return self._blobs.put(source)

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are here; if so they count as used just now, so that no sweep takes them."""
        return self._blobs.has(sha256)

    def open_blob(self, sha256: str) -> BinaryIO:
        """The bytes, for reading."""
        return self._blobs.open(sha256)

    @bounded
    def open_foreign(self, run: RunId, file: FileRef) -> BinaryIO:
        """The bytes of a file that Sacred kept for a run that it recorded."""
        try:
            self._run(run, "_id")
        except SacredsRunError as sacreds:
            return self._sacreds.open(sacreds, file)
        raise BlobNotFoundError(f"run {run} in {self.url} has no files of Sacred's")

    # -- afterwards ------------------------------------------------------------------------------------

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Add a later fact."""
        from bson import ObjectId

        self._annotate(run, {"_id": ObjectId(), "text": json.dumps(annotation_to_json(annotation))})

    @bounded
    def _annotate(self, run: RunId, document: dict[str, Any]) -> None:
        from pymongo.errors import DuplicateKeyError

        self.server.prepare()
        uid = self._any_uid(run)
        try:
            created = microseconds(self.server.now())
            self.server.annotations.insert_one({**document, "uid": uid, "created": created})
        except DuplicateKeyError:  # sent before the connection was dropped
            pass
        self._changes.note(uid, "annotated")

    @bounded
    def annotations(self, run: RunId) -> list[Annotation]:
        """The later facts of a run."""
        return annotations_of(self.server.annotations.find({"uid": self._any_uid(run)}))

    def changes(self, since: str = "") -> tuple[list[Change], str]:
        """What happened since."""
        return self._changes.since(since)

    def find(
        self,
        query: Query | None = None,
        columns: Sequence[str] | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of the runs that match."""
        return find(self, query, columns, order, limit)

    @bounded
    def delete(self, run: RunId) -> None:
        """Take out a run; its id is not given again."""
        try:
            found = self._run(run, "expkit.uid")
        except SacredsRunError as sacreds:
            uid, found = self._sacreds.uid_of(sacreds), sacreds.document
        else:
            uid = found["expkit"]["uid"]
        self.server.deleted.replace_one({"_id": found["_id"]}, {"uid": uid}, upsert=True)
        self.server.runs.delete_one({"_id": found["_id"], "expkit.uid": found.get("expkit", {}).get("uid")})
        self._forget(found["_id"], uid)
        self._changes.note(uid, "deleted")

    def _forget(self, run_id: RunId, uid: str | None) -> None:
        """Remove what was kept beside the document of a run."""
        self._metrics.remove_all(run_id, str(uid))
        if uid is not None:
            streams.remove_all(self.server, uid)
            self.server.annotations.delete_many({"uid": uid})
            self._let_go(uid)

    def _let_go(self, uid: str) -> None:
        """Know nothing of a run any more: a process may make thousands."""
        self._documents.forget(uid)
        self._metrics.forget(uid)
        self._screens.forget(uid)
        self._outputs.forget(uid)

    def sweep(self, grace: float = 86400.0, *, dry_run: bool = False) -> int:
        """Remove bytes that no run names."""
        return sweep(self.server, grace, lambda: named(self), dry_run=dry_run)

    def close(self) -> None:
        """Let go of the connection; the next use makes a new one."""
        self.server.close()

    # -- inside ----------------------------------------------------------------------------------------

    def _run(self, run: RunId, *fields: str) -> dict[str, Any]:
        """Some fields of a run's document."""
        by_id = {"_id": {"$in": names_of(run)}, "expkit.uid": {"$exists": True}}
        questions = [{"expkit.uid": run}, by_id] if _UID.fullmatch(str(run)) else [by_id]
        for question in questions if is_unicode(str(run)) else ():
            found: dict[str, Any] | None = self.server.runs.find_one(question, dict.fromkeys(fields, 1))
            if found is not None:
                return found
        raise self._sacreds.absent(run)

    def _uid(self, run: RunId) -> str:
        uid: str = self._run(run, "expkit.uid")["expkit"]["uid"]
        return uid

    def _any_uid(self, run: RunId) -> str:
        try:
            return self._uid(run)
        except SacredsRunError as sacreds:
            return self._sacreds.uid_of(sacreds)


def _not_beyond(uid: str, field: str, end: int) -> dict[str, Any]:
    """What asks for a run whose stream ends here at most: what is shown of more is not replaced by what comes late."""
    return {"expkit.uid": uid, f"expkit.ends.{field}": {"$not": {"$gt": end}}}


if TYPE_CHECKING:
    _proof: RunStore = MongoStore("")
