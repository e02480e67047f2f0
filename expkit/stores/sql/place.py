"""Where a store lies, as its URL says it: :class:`Place`. Nothing is loaded for it but this."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import quote, unquote

from expkit._support.urls import login_problem
from expkit.errors import StoreError
from expkit.stores.access import shown, without_access

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
MYSQL = "mysql"

DRIVERS = {SQLITE: "pysqlite", POSTGRESQL: "psycopg", MYSQL: "pymysql"}
"""What speaks to each kind of database where the URL names nobody."""

_KINDS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "postgres": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}


FORMS = "sqlite:///runs.db, postgresql://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE"


class Place(NamedTuple):
    """Where the runs of one store lie.

    Attributes:
        kind: of database: ``sqlite``, ``postgresql`` or ``mysql`` (also for MariaDB).
        address: the URL that SQLAlchemy gets, with everything that gives access.
        url: how to open the store again; passwords are masked.
        file: of a SQLite database, or ``""``.
    """

    kind: str
    address: str
    url: str
    file: str = ""

    @property
    def absolute_url(self) -> str:
        """The URL as it means the same in every working directory."""
        scheme, _, rest = self.url.partition(":")
        _, question, options = rest.partition("?")
        return f"{scheme}:///{quote(self.file)}{question}{options}" if self.file else self.url

    @property
    def files(self) -> tuple[str, ...]:
        """The file of a SQLite database, and what SQLite puts beside it; none of other databases."""
        return tuple(f"{self.file}{ending}" for ending in ("", "-wal", "-shm", "-journal")) if self.file else ()

    @property
    def where(self) -> str:
        """Host and port without user and password, or the file."""
        return self.file or self._parts()[0]

    @property
    def database(self) -> str:
        """The name of the database."""
        return self.file or self._parts()[1]

    def _parts(self) -> tuple[str, str]:
        address, _, database = self.address.partition("://")[2].partition("?")[0].rpartition("/")
        host = address.rpartition("@")[2]
        return host or "this machine", database


def place_of(url: str) -> Place:
    """The place that a URL names.

    Raises:
        StoreError: it names no SQL database of a kind that we know.
    """
    scheme, _, rest = url.partition(":")
    name, _, driver = scheme.lower().partition("+")
    kind = _KINDS.get(name)
    if kind is None or not rest.startswith("//"):
        raise StoreError(f"the URL of an SQL database is {FORMS}")
    if kind == SQLITE:
        return _of_file(url, rest, driver)
    if problem := login_problem(rest[2:]):
        raise StoreError(problem)
    if not rest.partition("?")[0][2:].partition("/")[2]:
        raise StoreError(f"{shown(url)} names no database: {FORMS}")
    return Place(kind, f"{kind}+{driver or DRIVERS[kind]}:{rest}", without_access(url))


def _of_file(url: str, rest: str, driver: str) -> Place:
    """A file, named by its absolute path: programs change their working directory."""
    path, question, options = rest.partition("?")
    name = path[len("///") :]
    if not path.startswith("///") or name in ("", ":memory:") or "mode=memory" in options:
        raise StoreError(
            "a SQLite database of runs is a file: sqlite:///runs.db, or sqlite:////absolute/path/runs.db;"
            " what is to be forgotten goes to memory:"
        )
    file = os.path.abspath(os.path.expanduser(unquote(name)))
    address = f"sqlite+{driver or DRIVERS[SQLITE]}:///{quote(file)}{question}{options}"
    return Place(SQLITE, address, without_access(url), file)
