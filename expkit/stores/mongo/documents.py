"""The documents of runs, and what this process knows of them, so that a save sends only what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.errors import StoreError
from expkit.stores import rules
from expkit.stores.exact import digests_of
from expkit.stores.mongo.facts import first_lease, microseconds
from expkit.stores.mongo.files import put_long, remove
from expkit.stores.mongo.ids import claim
from expkit.stores.mongo.pushing import TREES, leaves_of
from expkit.stores.mongo.records import INLINE, Known, texts_of
from expkit.stores.mongo.views import Seen, views_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.record.model import Lease, RunRecord
    from expkit.stores.mongo.files import Blobs
    from expkit.stores.mongo.metrics import Metrics
    from expkit.stores.mongo.server import Server
    from expkit.types import RunId

_TRIES = 16

_FIELDS = {"_id": 1, "expkit.version": 1, "expkit.segment": 1, "expkit.long": 1}


class Documents:
    """Writes the documents of runs.

    Every change of a record raises its document's version, and holds only if that is the expected one: what a slow
    server takes in too late changes nothing.

    Args:
        server: where.
        blobs: the bytes that records name.
        metrics: the metrics that ``info`` links to.
    """

    def __init__(self, server: Server, blobs: Blobs, metrics: Metrics) -> None:
        self._server = server
        self._blobs = blobs
        self._metrics = metrics
        self._known: dict[str, Known] = {}

    def insert(self, record: RunRecord, wanted: RunId | None, lease: Lease | None, *, bind: bool) -> RunId:
        """Insert the document of a new run, and return the id that it has got."""
        document, long = self._document(record, lease)
        try:
            run_id = claim(self._server, document, wanted, bind=bind)
        except BaseException:
            remove(self._server, long.values())
            raise
        if long and not self._server.runs.count_documents({"_id": run_id, "expkit.long": long}):
            remove(self._server, long.values())  # somebody has created it at the same time
        return run_id

    def replace(self, run_id: RunId, record: RunRecord, lease: Lease | None) -> None:
        """Put the document of a new run in the place of another one."""
        document, _ = self._document(record, lease)
        self._server.runs.replace_one({"_id": run_id}, {**document, "_id": run_id})

    def _document(self, record: RunRecord, lease: Lease | None) -> tuple[dict[str, Any], dict[str, Any]]:
        texts, now = texts_of(record), self._server.now()
        long = self._put_long(record.uid, texts)
        ours = {
            "uid": record.uid,
            "version": 0,
            "segment": record.segment,
            "created": microseconds(now),
            "record": {key: text for key, text in texts.items() if key not in long},
            "long": long,
            "ends": {},
            "lease": first_lease(lease, now),
            "leaves": {tree: leaves_of(tree, getattr(record, tree)) for tree in TREES},
        }
        views = views_of(Seen(record, self._ids(record), []))
        return {"_id": None, **views, "captured_out": "", "expkit": ours}, long

    def _put_long(self, uid: str, texts: dict[str, str]) -> dict[str, Any]:
        """Keep the texts that are too long for a document; their ids, by field."""
        long = {key: text for key, text in texts.items() if len(text) > INLINE}
        return {key: put_long(self._server, text.encode(), f"record://{uid}/{key}") for key, text in long.items()}

    def save(self, record: RunRecord) -> bool:
        """Bring a document up to date; whether the run was resumed.

        Raises:
            RunNotFoundError: there is no such run.
        """
        texts = texts_of(record)
        for _ in range(_TRIES):
            known = self._known.pop(record.uid, None) or self._look(record.uid)
            new = self._write(known, record, texts)
            if new is not None:
                self._known[record.uid] = new
                return record.segment > known.segment
        raise StoreError(f"too many processes save run {known.id} in {self._server.place.url} at once")

    def _look(self, uid: str) -> Known:
        found = self._server.runs.find_one({"expkit.uid": uid}, _FIELDS)
        if found is None:
            raise rules.not_found(uid, self._server.place.url)
        ours = found["expkit"]
        return Known(id=found["_id"], version=ours["version"], segment=ours["segment"], long=ours["long"])

    def _write(self, known: Known, record: RunRecord, texts: dict[str, str]) -> Known | None:
        """Write what has changed; None if the document is not as it was known."""
        digests = digests_of(texts)
        changed = {key: text for key, text in texts.items() if known.digests.get(key) != digests[key]}
        new_long = self._put_long(record.uid, changed)
        long = {**{key: known.long[key] for key in known.long if key not in changed}, **new_long}
        seen = Seen(record, self._ids(record), self.links(known.id, record.uid))
        linked = sum(ref.sha256 in seen.ids for ref in record.files)
        again = ["files"] if linked != known.linked else []
        fields: dict[str, Any] = {
            **{f"expkit.record.{key}": text for key, text in changed.items() if key not in long},
            **({"expkit.long": long} if long != known.long else {}),
            **({"expkit.segment": record.segment} if record.segment != known.segment else {}),
            **{f"expkit.leaves.{tree}": leaves_of(tree, getattr(record, tree)) for tree in TREES if tree in changed},
            **views_of(seen, [*changed, *again]),
        }
        update: dict[str, Any] = {"$set": fields} if fields else {}
        if moved := dict.fromkeys((f"expkit.record.{key}" for key in new_long), ""):
            update["$unset"] = moved
        expected = {"_id": known.id, "expkit.uid": record.uid, "expkit.version": known.version}
        done = self._server.runs.update_one(expected, {**update, "$inc": {"expkit.version": 1}})
        if not done.matched_count:
            remove(self._server, new_long.values())
            return None
        self._blobs.give_names(known.id, self._server.place.runs, record.files)
        remove(self._server, (file_id for key, file_id in known.long.items() if long.get(key) != file_id))
        return Known(
            id=known.id, version=known.version + 1, segment=record.segment, digests=digests, long=long, linked=linked
        )

    def _ids(self, record: RunRecord) -> Mapping[str, Any]:
        """The files of the GridFS that a record names, by hash."""
        return self._blobs.ids(ref.sha256 for ref in record.files if ref.kept)

    def links(self, run_id: RunId, uid: str) -> list[dict[str, str]]:
        """What ``info.metrics`` says."""
        return self._metrics.links(run_id, uid)

    def forget(self, uid: str) -> None:
        """Know nothing of a run any more."""
        self._known.pop(uid, None)
