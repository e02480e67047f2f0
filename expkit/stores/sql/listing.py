"""Finding runs with few questions: rows come in batches, and what a row needs is taken from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from expkit.stores import excerpts
from expkit.stores.base import RunKey
from expkit.stores.counting import natural
from expkit.stores.narrowing import narrowed
from expkit.stores.sql import pushing, readable, summaries, tables
from expkit.stores.sql.records import parts_with, record_of
from expkit.stores.sql.runs import annotations_of, lease_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from expkit.record.model import Annotation, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import RunStore
    from expkit.stores.excerpts import Needs
    from expkit.stores.sql.server import Server
    from expkit.types import Json, RunId

_FIRST = 50
_BATCH = 500


def find(
    store: RunStore,
    server: Server,
    theirs: list[RunKey],
    query: Query | None,
    columns: Sequence[str] | None,
    order: Sequence[str],
    limit: int | None,
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`.

    Args:
        store: where.
        server: its database.
        theirs: runs that are not in our tables.
        query: the question.
        columns: what is to be seen.
        order: by what.
        limit: how many.
    """

    def chosen(needs: Needs, query: Query | None, keys: list[RunKey] | None) -> Any:
        return _Listing(store, server, needs, theirs + _ours(server, query) if keys is None else keys)

    return excerpts.find(chosen, query, columns, order, limit)


def _ours(server: Server, query: Query | None) -> list[RunKey]:
    """The runs of our tables that may answer the question, oldest first."""
    wanted = select(tables.runs.c.id, tables.runs.c.uid).order_by(tables.runs.c.number)
    condition = narrowed(query, pushing.SqlWords(server.place.kind))
    wanted = wanted if condition is None else wanted.where(condition)

    def work(connection: Connection) -> list[RunKey]:
        return [RunKey(natural(row.id), row.uid) for row in connection.execute(wanted)]

    return server.read(work, list)


class _Batch:
    """Some runs as they were when they were fetched."""

    def __init__(self) -> None:
        self.names: dict[str, RunId] = {}
        self.parts: dict[str, list[str]] = {}
        self.leases: dict[str, str] = {}
        self.annotations: dict[str, list[str]] = {}
        self.figures: dict[str, dict[str, Any]] = {}


class _Listing:
    """The store as a search sees it: each run as it was when its batch was fetched, the rest from the store itself."""

    def __init__(self, store: RunStore, server: Server, needs: Needs, keys: list[RunKey]) -> None:
        self._store = store
        self._server = server
        self._needs = needs
        self._keys = keys
        self._left = [key.uid for key in reversed(keys)]
        self._size = _FIRST
        self._batch = _Batch()
        self._seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def chosen(self) -> list[RunKey]:
        return self._keys

    def excerpt(self, uid: str) -> dict[str, Json] | None:
        self._fetch(uid)
        parts = self._batch.parts.pop(uid, None)
        if parts is None:
            return None
        self._seen = {uid}  # for the first look; a second one is to see what is new
        tree: dict[str, Json] = {}
        for part in parts:
            tree.update(json.loads(part))
        return tree

    def load(self, uid: str) -> RunRecord:
        self._fetch(uid)
        parts = self._batch.parts.pop(uid, None) if self._needs.whole else None
        if parts is None:
            return self._store.load(uid)
        self._seen = {uid}
        return record_of(self._batch.names[uid], parts)

    def lease(self, run: RunId) -> Lease | None:
        if run not in self._seen:
            return self._store.lease(run)
        self._seen.clear()
        return lease_of(self._batch.leases.get(str(run)))

    def annotations(self, run: RunId) -> list[Annotation]:
        if run not in self._batch.names:
            return self._store.annotations(run)
        return annotations_of(self._batch.annotations.get(str(run), ()))

    def figures(self, uid: str) -> dict[str, dict[str, Any]] | None:
        return self._batch.figures.get(uid, {}) if uid in self._batch.names else None

    def _fetch(self, uid: str) -> None:
        """Fetch the batch that begins with a run."""
        if not self._left or self._left[-1] != uid:
            return
        uids = [self._left.pop() for _ in range(min(self._size, len(self._left)))]
        self._size = _BATCH
        self._batch = self._server.read(lambda connection: _fetched(connection, uids, self._needs), _Batch)
        if self._needs.metrics is None or self._needs.metrics:
            self._batch.figures = self._figures(uids)

    def _figures(self, uids: list[str]) -> dict[str, dict[str, Any]]:
        columns = tables.runs.c
        wanted = select(columns.number, columns.uid).where(columns.uid.in_(uids))

        def look(connection: Connection) -> dict[int, str]:
            return {row.number: row.uid for row in connection.execute(wanted)}

        numbers = self._server.read(look, dict[int, str])
        names = None if self._needs.metrics is None else [readable.text(name) for name in self._needs.metrics]
        found = summaries.of_runs(self._server, list(numbers), names)
        return {numbers[number]: figures for number, figures in found.items()}


def _fetched(connection: Connection, uids: list[str], needs: Needs) -> _Batch:
    found, run = _Batch(), tables.runs.c
    rows = list(connection.execute(select(run.number, run.uid, run.id).where(run.uid.in_(uids))))
    found.names = {row.uid: natural(row.id) for row in rows}
    of_number = {row.number: row.uid for row in rows}
    numbers = list(of_number)
    records, remarks, leases = tables.records.c, tables.remarks.c, tables.leases.c
    wanted = select(records.run, records.text).where(records.run.in_(numbers))
    if not needs.whole:
        wanted = wanted.where(records.part.in_(parts_with(needs.steps)))
    for number, text in connection.execute(wanted):
        found.parts.setdefault(of_number[number], []).append(text)
    if needs.annotations:
        said = select(remarks.run, remarks.text).where(remarks.run.in_(numbers)).order_by(remarks.number)
        for number, text in connection.execute(said):
            found.annotations.setdefault(of_number[number], []).append(text)
    if needs.leases:
        alive = select(leases.run, leases.text).where(leases.run.in_(numbers))
        found.leases = {of_number[number]: text for number, text in connection.execute(alive)}
    return found
