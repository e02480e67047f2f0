"""Values by which runs are filtered and ordered: a cell for each run that has ended, of each field that was asked for.

A cell has the place of its value among others (see :func:`expkit.stores.finding.place_of`), exactly as a list without
index orders it. It is ``strange`` where comparing may look at more than that: at a list, say, or at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.record.query import MISSING, And, Compare, Or
from expkit.stores.finding import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from expkit.record.query import Query
    from expkit.stores.index.database import Database

MOST = 24
"""So many fields have cells; the one that came first makes room."""

PLAIN, STRANGE, NOWHERE = 0, 1, 2
"""Values that are compared as they are; that are not; that no database can order."""

_SQL = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WHOLE = (int, float, str, bool)


def cell(path: str, found: Any) -> tuple[int, Any]:
    """How strange a value is, and its place."""
    place = place_of(path, found)
    kind = PLAIN if type(found) in _WHOLE or found is MISSING or found is None else STRANGE
    if place is None:
        return (kind if found == found else STRANGE), None  # noqa: PLR0124 - NaN is not itself
    value = place[2] if place[0] else place[1]
    return (kind, value) if _fits(value) else (NOWHERE, None)


def add(database: Database, run: int, row: Callable[[str], Any], paths: dict[str, int]) -> None:
    """Put the cells of a run in place of those that it had."""
    for path, field in paths.items():
        strange, value = cell(path, row(path))
        database.ask("REPLACE INTO cells VALUES (?, ?, ?, ?)", (field, run, strange, value))


def fields(database: Database) -> dict[str, int]:
    """The fields that have cells, by path."""
    return dict(database.ask("SELECT path, field FROM fields").fetchall())


def ensure(
    database: Database, wanted: Iterable[str], rows: Callable[[], Iterator[tuple[int, Callable[[str], Any]]]]
) -> dict[str, int]:
    """See to it that fields have cells; return all that have.

    Args:
        database: the index.
        wanted: dotted paths.
        rows: gives all runs that have ended, by number.
    """
    known = fields(database)
    lacking = [path for path in dict.fromkeys(wanted) if path not in known]
    if not lacking:
        return known
    with database.changing():
        for path in lacking:
            database.ask("INSERT OR IGNORE INTO fields (path) VALUES (?)", (path,))
        _make_room(database, len(lacking))
        known = fields(database)
        new = {path: known[path] for path in lacking if path in known}
        for run, row in rows():
            add(database, run, row, new)
    return known


def _make_room(database: Database, new: int) -> None:
    old = "SELECT field FROM fields ORDER BY field DESC LIMIT -1 OFFSET ?"
    for (field,) in database.ask(old, (max(MOST, new),)).fetchall():
        database.ask("DELETE FROM cells WHERE field = ?", (field,))
        database.ask("DELETE FROM fields WHERE field = ?", (field,))


def narrowed(query: Query | None) -> list[str]:
    """The fields by which a question can be narrowed."""
    if _is_long(query):
        return []
    if isinstance(query, (And, Or)):
        return [path for part in query.parts for path in narrowed(part)]
    return [query.field] if isinstance(query, Compare) and _is_plain(query) else []


def condition(query: Query | None, known: dict[str, int]) -> tuple[str, list[Any]]:
    """A condition in SQL that holds for all runs ``r`` that match, and maybe for more; and its values."""
    if isinstance(query, (And, Or)) and not _is_long(query):
        parts = [condition(part, known) for part in query.parts]
        if parts:
            word = " AND " if isinstance(query, And) else " OR "
            return f"({word.join(text for text, _ in parts)})", [value for _, values in parts for value in values]
    if not isinstance(query, Compare) or query.field not in known or not _is_plain(query):
        return "1", []
    values = list(query.value) if query.op == "in" else [query.value]
    test = f"value IN ({', '.join('?' * len(values))})" if query.op == "in" else f"value {_SQL[query.op]} ?"
    inside = f"SELECT run FROM cells WHERE field = ? AND {test} UNION ALL {_STRANGE}"  # noqa: S608 - question marks
    field = known[query.field]
    return f"r.run IN ({inside})", [field, *values, field]


_STRANGE = "SELECT run FROM cells WHERE field = ? AND strange > 0"


def _is_plain(query: Compare) -> bool:
    """Whether what is asked for can be compared with cells; ids are compared in a way of their own."""
    if query.field in ("id", "_id"):
        return False
    if query.op == "in":
        return isinstance(query.value, (list, tuple)) and len(query.value) <= _MANY and all(map(_is_value, query.value))
    return query.op in _SQL and _is_value(query.value)


_MANY = 500


_PARTS = 100


def _is_long(query: Query | None) -> bool:
    """Whether a question has more comparisons side by side than may be told: SQLite cannot nest a thousand."""
    return isinstance(query, (And, Or)) and len(query.parts) > _PARTS


def _is_value(value: Any) -> bool:
    return type(value) in _WHOLE and value == value and _fits(value)  # noqa: PLR0124 - NaN is not itself


def _fits(value: Any) -> bool:
    """Whether the database can hold a value as it is."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63
