"""Finding runs with few questions: rows come in batches, and what a row needs is taken from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from expkit.stores import finding
from expkit.stores.sql import ids, tables
from expkit.stores.sql.records import record_of
from expkit.stores.sql.runs import annotations_of, lease_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from expkit.record.model import Annotation, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import RunKey, RunStore
    from expkit.stores.sql.server import Server
    from expkit.types import RunId

_BATCH = 200


def find(
    store: RunStore,
    server: Server,
    query: Query | None,
    columns: Sequence[str] | None,
    order: Sequence[str],
    limit: int | None,
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`."""
    listing: Any = _Listing(store, server)
    return finding.find(listing, query, columns, order, limit)


class _Batch:
    """Some runs as they were when they were fetched."""

    def __init__(self) -> None:
        self.names: dict[str, RunId] = {}
        self.parts: dict[str, list[str]] = {}
        self.leases: dict[str, str] = {}
        self.annotations: dict[str, list[str]] = {}


class _Listing:
    """The store as a search sees it: each run as it was when its batch was fetched, the rest from the store itself."""

    def __init__(self, store: RunStore, server: Server) -> None:
        self._store = store
        self._server = server
        self._left: list[str] = []
        self._batch = _Batch()
        self._seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def ids(self) -> list[RunKey]:
        keys = self._store.ids()
        self._left = [key.uid for key in reversed(keys)]
        return keys

    def load(self, uid: str) -> RunRecord:
        self._fetch(uid)
        parts = self._batch.parts.pop(uid, None)
        if parts is None:
            return self._store.load(uid)
        self._seen = {uid}  # for the first look; a second one is to see what is new
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

    def _fetch(self, uid: str) -> None:
        """Fetch the batch that begins with a run."""
        if not self._left or self._left[-1] != uid:
            return
        uids = [self._left.pop() for _ in range(min(_BATCH, len(self._left)))]
        self._batch = self._server.read(lambda connection: _fetched(connection, uids), _Batch)


def _fetched(connection: Connection, uids: list[str]) -> _Batch:
    found, run = _Batch(), tables.runs.c
    rows = list(connection.execute(select(run.number, run.uid, run.id).where(run.uid.in_(uids))))
    found.names = {row.uid: ids.shown(row.id) for row in rows}
    of_number = {row.number: row.uid for row in rows}
    numbers = list(of_number)
    for table, kept in ((tables.records, found.parts), (tables.remarks, found.annotations)):
        wanted = select(table.c.run, table.c.text).where(table.c.run.in_(numbers))
        ordered = wanted.order_by(table.c.number) if table is tables.remarks else wanted
        for number, text in connection.execute(ordered):
            kept.setdefault(of_number[number], []).append(text)
    leases = select(tables.leases.c.run, tables.leases.c.text).where(tables.leases.c.run.in_(numbers))
    found.leases = {of_number[number]: text for number, text in connection.execute(leases)}
    return found
