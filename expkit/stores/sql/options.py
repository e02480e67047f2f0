"""Options in URLs of databases: what the drivers take that we choose, so that a mistyped one is not passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from expkit._support.nearest import did_you_mean
from expkit.errors import StoreError
from expkit.stores.sql.place import MYSQL, POSTGRESQL, SQLITE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from expkit.stores.sql.place import Place

_OF_FILES = frozenset(("cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout", "uri"))
_OF_FILE_URIS = frozenset(("cache", "immutable", "mode", "nolock", "psow", "vfs"))
_OF_TLS = frozenset(f"ssl_{name}" for name in ("ca", "capath", "cert", "check_hostname", "cipher", "key"))


def check(place: Place) -> None:
    """Refuse options that the driver does not take; of drivers that the user chooses nothing is known.

    Raises:
        StoreError: there is no such option.
    """
    given = [name for name, _ in parse_qsl(place.address.partition("?")[2], keep_blank_values=True)]
    takes = _TAKEN.get(place.address.partition(":")[0])
    if not given or takes is None:
        return
    known = takes()
    for name in given:
        if name not in known:
            near = did_you_mean(name, {*known, "offline"})
            raise StoreError(f"{name!r} is no option in the URL of {place.where}{near}").lasting()


def _of_files() -> Collection[str]:
    return _OF_FILES | _OF_FILE_URIS


def _of_mysql() -> Collection[str]:
    from importlib import import_module
    from inspect import signature

    connect = import_module("pymysql.connections").Connection.__init__
    return {*signature(connect).parameters, *_OF_TLS} - {"self"}


def _of_postgresql() -> Collection[str]:
    from inspect import signature

    from psycopg import Connection
    from psycopg.pq import Conninfo

    words = {option.keyword.decode() for option in Conninfo.get_defaults()}
    return words | set(signature(Connection.connect).parameters) - {"conninfo", "kwargs"}


_TAKEN: dict[str, Callable[[], Collection[str]]] = {
    f"{SQLITE}+pysqlite": _of_files,
    f"{MYSQL}+pymysql": _of_mysql,
    f"{POSTGRESQL}+psycopg": _of_postgresql,
}
