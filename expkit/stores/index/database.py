"""The file of an index: :class:`Database`. It says what runs said when they were read, and can be made anew at any time."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from expkit.stores.index.kept import Kept

VERSION = 2
"""Of the tables below; an index of another version is made anew."""

OLD = 30 * 86400.0
"""Seconds after which an index that nobody has updated is of no use, if its store is gone, too."""

PATIENCE = 60.0
"""Seconds to wait for another process that is updating the index."""

_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE runs (
  run INTEGER PRIMARY KEY, name TEXT UNIQUE, uid TEXT, created TEXT, final INTEGER, sacred INTEGER,
  stamp TEXT, sign TEXT, head TEXT, config TEXT, metrics TEXT
);
CREATE TABLE wholes (run INTEGER PRIMARY KEY, tree BLOB);
CREATE TABLE fields (field INTEGER PRIMARY KEY, path TEXT UNIQUE);
CREATE TABLE cells (field INTEGER, run INTEGER, strange INTEGER, value, PRIMARY KEY (field, run)) WITHOUT ROWID;
CREATE INDEX runs_by_uid ON runs (uid);
CREATE INDEX runs_open ON runs (final) WHERE final = 0;
CREATE INDEX runs_by_creation ON runs (created, length(name), name);
CREATE INDEX cells_by_value ON cells (field, value);
CREATE INDEX cells_strange ON cells (field, strange) WHERE strange > 0;
"""

_NAMES = ("cells", "fields", "wholes", "runs", "facts")
_UNUSABLE = ("locked", "readonly", "read-only", "unable to open", "full", "disk i/o", "json")


class UnusableError(Exception):
    """There can be no index now: look without one."""


class DamagedError(Exception):
    """What the index kept cannot be read, or is not true of the store that is there now."""


class Database:
    """An open index; for one look, in one thread at a time.

    Args:
        path: the file; made if it is not there, made anew if it is damaged or of another version.

    Raises:
        UnusableError: there can be none.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._connection = _opened(path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def ask(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """The answer to a query."""
        return self._connection.execute(query, values)

    def one(self, query: str, values: Sequence[Any] = ()) -> Any:
        """The first value of the first row, None if there is none."""
        row = self.ask(query, values).fetchone()
        return None if row is None else row[0]

    @contextmanager
    def changing(self) -> Iterator[None]:
        """A change that others see whole or not at all; one process at a time may make one."""
        self.ask("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.ask("ROLLBACK")
            raise
        self.ask("COMMIT")

    def version(self) -> int:
        """A number that changes when another process has changed something."""
        return int(self.one("PRAGMA data_version"))

    # -- facts about the index itself ------------------------------------------------------------------

    def fact(self, name: str) -> Any:
        """What was noted under a name, None if nothing."""
        return self.one("SELECT value FROM facts WHERE name = ?", (name,))

    def note(self, name: str, value: Any) -> None:
        """Note a value under a name."""
        self.ask("REPLACE INTO facts VALUES (?, ?)", (name, value))

    # -- runs ------------------------------------------------------------------------------------------

    def names(self) -> set[str]:
        """All runs that are here, open ones included."""
        names = self.one("SELECT group_concat(name, '/') FROM runs")
        return set(names.split("/")) if names else set()

    def put(self, kept: Kept) -> int:
        """Take in what a run says, in place of what it said before; return its number."""
        run = self.one("SELECT run FROM runs WHERE name = ?", (kept.name,))
        values = (run, *kept[:-1])
        marks = ", ".join("?" * len(values))
        number = self.ask(f"REPLACE INTO runs VALUES ({marks})", values).lastrowid  # noqa: S608 - question marks
        assert number is not None
        self.ask("REPLACE INTO wholes VALUES (?, ?)", (number, kept.whole))
        return number

    def forget(self, names: Iterable[str]) -> None:
        """Drop runs."""
        for name in names:
            run = self.one("SELECT run FROM runs WHERE name = ?", (name,))
            for table in ("cells", "wholes", "runs"):
                self.ask(f"DELETE FROM {table} WHERE run = ?", (run,))  # noqa: S608 - one of three


def destroy(path: str) -> None:
    """Remove the file of an index, as far as the system allows."""
    for name in (f"{path}-wal", f"{path}-shm", path):
        try:
            os.unlink(name)
        except OSError:
            pass


def is_unusable(error: Exception) -> bool:
    """Whether an error says that the index cannot be used now, and not that it is damaged."""
    return isinstance(error, sqlite3.OperationalError) and any(word in str(error).lower() for word in _UNUSABLE)


def _opened(path: str) -> sqlite3.Connection:
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.OperationalError) as error:
        raise UnusableError(str(error)) from error
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -32768")
        if _version(connection) != VERSION:
            connection.execute("PRAGMA journal_mode = WAL")
            _build(connection)
            _tidy(os.path.dirname(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _build(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another process was faster."""
    connection.execute("BEGIN IMMEDIATE")
    if _version(connection) != VERSION:
        for name in _NAMES:
            connection.execute(f"DROP TABLE IF EXISTS {name}")
        for statement in filter(str.strip, _TABLES.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _tidy(folder: str) -> None:
    """Remove indices of stores that are gone: a new one is made rarely, so that is when to look."""
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        try:
            if not path.endswith(".sqlite") or time.time() - os.stat(path).st_mtime < OLD:
                continue
            connection = sqlite3.connect(path)
            try:
                row = connection.execute("SELECT value FROM facts WHERE name = 'place'").fetchone()
            finally:
                connection.close()
            if row is None or not os.path.isdir(row[0]):
                destroy(path)
        except (OSError, sqlite3.Error):
            continue
