"""Finding runs without help from the backend: the default of :meth:`expkit.stores.base.RunStore.find`.

Beside the fields of a record's JSON form a row has

* ``id`` (the short id) and ``state`` (the status, judged by the signs of life);
* ``cause``, also for runs that died: see :mod:`expkit.stores.death`;
* ``duration``: seconds from its start to its end, to its last sign of life where it died, to now where it goes on;
* ``last_sign``, where it is asked for: seconds since a run that has not ended gave a sign of life, by the store's clock;
* ``tags``: the run's own and those that people added later, without those they removed;
* ``notes``: a list of ``{"text", "author", "time"}``; ``name``: the last name that people gave;
* ``late``: results that were reported afterwards, by name (``result`` for one without);
* ``trash``: the ``author`` and the ``time`` of who put it into the trash; missing where it is not there;
* ``metrics.NAME.last``, ``.min``, ``.max`` and ``.count``, over all segments and ranks; ``last`` is that of the
  lowest rank of the last segment, NaN counts for ``last`` and ``count`` only; ``metrics``: all of them, by name.

Values are JSON trees, as the record has them.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit.errors import DAMAGE, FormatError, RunNotFoundError
from expkit.record.fields import known, metric_of
from expkit.record.later import Later
from expkit.record.model import POINTS, RUNNING
from expkit.record.paths import Path
from expkit.record.query import MISSING, answering, comparable
from expkit.record.state import DIED, judge
from expkit.record.wire import record_to_json, time_from_json
from expkit.stores import figures
from expkit.stores.holder import alive as holder_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from expkit.record.model import Annotation, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import RunKey, RunStore
    from expkit.types import Json, RunId

UNREADABLE = "UNREADABLE"
"""The state of a run whose record this version cannot read; ``cause`` says why."""

_IDS = ("id", "_id")
_CHUNK = 100_000


def find(
    store: RunStore,
    query: Query | None = None,
    columns: Sequence[str] | None = None,
    order: Sequence[str] = (),
    limit: int | None = None,
    *,
    alive: Callable[[Lease], bool | None] = holder_alive,
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs in ``store`` that match, lazily; with ``order`` all of them are looked at first.

    Args:
        store: any store.
        query: the question; None for all runs.
        columns: dotted paths; None for whole records. A column that a run lacks is None.
        order: dotted paths, ``-`` in front for descending; runs that lack the value come last, and ids that are
            numbers go by number.
        limit: at most so many rows.
        alive: whether the process of a lease lives, see :func:`expkit.record.state.judge`.

    Raises:
        ValueError: no run has such a column or field.
    """
    check([*(columns or ()), *(field.removeprefix("-") for field in order)])
    return chosen((Row(store, key, alive) for key in store.ids()), query, columns, order, limit)


def chosen(
    rows: Iterable[Row], query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int | None
) -> Iterator[Mapping[str, Any]]:
    """What is shown of those rows that match; see :func:`find`."""
    answers = answering(query)
    rows = (row for row in rows if row.load() and answers(row))
    for field in reversed(order):
        rows = _ordered(rows, field)
    return (row.shown(columns) for row in islice(rows, limit))


def check(fields: Iterable[str]) -> None:
    """Refuse what no run can have: below its first step, a path may lead anywhere.

    Raises:
        ValueError: says which field, and what may be meant.
    """
    for field in fields:
        first = Path.parse(field).first
        if first not in known():
            raise ValueError(f"runs have no {first!r}{did_you_mean(first, known())}")


def state_of(
    store: RunStore,
    record: RunRecord,
    alive: Callable[[Lease], bool | None] = holder_alive,
    lease: Callable[[], Lease | None] | None = None,
) -> str:
    """The judged state of a run, whose record was just loaded from ``store``.

    Args:
        store: where it is.
        record: of the run.
        alive: whether the process of a lease lives.
        lease: gives the lease that was fetched with the record; None: the store is asked.
    """
    if record.status != RUNNING:
        return record.status
    first = store.lease(record.uid) if lease is None else lease()
    if judge(record, first, store.now(), alive) != DIED:
        return record.status
    # The run may have ended, and its process with it, between our two looks.
    return judge(store.load(record.uid), store.lease(record.uid), store.now(), alive)


def last_sign(store: RunStore, run: RunId) -> float | None:
    """Seconds since a run's last sign of life, by the clock of ``store``; None if it gave none."""
    lease = store.lease(run)
    return None if lease is None or lease.renewed is None else max(0.0, (store.now() - lease.renewed).total_seconds())


def duration_of(tree: Mapping[str, Json], now: Callable[[], datetime]) -> Any:
    """Seconds that a run took, or takes so far; MISSING if it never began.

    Args:
        tree: ``start_time``, ``stop_time``, ``heartbeat`` and the judged ``state`` of the run.
        now: the store's clock.
    """
    try:
        start, stop = (time_from_json(tree.get(name)) for name in ("start_time", "stop_time"))
        end = stop or (now() if tree.get("state") == RUNNING else time_from_json(tree.get("heartbeat")))
    except FormatError:
        return MISSING
    return MISSING if start is None or end is None else max(0.0, (end - start).total_seconds())


def cause_of(store: RunStore, record: RunRecord, state: str) -> str:
    """Why a RUNNING run died, or which signal it got and could not answer yet; else ``""``."""
    from expkit.stores import death  # few runs die

    return death.cause_of_death(store, record) if state == DIED else death.news(store, record)


class Row:
    """One run: everything about it, fetched when somebody asks.

    Args:
        store: where it is.
        key: which.
        alive: whether the process of a lease lives.
    """

    def __init__(self, store: RunStore, key: RunKey, alive: Callable[[Lease], bool | None]) -> None:
        self._store = store
        self._key = key
        self._alive = alive
        self._tree: dict[str, Json] = {}
        self._metrics: dict[str, dict[str, Any]] | None = None
        self._running: RunRecord | None = None

    def load(self) -> bool:
        """Fetch the record; False if the run was deleted meanwhile."""
        try:
            self._tree = self._full()
        except RunNotFoundError:
            return False
        except DAMAGE as error:  # of this one run; the others are as ever
            key = self._key
            self._tree = {"_id": key.id, "id": key.id, "uid": key.uid, "state": UNREADABLE, "cause": str(error)}
        return True

    def _full(self) -> dict[str, Json]:
        record = self._record()
        self._running = record if record.status == RUNNING else None
        state = state_of(self._store, record, self._alive, self._lease)
        return Later(self._annotations()).mixed_in({**record_to_json(record), "id": record.id, "state": state})

    def _record(self) -> RunRecord:
        return self._store.load(self._key.uid)

    def _lease(self) -> Lease | None:
        return self._store.lease(self._key.uid)

    def _annotations(self) -> Iterable[Annotation]:
        return self._store.annotations(self._key.uid)

    def tree(self) -> dict[str, Json]:
        """The row as a tree: all but what is asked for rarely and takes time."""
        return self._tree

    def __call__(self, field: str) -> Any:
        """What the run has at a dotted path, MISSING where there is nothing."""
        if field == "cause":
            self._explain()
        elif field == "last_sign":
            return MISSING if self.tree().get("status") != RUNNING else last_sign(self._store, self._key.uid)
        elif field == "duration":
            return duration_of(self.tree(), self._store.now)
        elif field == "metrics":
            return self.figures()
        found = Path.parse(field).get(self.tree())
        if found is MISSING and (metric := metric_of(field)) is not None:
            return self.figures().get(metric[0], {}).get(metric[1], MISSING)
        return found

    def _explain(self) -> None:
        """Say why a run died, or what one that lives had no chance to say; found out only where somebody asks."""
        record, self._running = self._running, None
        if record is not None:
            tree = self.tree()
            try:
                tree["cause"] = record.cause or cause_of(self._store, record, tree["state"])
            except DAMAGE as error:
                tree["cause"] = f"why cannot be found out: {error}"

    def figures(self) -> dict[str, dict[str, Any]]:
        """What is known of each metric, by name."""
        if self._metrics is None:
            try:
                self._metrics = summarise(self._store, self._key.uid)
            except DAMAGE:  # the row lacks them
                self._metrics = {}
        return self._metrics

    def shown(self, columns: Sequence[str] | None) -> Mapping[str, Any]:
        """What somebody asked to see; None stands for what the run lacks."""
        if columns is None:
            self._explain()
            return self.tree()
        values = ((column, self(column)) for column in columns)
        return {column: None if value is MISSING else value for column, value in values}


# -- metrics -------------------------------------------------------------------------------------------


def summarise(store: RunStore, run: RunId) -> dict[str, dict[str, Any]]:
    """``last``, ``min``, ``max`` and ``count`` of every metric of a run, by name."""
    found: dict[str, dict[str, Any]] = {}
    ends = {key: end for key, end in store.streams(run).items() if key.content == POINTS}
    for key in sorted(ends, key=lambda key: (key.segment, -key.rank)):
        offset = 0
        while offset < ends[key] and (points := store.read(run, key, offset, _CHUNK)):
            offset += len(points)
            figures.count(found, points)  # type: ignore[arg-type]
    return found


# -- order ---------------------------------------------------------------------------------------------


def _ordered(rows: Iterable[Row], field: str) -> list[Row]:
    """The rows by one field, equal ones in the order they had."""
    name = field.removeprefix("-")
    found = [(place_of(name, row(name)), row) for row in rows]
    there = [(key, row) for key, row in found if key is not None]
    there.sort(key=lambda pair: pair[0], reverse=field.startswith("-"))
    return [row for _, row in there] + [row for key, row in found if key is None]


def place_of(field: str, value: Any) -> tuple[int, Any, str] | None:
    """What rows are ordered by: numbers before everything else; None for what has no place."""
    if field in _IDS and isinstance(value, str) and value.isdecimal():
        value = int(value)
    value = comparable(value)
    if value is MISSING or value is None or value != value:  # noqa: PLR0124 - NaN is not itself
        return None
    return (0, value, "") if isinstance(value, (int, float)) else (1, 0, str(value))
