"""Where a store lies: server, database and collections, as URLs say it; :class:`Place`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from expkit._support.secrets import MASK
from expkit._support.urls import login_problem
from expkit.errors import StoreError
from expkit.stores.access import is_secret_option

if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

DATABASE = "sacred"
RUNS = "runs"
METRICS = "metrics"
FILES = "fs"
LOCAL = "mongodb://localhost:27017"
SCHEMES = ("mongodb", "mongodb+srv")

OWN = ("collection", "prefix", "metrics", "files")
"""Options of a URL that are ours, not the driver's."""

RESERVED = frozenset(("fs.files", "fs.chunks", "_properties", "system.indexes", "search_space", "search_spaces"))
"""Names that collections of runs cannot have: others look for something else there."""


class Place(NamedTuple):
    """Where the runs of one store lie.

    Attributes:
        server: the URL that the driver gets, with everything that gives access.
        database: name of the database.
        runs: name of the collection of runs; ours beside it start with its name and a dot.
        metrics: name of the collection of metrics.
        files: name of the GridFS.
    """

    server: str = LOCAL
    database: str = DATABASE
    runs: str = RUNS
    metrics: str = METRICS
    files: str = FILES

    @property
    def hosts(self) -> str:
        """Hosts and ports, without user and password."""
        return _split(self.server)[2]

    @property
    def url(self) -> str:
        """How to open the store again; the password is ``***``."""
        scheme, access, hosts, source, options = _split(self.server)
        user, colon, _ = access.partition(":")
        shown = f"{user}:***@" if colon else f"{user}@" if user else ""
        known = {name.lower() for name, _ in options}
        source = source or "admin"  # where the driver looks for the user, unless the URL names a database
        if access and source != self.database and "authsource" not in known:
            options = [*options, ("authSource", source)]
        options = [*((name, MASK if is_secret_option(name) else value) for name, value in options), *self._own()]
        query = "&".join(f"{quote(name)}={quote(value, safe='/:,*')}" for name, value in options)
        return f"{scheme}://{shown}{hosts}/{quote(self.database)}{'?' if query else ''}{query}"

    def _own(self) -> list[tuple[str, str]]:
        usual = Place()
        own = {"collection": "runs", "metrics": "metrics", "files": "files"}
        return [
            (name, getattr(self, field)) for name, field in own.items() if getattr(self, field) != getattr(usual, field)
        ]


def place_of(url: str) -> Place:
    """The place that a URL names: ``mongodb://[USER:PASSWORD@]HOST[:PORT][,...]/[DATABASE][?OPTIONS]``.

    Beside the driver's options there are ``collection`` (of the runs), ``prefix`` (of all collections), ``metrics`` and
    ``files`` (other names for these).

    Raises:
        StoreError: the URL is none of MongoDB, or names a collection that cannot be.
    """
    scheme, _, hosts, database, options = _split(url)
    if scheme not in SCHEMES or not hosts:
        raise StoreError("the URL of a MongoDB store is mongodb://HOST:PORT/DATABASE, or mongodb+srv://HOST/DATABASE")
    if problem := login_problem(url.partition("://")[2]):
        raise StoreError(problem)
    own = {name: value for name, value in options if name in OWN}
    runs, metrics = names_of(own.get("collection", RUNS), own.get("prefix", ""))
    server = f"{scheme}://{_without(own, url.partition('://')[2])}"
    return Place(server, database or DATABASE, runs, own.get("metrics", metrics), own.get("files", FILES))


def names_of(collection: str = RUNS, prefix: str = "") -> tuple[str, str]:
    """The names of the collections of runs and of metrics.

    Raises:
        StoreError: no collection of runs can have that name, or both name and prefix are given.
    """
    if collection != RUNS and prefix:
        raise StoreError("give a collection or a prefix of collections, not both")
    start = f"{prefix}_" if prefix else ""
    name = f"{start}{collection}"
    if name in RESERVED:
        raise StoreError(f"{name!r} is reserved in MongoDB databases of runs; choose another collection")
    if not name or "$" in name or "\0" in name or name.startswith((".", "system.")):
        raise StoreError(f"{name!r} cannot be the name of a collection")
    return name, f"{start}{METRICS}"


def _without(names: Container[str], url: str) -> str:
    """A URL without options of these names; what the driver is to see of it is untouched."""
    address, _, query = url.partition("?")
    between = "&" if "&" in query else ";"
    left = [option for option in query.split(between) if option and option.partition("=")[0] not in names]
    return f"{address}{'' if '/' in address else '/'}{'?' if left else ''}{between.join(left)}"


def query_of(server: str) -> str:
    """The options of a server's URL, as they stand there."""
    return server.partition("?")[2]


def bounds_of(server: str) -> dict[str, Any]:
    """Time-outs in milliseconds that the driver gets where the URL does not say other ones."""
    given = {name.lower() for name, _ in _split(server)[4]}
    usual = {
        "serverSelectionTimeoutMS": 5_000,
        "connectTimeoutMS": 5_000,
        "socketTimeoutMS": 20_000,
        "waitQueueTimeoutMS": 20_000,
    }
    return {name: value for name, value in usual.items() if name.lower() not in given}


def _split(url: str) -> tuple[str, str, str, str, list[tuple[str, str]]]:
    """Scheme, user and password, hosts, database and options."""
    scheme, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    address, _, database = rest.partition("/")
    access, _, hosts = address.rpartition("@")
    options = parse_qsl(query, keep_blank_values=True, separator="&" if "&" in query else ";")
    return scheme.lower(), access, hosts, unquote(database), options
