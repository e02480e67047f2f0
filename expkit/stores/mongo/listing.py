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
    from expkit.stores.excerpts import Excerpt, Needs
    from expkit.stores.mongo.server import Server
    from expkit.stores.mongo.store import MongoStore
    from expkit.types import Json

_BATCH = 200
_REPLY = 10
_MANY = 1000


def find(
    store: MongoStore, query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int | None
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`."""
    return excerpts.find(store, _Source(store), query, columns, order, limit)


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


class _Source:
    """Fetches documents of runs.

    Args:
        store: where they are.
    """

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._server = store.server

    def keys(self, query: Query | None) -> list[RunKey]:
        return self._store.candidates(narrowed(query, MongoWords()))

    def most(self, needs: Needs) -> int:
        return _BATCH if needs.whole else _MANY

    def fetch(self, keys: Sequence[RunKey], needs: Needs) -> Mapping[str, Excerpt]:
        uids = [key.uid for key in keys]
        wanted, reply = {"expkit.uid": {"$in": uids}}, _REPLY if needs.whole else 0
        found = self._server.ask(lambda: list(self._server.runs.find(wanted, _fields(needs), batch_size=reply)))
        said: dict[str, list[dict[str, Any]]] = {}
        for document in self._said(uids) if needs.annotations else ():
            said.setdefault(document["uid"], []).append(document)
        each = ((document["expkit"]["uid"], document) for document in found)
        return {uid: _Excerpt(self._server, document, said.get(uid, []), needs) for uid, document in each}

    def _said(self, uids: list[str]) -> list[dict[str, Any]]:
        return self._server.ask(lambda: list(self._server.annotations.find({"uid": {"$in": uids}})))


def _fields(needs: Needs) -> dict[str, int]:
    """What is fetched of each document."""
    fields = ["expkit.uid", "expkit.long"]
    if needs.whole:
        fields.append("expkit.record")
    else:
        fields += [f"expkit.record.{step}" for step in needs.steps if step.isidentifier()]
    if needs.leases:
        fields.append("expkit.lease")
    if needs.metrics is None or needs.metrics:
        fields += ["expkit.ends", "expkit.figures"]
    return dict.fromkeys(fields, 1)


class _Excerpt:
    """The document of a run, and its later facts."""

    def __init__(self, server: Server, document: dict[str, Any], said: list[dict[str, Any]], needs: Needs) -> None:
        self._server = server
        self._document = document
        self._said = said
        self._needs = needs

    def tree(self) -> dict[str, Json] | None:
        ours = self._document["expkit"]
        if not self._needs.steps.isdisjoint(ours["long"]):
            return None
        return {key: json.loads(text) for key, text in ours.pop("record").items()}

    def record(self) -> RunRecord | None:
        ours = self._document["expkit"]
        if not self._needs.whole or ours["long"]:
            return None
        record = record_of(self._server, self._document)
        del ours["record"]
        return record

    def lease(self) -> Lease | None:
        return lease_of(self._document)

    def annotations(self) -> list[Annotation]:
        return annotations_of(self._said)

    def figures(self) -> dict[str, dict[str, Any]] | None:
        return self._server.ask(lambda: summaries.of_run(self._server, self._document))
