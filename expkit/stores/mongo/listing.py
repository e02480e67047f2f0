"""Finding runs with few questions: documents come in batches, and what a row needs is taken from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from expkit.stores import excerpts
from expkit.stores.base import RunKey
from expkit.stores.mongo import summaries
from expkit.stores.mongo.facts import annotations_of, lease_of
from expkit.stores.mongo.pushing import MongoWords
from expkit.stores.mongo.records import record_of
from expkit.stores.narrowing import narrowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from expkit.record.model import Annotation, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.excerpts import Needs
    from expkit.stores.mongo.server import Server
    from expkit.stores.mongo.store import MongoStore
    from expkit.types import Json, RunId

_FIRST = 50
_BATCH = 200
_REPLY = 10
_MANY = 1000


def find(
    store: MongoStore, query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int | None
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`."""

    def chosen(needs: Needs, query: Query | None, keys: list[RunKey] | None) -> Any:
        return _Listing(store, needs, store.candidates(narrowed(query, MongoWords())) if keys is None else keys)

    return excerpts.find(chosen, query, columns, order, limit)


def candidates(
    server: Server, sacreds: Callable[[int], list[tuple[int, RunKey]]], wanted: Mapping[str, Any] | None
) -> list[RunKey]:
    """The runs of a store that a filter leaves, oldest first.

    Args:
        server: where.
        sacreds: the predecessor's runs and when they were created, given the number of ours; they are always left.
        wanted: the filter; None: all.
    """
    ours: dict[str, Any] = {"expkit.created": {"$gt": 0}}
    fields = {"_id": 1, "expkit.uid": 1, "expkit.created": 1}
    found = server.runs.find(ours if wanted is None else {"$and": [ours, wanted]}, fields)
    keys = [
        (document["expkit"]["created"], RunKey(document["_id"], document["expkit"]["uid"]))
        for document in found.sort([("expkit.created", 1), ("_id", 1)])
    ]
    number = len(keys) if wanted is None else server.runs.count_documents(ours)
    if theirs := sacreds(number):
        keys = sorted(theirs + keys, key=lambda entry: entry[0])
    return [key for _, key in keys]


class _Listing:
    """The store as a search sees it: each run as it was when its batch was fetched, the rest from the store itself."""

    def __init__(self, store: MongoStore, needs: Needs, keys: list[RunKey]) -> None:
        self._store = store
        self._server = store.server
        self._needs = needs
        self._keys = keys
        self._left = [key.uid for key in reversed(keys)]
        self._size = _FIRST
        self._documents: dict[str, dict[str, Any]] = {}
        self._annotations: dict[str, list[dict[str, Any]]] = {}
        self._leases: dict[str, Lease | None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def chosen(self) -> list[RunKey]:
        return self._keys

    def excerpt(self, uid: str) -> dict[str, Json] | None:
        self._fetch(uid)
        document = self._documents.get(uid)
        if document is None or not self._needs.steps.isdisjoint(document["expkit"]["long"]):
            return None
        self._leases = {uid: lease_of(document)} if self._needs.leases else {}
        return {key: json.loads(text) for key, text in document["expkit"]["record"].items()}

    def load(self, uid: str) -> RunRecord:
        self._fetch(uid)
        document = self._documents.get(uid) if self._needs.whole else None
        if document is None or document["expkit"]["long"]:
            return self._store.load(uid)
        self._leases = {uid: lease_of(document)}  # for the first look; a second one is to see what is new
        return record_of(self._server, document)

    def lease(self, run: RunId) -> Lease | None:
        return self._leases.pop(str(run)) if run in self._leases else self._store.lease(run)

    def annotations(self, run: RunId) -> list[Annotation]:
        if str(run) in self._annotations:
            return annotations_of(self._annotations.pop(str(run)))
        return self._store.annotations(run)

    def figures(self, uid: str) -> dict[str, dict[str, Any]] | None:
        document = self._documents.get(uid)
        return None if document is None else self._server.ask(lambda: summaries.of_run(self._server, document))

    def _fetch(self, uid: str) -> None:
        """Fetch the batch that begins with a run."""
        if not self._left or self._left[-1] != uid:
            return
        batch = [self._left.pop() for _ in range(min(self._size, len(self._left)))]
        self._size = _BATCH if self._needs.whole else _MANY
        wanted = {"expkit.uid": {"$in": batch}}
        reply = _REPLY if self._needs.whole else 0
        found = self._server.ask(lambda: list(self._server.runs.find(wanted, self._fields(), batch_size=reply)))
        self._documents = {document["expkit"]["uid"]: document for document in found}
        if self._needs.annotations:
            said = self._server.ask(lambda: list(self._server.annotations.find({"uid": {"$in": batch}})))
            self._annotations = {uid: [] for uid in batch}
            for document in said:
                self._annotations[document["uid"]].append(document)

    def _fields(self) -> dict[str, int]:
        """What is fetched of each document."""
        fields = ["expkit.uid", "expkit.long"]
        if self._needs.whole:
            fields.append("expkit.record")
        else:
            fields += [f"expkit.record.{step}" for step in self._needs.steps if step.isidentifier()]
        if self._needs.leases:
            fields.append("expkit.lease")
        if self._needs.metrics is None or self._needs.metrics:
            fields += ["expkit.ends", "expkit.figures"]
        return dict.fromkeys(fields, 1)
