"""Who has which id, and which number a change has: counted in one row, held until the transaction ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from expkit.errors import StoreNameError
from expkit.record.tagged import is_unicode
from expkit.stores import rules
from expkit.stores.counting import counted
from expkit.stores.shown import naive
from expkit.stores.sql import tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from expkit.types import RunId

_UID = re.compile(r"[0-9a-f]{32}")


def find(connection: Connection, run: RunId, *columns: Any) -> Any:
    """The row of a run by its uid or id; ``number`` and ``id`` come first. None where there is none."""
    name = str(run)
    if not can_be(name):
        return None
    start = select(tables.runs.c.number, tables.runs.c.id, *columns)
    if _UID.fullmatch(name):
        found = connection.execute(start.where(tables.runs.c.uid == name)).one_or_none()
        if found is not None:
            return found
    found = connection.execute(start.where(tables.runs.c.id == name)).one_or_none()
    return found if found is not None and found.id == name else None  # spaces at the end count, not for every database


def found(connection: Connection, run: RunId, url: str, *columns: Any) -> Any:
    """The row of a run.

    Raises:
        RunNotFoundError: there is none.
    """
    row = find(connection, run, *columns)
    if row is None:
        raise rules.not_found(run, url)
    return row


def hold(connection: Connection) -> None:
    """Count a change, and keep everybody else from counting until the transaction ends."""
    connection.execute(update(tables.store).values(last_change=tables.store.c.last_change + 1))


def note(connection: Connection, uid: str, what: str, now: datetime) -> None:
    """Write down the change that was counted."""
    entry = {"uid": uid, "what": what, "time": naive(now)}
    number = select(tables.store.c.last_change).scalar_subquery()
    connection.execute(insert(tables.changes).values(number=number, **entry))


def claim(connection: Connection, wanted: RunId | None, url: str, *, bind: bool) -> str:
    """An id that nobody has, in a transaction that holds the row.

    Raises:
        RunExistsError: the id is taken, and ``bind`` demands it.
        StoreNameError: nobody can be called so.
    """
    if wanted is not None:
        name = _checked(wanted)
        if not connection.scalar(select(tables.runs.c.number).where(tables.runs.c.id == name)):
            _count(connection, name)
            return name
        if bind:
            raise rules.taken(wanted, url)
    connection.execute(update(tables.store).values(last_id=tables.store.c.last_id + 1))
    return str(connection.scalar(select(tables.store.c.last_id)))


def _count(connection: Connection, name: str) -> None:
    """Counting goes on after a number that somebody chose."""
    number = counted(name)
    if number:
        later = tables.store.c.last_id < number
        connection.execute(update(tables.store).where(later).values(last_id=number))


def _checked(wanted: RunId) -> str:
    name = str(wanted)
    if not can_be(name):
        raise StoreNameError(
            f"{name[:50]!r} cannot be a run's id: that is a text of 1 to {tables.LONGEST_ID} characters, none of them null"
        )
    return name


def can_be(name: str) -> bool:
    """Whether a text can be the name of a run: databases refuse others, also in questions."""
    return 0 < len(name) <= tables.LONGEST_ID and "\0" not in name and is_unicode(name)
