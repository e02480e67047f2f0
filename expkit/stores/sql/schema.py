"""Making the tables, and bringing older ones up to date, by one process at a time."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, inspect, select, text, update
from sqlalchemy.schema import CreateColumn

from expkit.errors import FormatError
from expkit.stores.counting import counted
from expkit.stores.sql import tables
from expkit.stores.sql.place import MYSQL, POSTGRESQL
from expkit.stores.sql.records import REST, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Table

    from expkit.stores.sql.place import Place

_LOCK = "expkit"
_LOCK_NUMBER = 0x6578706B
_PATIENCE = 15


def version_of(connection: Connection) -> int | None:
    """The version of the tables that are there; None where there are none."""
    if not inspect(connection).has_table(tables.store.name):
        return None
    return connection.scalar(select(tables.store.c.version))


def is_older(version: int, place: Place) -> bool:
    """Whether tables have to be brought up to date.

    Raises:
        FormatError: a newer version of expkit made them.
    """
    if version > tables.VERSION:
        raise FormatError(
            f"{place.url} has tables of version {version}, and this version of expkit knows them up to {tables.VERSION};"
            " a newer version of expkit made them, and can read them"
        )
    return version < tables.VERSION


def create(connection: Connection) -> None:
    """Make the tables, unless somebody has just done it."""
    with _alone(connection):
        if version_of(connection) is None:
            tables.metadata.create_all(connection)
            first = {"version": tables.VERSION, "last_id": _predecessors_last(connection), "last_change": 0}
            connection.execute(insert(tables.store), first)


def upgrade(connection: Connection) -> None:
    """Bring the tables up to date, version by version, unless somebody has just done it."""
    with _alone(connection):
        version = version_of(connection) or tables.VERSION
        for number in range(version, tables.VERSION):
            _UPGRADES[number](connection)
            connection.execute(update(tables.store).values(version=number + 1))


def _add_origins(connection: Connection) -> None:
    """Version 2: ``parent`` and ``seed`` of runs, taken from their records."""
    _add_columns(connection, tables.runs, "parent", "seed")
    wanted = select(tables.records.c.run, tables.records.c.text).where(tables.records.c.part == REST)
    for number, part in list(connection.execute(wanted)):
        tree = json.loads(part)
        here = tables.runs.c.number == number
        connection.execute(update(tables.runs).where(here).values(origin(tree.get("parent"), tree.get("seed"))))


def _add_summaries(connection: Connection) -> None:
    """Version 3: what searching needs of configs, results and metrics; that of older runs is found out when it is needed."""
    _add_columns(connection, tables.runs, "config_leaves", "result_leaves")
    _add_columns(connection, tables.metrics, "figures", "last_position", "lowest", "highest", "latest")


def _add_columns(connection: Connection, table: Table, *names: str) -> None:
    """Add columns that are not there yet: where a change of a table commits by itself, it may have been broken off."""
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for name in names:
        if name not in there:
            column = CreateColumn(table.c[name]).compile(dialect=connection.dialect)
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {column}"))


_UPGRADES: dict[int, Callable[[Connection], None]] = {1: _add_origins, 2: _add_summaries}
"""How to come from a version to the next one."""


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Let one process at a time go on, until it has committed; SQLite does so by itself."""
    kind = connection.dialect.name
    if kind == POSTGRESQL:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK_NUMBER)))
    if kind not in (MYSQL, "mariadb"):
        yield
        return
    connection.execute(select(func.get_lock(_LOCK, _PATIENCE)))
    try:
        yield
        connection.commit()
    finally:
        connection.execute(select(func.release_lock(_LOCK)))


def _predecessors_last(connection: Connection) -> int:
    """The greatest number that Sacred gave to a run in this database."""
    if not inspect(connection).has_table("run"):
        return 0
    names = {column["name"] for column in inspect(connection).get_columns("run")}
    if not {"run_id", "experiment_id"} <= names:
        return 0
    found = connection.scalars(text("SELECT run_id FROM run"))
    return max(map(counted, found), default=0)
