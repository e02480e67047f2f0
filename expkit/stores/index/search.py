"""Finding runs with an index: :func:`find` gives what :func:`expkit.stores.finding.find` gives, sooner."""

from __future__ import annotations

import sqlite3
from functools import cmp_to_key
from heapq import merge
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol

from expkit._support.named import NamedTuple
from expkit.errors import StoreError
from expkit.record.query import answering
from expkit.stores import finding
from expkit.stores.finding import check, place_of
from expkit.stores.holder import alive as holder_alive
from expkit.stores.index import cells
from expkit.stores.index.database import DamagedError, Database, UnusableError, destroy, is_unusable
from expkit.stores.index.kept import COLUMNS, KeptRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from expkit.record.model import Lease
    from expkit.record.query import Query
    from expkit.stores.base import RunStore
    from expkit.stores.finding import Row

MANY = 300
"""From so many runs on it pays to keep cells of the fields that are asked for."""

_CHUNK = 250
_DAMAGED = (sqlite3.Error, StoreError, DamagedError, ValueError)


class Found(NamedTuple):
    """A run that is a candidate: its places in the order asked for, the place of its creation, and its row."""

    places: tuple[Any, ...]
    created: tuple[str, int, str]
    row: Row


class Source(Protocol):
    """A store whose runs are kept in an index."""

    def look(self, database: Database) -> Iterator[tuple[str, str, Row]]:
        """Bring the index up to date; give the runs that have not ended: created, name, row."""
        ...


def find(
    store: RunStore,
    path: str,
    source: Source,
    query: Query | None,
    columns: Sequence[str] | None,
    order: Sequence[str],
    limit: int | None,
    alive: Callable[[Lease], bool | None] = holder_alive,
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs in ``store`` that match; see :func:`expkit.stores.finding.find`, which helps out in need.

    Args:
        store: where the runs are.
        path: the file of the index; made anew if it is damaged.
        source: tells the index what is new.
        query: as there.
        columns: as there.
        order: as there.
        limit: as there.
        alive: whether the process of a lease lives.

    Raises:
        ValueError: no run has such a column or field.
    """
    check([*(columns or ()), *(field.removeprefix("-") for field in order)])
    for _ in range(2):
        try:
            first, rest = _begun(_Search(store, path, source, alive).rows(query, columns, order, limit))
        except UnusableError:
            break
        except _DAMAGED as error:
            if is_unusable(error):
                break
            _renew(path, error)
        else:
            return _guarded(first, rest, path, lambda: finding.find(store, query, columns, order, limit, alive=alive))
    return finding.find(store, query, columns, order, limit, alive=alive)


def _renew(path: str, error: Exception) -> None:
    """Let the next look make the index anew."""
    from logging import getLogger

    getLogger("expkit").info("The index of runs %s is made anew: %s: %s", path, type(error).__name__, error)
    destroy(path)


def _begun(rows: Iterator[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], Iterator[Mapping[str, Any]]]:
    """The first row and the others, so that most damage is met before anybody has seen a row."""
    return list(islice(rows, 1)), rows


def _guarded(
    first: list[Mapping[str, Any]],
    rest: Iterator[Mapping[str, Any]],
    path: str,
    without: Callable[[], Iterator[Mapping[str, Any]]],
) -> Iterator[Mapping[str, Any]]:
    """All rows; once damage is met, those that are still owed come from the runs themselves."""
    given = 0
    try:
        for row in chain(first, rest):
            given += 1
            yield row
        return
    except _DAMAGED as error:
        if not is_unusable(error):
            _renew(path, error)
    yield from islice(without(), given, None)


class _Search:
    """One look for runs."""

    def __init__(self, store: RunStore, path: str, source: Source, alive: Callable[[Lease], bool | None]) -> None:
        self._store = store
        self._alive = alive
        self._database = Database(path)
        try:
            self._open = list(source.look(self._database))
        except BaseException:
            self._database.close()
            raise

    def rows(
        self, query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int | None
    ) -> Iterator[Mapping[str, Any]]:
        """What was asked for."""
        try:
            found = self._found(query, order, limit)
            for item in islice(found, limit):
                yield item.row.shown(columns)
        finally:
            self._database.close()

    def _found(self, query: Query | None, order: Sequence[str], limit: int | None) -> Iterator[Found]:
        names = [field.removeprefix("-") for field in order]
        answers = answering(query)
        before = cmp_to_key(_comparing([field.startswith("-") for field in order]))

        def asked(found: Iterator[Found]) -> Iterator[Found]:
            return found if query is None else (item for item in found if answers(item.row))

        known = self._cells(query, names)
        is_ordered = all(name in known and not self._is_nowhere(known[name]) for name in names)
        ended = asked(self._ended(query, known, order if is_ordered else (), limit))
        if not is_ordered:
            ended = iter(sorted((self._placed(item.created, item.row, names) for item in ended), key=before))
        placed = (self._placed((created, len(name), name), row, names) for created, name, row in self._open)
        going = sorted(asked(placed), key=before)
        return merge(going, ended, key=before) if going else ended

    def _placed(self, created: tuple[str, int, str], row: Row, names: Sequence[str]) -> Found:
        return Found(tuple(place_of(name, row(name)) for name in names), created, row)

    # -- runs that have ended --------------------------------------------------------------------------

    def _cells(self, query: Query | None, names: Sequence[str]) -> dict[str, int]:
        """The fields that have cells, those that are asked for among them; none where that does not pay."""
        wanted = [*names, *cells.narrowed(query)]
        if not wanted or self._database.one("SELECT count(*) FROM (SELECT 1 FROM runs LIMIT ?)", (MANY,)) < MANY:
            return {}
        return cells.ensure(self._database, wanted, self._all)

    def _is_nowhere(self, field: int) -> bool:
        return bool(
            self._database.one("SELECT 1 FROM cells WHERE field = ? AND strange = ? LIMIT 1", (field, cells.NOWHERE))
        )

    def _all(self) -> Iterator[tuple[int, Row]]:
        for found in self._database.ask(f"SELECT {COLUMNS} FROM runs r WHERE final = 1"):  # noqa: S608 - a constant
            yield found[0], KeptRow(self._store, self._database, found, None, self._alive)

    def _ended(self, query: Query | None, known: dict[str, int], order: Sequence[str], limit: int | None) -> Any:
        """The runs that have ended and may match, in order."""
        condition, values = cells.condition(query, known)
        chunk = _CHUNK if limit is None else max(1, min(_CHUNK, limit))
        for text, more in _statements(condition, [known[name.removeprefix("-")] for name in order], order):
            cursor = self._database.ask(text, [*more, *values])
            while batch := cursor.fetchmany(chunk):
                yield from self._batch(batch, order)

    def _batch(self, batch: list[Any], order: Sequence[str]) -> Iterator[Found]:
        for created, name, *rest in batch:
            places, row = (
                rest[: len(order)],
                KeptRow(self._store, self._database, tuple(rest[len(order) :]), None, self._alive),
            )
            yield Found(tuple(map(_place, places)), (created, len(name), name), row)


def _statements(condition: str, numbers: list[int], order: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    """Statements whose rows follow each other; with one field, those that have none of it come from a second one."""
    joins = "".join(f" JOIN cells k{n} ON k{n}.field = ? AND k{n}.run = r.run" for n in range(len(numbers)))
    places = "".join(f" k{n}.value," for n in range(len(numbers)))
    ways = ["DESC" if field.startswith("-") else "ASC" for field in order]
    start = f"SELECT r.created, r.name,{places} {COLUMNS} FROM runs r{joins} WHERE r.final = 1 AND {condition}"  # noqa: S608
    by_creation = "r.created, length(r.name), r.name"
    if len(numbers) == 1:
        start = start.replace("FROM runs r JOIN cells k0 ON k0.field = ? AND k0.run = r.run", _BY_CELL)
        yield f"{start} AND k0.value IS NOT NULL ORDER BY k0.value {ways[0]}, {by_creation}", numbers
        yield f"{start} AND k0.value IS NULL ORDER BY {by_creation}", numbers
        return
    by_fields = "".join(f"k{n}.value IS NULL, k{n}.value {way}, " for n, way in enumerate(ways))
    yield f"{start} ORDER BY {by_fields}{by_creation}", numbers


_BY_CELL = "FROM cells k0 CROSS JOIN runs r ON k0.field = ? AND k0.run = r.run"


def _place(value: Any) -> tuple[int, Any, str] | None:
    """The place that a cell has."""
    if value is None:
        return None
    return (1, 0, value) if isinstance(value, str) else (0, value, "")


def _comparing(reverse: Sequence[bool]) -> Callable[[Found, Found], int]:
    """Says which of two runs comes first: by their places, what has none being last, then by creation."""

    def compare(one: Found, other: Found) -> int:
        for first, second, is_reversed in zip(one.places, other.places, reverse, strict=False):
            if first == second:
                continue
            if first is None or second is None:
                return 1 if first is None else -1
            return -1 if (first > second) == is_reversed else 1
        return -1 if one.created < other.created else int(one.created > other.created)

    return compare
