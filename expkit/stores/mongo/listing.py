"""Finding runs with few questions: documents come in batches, and what a row needs is taken from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.stores import finding
from expkit.stores.mongo.facts import annotations_of, lease_of
from expkit.stores.mongo.records import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from expkit.record.model import Annotation, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import RunKey
    from expkit.stores.mongo.store import MongoStore
    from expkit.types import RunId

_BATCH = 100
_REPLY = 10


def find(
    store: MongoStore, query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int | None
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`."""
    listing: Any = _Listing(store)
    return finding.find(listing, query, columns, order, limit)


class _Listing:
    """The store as a search sees it: each run as it was when its batch was fetched, the rest from the store itself."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._server = store.server
        self._left: list[str] = []
        self._documents: dict[str, dict[str, Any]] = {}
        self._annotations: dict[str, list[dict[str, Any]]] = {}
        self._leases: dict[str, Lease | None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def ids(self) -> list[RunKey]:
        keys = self._store.ids()
        self._left = [key.uid for key in reversed(keys)]
        return keys

    def load(self, uid: str) -> RunRecord:
        self._fetch(uid)
        document = self._documents.pop(uid, None)
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

    def _fetch(self, uid: str) -> None:
        """Fetch the batch that begins with a run."""
        if not self._left or self._left[-1] != uid:
            return
        batch = [self._left.pop() for _ in range(min(_BATCH, len(self._left)))]
        fields = {"expkit.uid": 1, "expkit.record": 1, "expkit.long": 1, "expkit.lease": 1}
        wanted = {"expkit.uid": {"$in": batch}}
        found = self._server.ask(lambda: list(self._server.runs.find(wanted, fields, batch_size=_REPLY)))
        self._documents = {document["expkit"]["uid"]: document for document in found}
        said = self._server.ask(lambda: list(self._server.annotations.find({"uid": {"$in": batch}})))
        self._annotations = {uid: [] for uid in batch}
        for document in said:
            self._annotations[document["uid"]].append(document)
