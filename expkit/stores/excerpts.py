"""Rows made of those parts of records that are asked for: how databases answer without fetching whole records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from expkit.errors import DAMAGE
from expkit.record.fields import metric_of
from expkit.record.model import FORMAT, RUNNING
from expkit.record.query import fields_of
from expkit.record.wire import record_from_json
from expkit.stores import finding
from expkit.stores.holder import alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from expkit.record.model import Annotation, Lease
    from expkit.record.query import Query
    from expkit.stores.base import RunKey
    from expkit.types import Json

    Select = Callable[["Needs", "Query | None", "list[RunKey] | None"], "Source"]

_DERIVED = frozenset(("experiment", "resources", "artifacts", "format"))
_ANNOTATED = frozenset(("tags", "notes", "name", "late", "trash"))
_JUDGED = frozenset(("state", "duration", "last_sign", "cause"))


class Needs:
    """What rows have to know.

    Args:
        fields: that are asked for.
        whole: whether all of each record is, too.

    Attributes:
        whole: whether whole records are needed.
        steps: the first steps of the paths of those fields of records that are needed.
        annotations: whether later facts are.
        leases: whether signs of life are.
        metrics: the names of those metrics whose figures are; None: of all.
    """

    def __init__(self, fields: set[str], *, whole: bool = False) -> None:
        first = {re.split(r"[.\[]", field, maxsplit=1)[0] for field in fields}
        self.whole = whole or bool(first & _DERIVED)
        self.annotations = self.whole or bool(first & _ANNOTATED)
        self.leases = self.whole or bool(first & _JUDGED)
        self.steps = first | {"status"}
        if self.leases:
            self.steps |= {"start_time", "stop_time", "heartbeat", "cause"}
        if self.annotations:
            self.steps |= {"meta", "name"}
        self.metrics = _metrics(fields)


def _metrics(fields: set[str]) -> set[str] | None:
    if "metrics" in fields:
        return None
    return {metric[0] for metric in map(metric_of, fields) if metric is not None}


class Source(Protocol):
    """Runs, with what is needed of them; each is asked for once, in the order of the keys."""

    def chosen(self) -> list[RunKey]:
        """The runs, oldest first or as they were wanted."""
        ...

    def excerpt(self, uid: str) -> dict[str, Json] | None:
        """What is needed of a record's JSON form; None where only the whole record can be had."""
        ...

    def lease(self, run: str) -> Lease | None:
        """The last lease of that run."""
        ...

    def annotations(self, run: str) -> list[Annotation]:
        """Its later facts."""
        ...

    def figures(self, uid: str) -> dict[str, dict[str, Any]] | None:
        """What is known of its metrics; None where its points have to be looked at."""
        ...


def find(
    select: Select, query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int | None
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`.

    Args:
        select: ``select(needs, query, keys)`` gives the runs with these keys, or those that may answer the question.
        query: the question.
        columns: what is to be seen.
        order: by what.
        limit: how many.
    """
    ordering = {field.removeprefix("-") for field in order}
    finding.check([*(columns or ()), *ordering])
    asked = fields_of(query) | ordering
    if not order or limit is None or (columns is not None and set(columns) <= asked):
        needs = Needs(asked | set(columns or ()), whole=columns is None)
        return _rows(needs, select(needs, query, None), query, columns, order, limit)
    return _page(select, query, columns, order, limit)


def _page(
    select: Select, query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int
) -> Iterator[Mapping[str, Any]]:
    """First which runs, then all that is to be seen of these few."""
    from expkit.stores.base import RunKey

    needs = Needs(fields_of(query) | {field.removeprefix("-") for field in order})
    found = _rows(needs, select(needs, query, None), query, ["id", "uid"], order, limit)
    keys = [RunKey(row["id"], row["uid"]) for row in found]
    needs = Needs(set(columns or ()), whole=columns is None)
    yield from _rows(needs, select(needs, None, keys), None, columns, (), None)


def _rows(
    needs: Needs,
    source: Source,
    query: Query | None,
    columns: Sequence[str] | None,
    order: Sequence[str],
    limit: int | None,
) -> Iterator[Mapping[str, Any]]:
    rows = (_Excerpt(source, key, needs) for key in source.chosen())
    return finding.chosen(rows, query, columns, order, limit)


class _Excerpt(finding.Row):
    """One run, of which only what is needed was fetched."""

    def __init__(self, source: Any, key: RunKey, needs: Needs) -> None:
        super().__init__(source, key, alive)
        self._source: Source = source
        self._needs = needs

    def _full(self) -> dict[str, Json]:
        found = None if self._needs.whole else self._source.excerpt(self._key.uid)
        if found is None:
            return super()._full()
        tree = {**found, "_id": self._key.id, "id": self._key.id, "uid": self._key.uid, "state": found["status"]}
        if self._needs.leases and tree["status"] == RUNNING:
            self._running = record_from_json({"name": "", "command": "", **tree, "format": FORMAT})
            tree["state"] = finding.state_of(self._store, self._running, alive)
        return finding.annotated(tree, self._source.annotations(self._key.uid)) if self._needs.annotations else tree

    def _explain(self) -> None:
        if self._running is not None and not self._needs.whole:
            try:
                self._running = self._store.load(self._key.uid)
            except DAMAGE:
                self._running = None
        super()._explain()

    def figures(self) -> dict[str, dict[str, Any]]:
        """What is known of each metric that is needed, by name."""
        if self._metrics is None:
            self._metrics = self._source.figures(self._key.uid)
        return super().figures()
