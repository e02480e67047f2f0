"""Rows made of those parts of records that are asked for: how databases answer without fetching whole records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from expkit.errors import DAMAGE
from expkit.record.fields import metric_of
from expkit.record.later import Later
from expkit.record.model import FORMAT, RUNNING
from expkit.record.paths import Path
from expkit.record.query import fields_of
from expkit.record.wire import record_from_json
from expkit.stores import finding
from expkit.stores.holder import alive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from expkit.record.model import Annotation, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import RunKey, RunStore
    from expkit.types import Json

_FIRST = 50
"""Runs that are fetched at first, for those who look at few."""

_WHOLE = frozenset(("experiment", "resources", "artifacts", "format"))
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
        first = {Path.parse(field).first for field in fields}
        self.whole = whole or bool(first & _WHOLE)
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


class Excerpt(Protocol):
    """What was fetched of one run. Only what is needed is asked for, and only once."""

    def tree(self) -> dict[str, Json] | None:
        """What is needed of the record's JSON form; None where only the whole record can be had."""
        ...

    def record(self) -> RunRecord | None:
        """The whole record; None where it was not fetched."""
        ...

    def lease(self) -> Lease | None:
        """The last lease."""
        ...

    def annotations(self) -> list[Annotation]:
        """Later facts, in order of their time."""
        ...

    def figures(self) -> dict[str, dict[str, Any]] | None:
        """What is known of its metrics; None where its points have to be looked at."""
        ...


class Source(Protocol):
    """A store that fetches what is needed of many runs at once."""

    def keys(self, query: Query | None) -> list[RunKey]:
        """The runs that may answer a question, oldest first."""
        ...

    def fetch(self, keys: Sequence[RunKey], needs: Needs) -> Mapping[str, Excerpt]:
        """What is needed of some runs, by uid; those that are missing are loaded one by one."""
        ...

    def most(self, needs: Needs) -> int:
        """How many runs are fetched at once."""
        ...


class Batches:
    """Runs, each as it was when the batch was fetched that it is in.

    Args:
        source: fetches them.
        needs: what is needed of them.
        keys: the runs, in the order in which they will be asked for.
    """

    def __init__(self, source: Source, needs: Needs, keys: Iterable[RunKey]) -> None:
        self.needs = needs
        self._source = source
        self._left = list(keys)[::-1]
        self._size = _FIRST
        self._fetched: dict[str, Excerpt] = {}

    def take(self, uid: str) -> Excerpt | None:
        """What was fetched of a run; None where it has to be loaded by itself. Given once."""
        if self._left and self._left[-1].uid == uid:
            most = self._source.most(self.needs)
            batch = [self._left.pop() for _ in range(min(self._size, most, len(self._left)))]
            self._size = most
            self._fetched = dict(self._source.fetch(batch, self.needs))
        return self._fetched.pop(uid, None)


def find(
    store: RunStore,
    source: Source,
    query: Query | None,
    columns: Sequence[str] | None,
    order: Sequence[str],
    limit: int | None,
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`.

    Args:
        store: where the runs are.
        source: what fetches them from there.
        query: the question.
        columns: what is to be seen.
        order: by what.
        limit: how many.
    """
    ordering = {field.removeprefix("-") for field in order}
    finding.check([*(columns or ()), *ordering])
    asked = fields_of(query) | ordering
    if order and limit is not None and (columns is None or not set(columns) <= asked):
        return _page(store, source, query, columns, order, limit)
    batches = Batches(source, Needs(asked | set(columns or ()), whole=columns is None), keys := source.keys(query))
    return finding.chosen(_rows(store, batches, keys), query, columns, order, limit)


def find_whole(
    store: RunStore,
    source: Source,
    query: Query | None,
    columns: Sequence[str] | None,
    order: Sequence[str],
    limit: int | None,
) -> Iterator[Mapping[str, Any]]:
    """Rows like those of :func:`find`, where only whole records can be fetched."""
    ordering = {field.removeprefix("-") for field in order}
    finding.check([*(columns or ()), *ordering])
    # what is only shown is fetched for those that are shown
    fields = fields_of(query) | ordering if query or order else set(columns or ())
    batches = Batches(source, Needs(fields, whole=True), keys := source.keys(query))
    return finding.chosen(_rows(store, batches, keys), query, columns, order, limit)


def _page(
    store: RunStore,
    source: Source,
    query: Query | None,
    columns: Sequence[str] | None,
    order: Sequence[str],
    limit: int,
) -> Iterator[Mapping[str, Any]]:
    """First which runs, then all that is to be seen of these few."""
    from expkit.stores.base import RunKey

    needs = Needs(fields_of(query) | {field.removeprefix("-") for field in order})
    rows = _rows(store, Batches(source, needs, keys := source.keys(query)), keys)
    found = finding.chosen(rows, query, ["id", "uid"], order, limit)
    few = [RunKey(row["id"], row["uid"]) for row in found]
    batches = Batches(source, Needs(set(columns or ()), whole=columns is None), few)
    yield from finding.chosen(_rows(store, batches, few), None, columns, (), None)


def _rows(store: RunStore, batches: Batches, keys: Iterable[RunKey]) -> Iterator[finding.Row]:
    return (_Row(store, key, batches) for key in keys)


class _Row(finding.Row):
    """One run, of which what is needed was fetched with others."""

    def __init__(self, store: RunStore, key: RunKey, batches: Batches) -> None:
        super().__init__(store, key, alive)
        self._batches = batches
        self._needs = batches.needs
        self._excerpt: Excerpt | None = None

    def _full(self) -> dict[str, Json]:
        self._excerpt = self._batches.take(self._key.uid)
        found = None if self._excerpt is None or self._needs.whole else self._excerpt.tree()
        if found is None:
            return super()._full()
        tree = {**found, "_id": self._key.id, "id": self._key.id, "uid": self._key.uid, "state": found["status"]}
        if self._needs.leases and tree["status"] == RUNNING:
            self._running = record_from_json({"name": "", "command": "", **tree, "format": FORMAT})
            tree["state"] = finding.state_of(self._store, self._running, alive, self._lease)
        return Later(self._annotations()).mixed_in(tree) if self._needs.annotations else tree

    def _record(self) -> RunRecord:
        found = None if self._excerpt is None else self._excerpt.record()
        return super()._record() if found is None else found

    def _lease(self) -> Lease | None:
        return super()._lease() if self._excerpt is None else self._excerpt.lease()

    def _annotations(self) -> Iterable[Annotation]:
        return super()._annotations() if self._excerpt is None else self._excerpt.annotations()

    def _explain(self) -> None:
        if self._running is not None and not self._needs.whole:
            try:
                self._running = self._store.load(self._key.uid)
            except DAMAGE:
                self._running = None
        super()._explain()

    def figures(self) -> dict[str, dict[str, Any]]:
        """What is known of each metric that is needed, by name."""
        if self._metrics is None and self._excerpt is not None:
            self._metrics = self._excerpt.figures()
        return super().figures()
