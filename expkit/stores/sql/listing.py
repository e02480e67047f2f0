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
    from expkit.stores.excerpts import Excerpt, Needs
    from expkit.stores.sql.server import Server
    from expkit.types import Json

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
    return excerpts.find(store, _Source(server, theirs), query, columns, order, limit)


class _Source:
    """Fetches rows about runs.

    Args:
        server: the database.
        theirs: runs that are not in our tables.
    """

    def __init__(self, server: Server, theirs: list[RunKey]) -> None:
        self._server = server
        self._theirs = theirs

    def keys(self, query: Query | None) -> list[RunKey]:
        wanted = select(tables.runs.c.id, tables.runs.c.uid).order_by(tables.runs.c.number)
        condition = narrowed(query, pushing.SqlWords(self._server.place.kind))
        wanted = wanted if condition is None else wanted.where(condition)

        def work(connection: Connection) -> list[RunKey]:
            return [RunKey(natural(row.id), row.uid) for row in connection.execute(wanted)]

        return self._theirs + self._server.read(work, list)

    def most(self, _: Needs) -> int:
        return _BATCH

    def fetch(self, keys: Sequence[RunKey], needs: Needs) -> Mapping[str, Excerpt]:
        uids = [key.uid for key in keys]
        found = self._server.read(lambda connection: _fetched(connection, uids, needs), dict[str, _Excerpt])
        if needs.metrics is None or needs.metrics:
            names = None if needs.metrics is None else [readable.text(name) for name in needs.metrics]
            for uid, figures in summaries.of_runs(self._server, list(found), names).items():
                found[uid].known = figures
        return {uid: excerpt for uid, excerpt in found.items() if excerpt.parts}


class _Excerpt:
    """The rows about one run."""

    def __init__(self, key: RunKey, needs: Needs) -> None:
        self.key = key
        self.parts: list[str] = []
        self.said: list[str] = []
        self.sign: str | None = None
        self.known: dict[str, dict[str, Any]] = {}
        self._needs = needs

    def tree(self) -> dict[str, Json] | None:
        tree: dict[str, Json] = {}
        for part in self.parts:
            tree.update(json.loads(part))
        self.parts.clear()
        return tree

    def record(self) -> RunRecord | None:
        if not self._needs.whole:
            return None
        record = record_of(self.key.id, self.parts)
        self.parts.clear()
        return record

    def lease(self) -> Lease | None:
        return lease_of(self.sign)

    def annotations(self) -> list[Annotation]:
        return annotations_of(self.said)

    def figures(self) -> dict[str, dict[str, Any]] | None:
        return self.known


def _fetched(connection: Connection, uids: list[str], needs: Needs) -> dict[str, _Excerpt]:
    """What is needed of some runs, by their uids."""
    run, records, remarks, leases = tables.runs.c, tables.records.c, tables.remarks.c, tables.leases.c
    rows = connection.execute(select(run.number, run.uid, run.id).where(run.uid.in_(uids)))
    found = {row.number: _Excerpt(RunKey(natural(row.id), row.uid), needs) for row in rows}
    numbers = list(found)
    wanted = select(records.run, records.text).where(records.run.in_(numbers))
    if not needs.whole:
        wanted = wanted.where(records.part.in_(parts_with(needs.steps)))
    for number, text in connection.execute(wanted):
        found[number].parts.append(text)
    if needs.annotations:
        said = select(remarks.run, remarks.text).where(remarks.run.in_(numbers)).order_by(remarks.number)
        for number, text in connection.execute(said):
            found[number].said.append(text)
    if needs.leases:
        for number, text in connection.execute(select(leases.run, leases.text).where(leases.run.in_(numbers))):
            found[number].sign = text
    return {excerpt.key.uid: excerpt for excerpt in found.values()}
