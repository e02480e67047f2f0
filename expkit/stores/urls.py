"""From a URL to a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from expkit._support.nearest import did_you_mean
from expkit._support.urls import folder_of, plugins, split_url, unknown_scheme
from expkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from expkit.stores.base import RunStore

OFFLINE = "offline"
"""The option of URLs that observers have beside those of their stores."""

GROUP = "expkit.stores"
"""Entry points of this group add schemes: their name is the scheme, they load to a callable of the URL."""


def open_store(url: str | os.PathLike[str]) -> RunStore:
    """Open a store; what it keeps is touched only when it is used.

    Args:
        url: ``folder:PATH`` or a plain path; ``memory:`` (a new, empty one); ``tinydb:FOLDER``;
            ``mongodb://HOST/DATABASE``; ``sqlite:///FILE``, ``postgresql://HOST/DATABASE``, ``mysql://HOST/DATABASE``;
            ``s3://BUCKET/PATH``, ``gs://...``, ``az://...``, ``sftp://HOST/PATH``,
            ``ftp://...``, ``webdav+https://...`` and whatever fsspec opens; ``mlflow:PATH``, ``tensorboard:PATH`` and
            ``wandb:PATH`` for what other tools wrote, which can only be read; or a scheme that an installed package adds by an entry point of the group
            ``expkit.stores``. The parameter ``offline`` is for observers, and left out. ``~`` is the home folder. A path object is always a path, whatever its name looks like.

    Raises:
        StoreError: nobody knows the scheme, or no disk can have such a path.
    """
    url = without_offline(url)[0]
    scheme, rest = split_url(url)
    if without_driver(scheme) in _PATHS:
        from expkit.stores.disk.layout import check_place

        check_place(rest)
    if is_ours(scheme):
        return OPENERS.get(without_driver(scheme), _open_remote)(scheme, rest)
    added = plugins(GROUP)
    if scheme in added:
        return cast("RunStore", added[scheme]()(os.fspath(url)))
    if is_remote(scheme, rest):
        return _open_remote(scheme, rest)
    if rest.startswith(":"):
        raise StoreError(f"{scheme}:: begins a chain of file systems; give the URL of the place itself, the last one")
    raise StoreError(unknown_scheme(scheme, {*known_schemes(), *added}, GROUP))


def without_offline(place: str | os.PathLike[str]) -> tuple[str | os.PathLike[str], str | None]:
    """The URL without its parameter ``offline``, and the value of that; a path has no parameters."""
    if not isinstance(place, str) or "offline=" not in place or split_url(place)[1] == place:
        return place, None
    url, _, query = place.rpartition("?")
    parameters = query.split("&")
    found = [parameter for parameter in parameters if parameter.startswith("offline=")]
    if not url or not found:
        return place, None
    others = "&".join(parameter for parameter in parameters if parameter not in found)
    return f"{url}?{others}" if others else url, found[-1].partition("=")[2]


def without_driver(scheme: str) -> str:
    """The scheme under which :data:`OPENERS` has a URL: that of an SQL database may also name the driver."""
    name = scheme.partition("+")[0]
    return name if name in SQL else scheme


def is_ours(scheme: str) -> bool:
    """Whether a scheme belongs to one of our own stores, so that no package can take it."""
    return without_driver(scheme) in OPENERS or scheme in _remote_kinds()


def known_schemes() -> set[str]:
    """The schemes of our own stores, for those who typed another one."""
    return {*OPENERS, *_remote_kinds()}


def _remote_kinds() -> Collection[str]:
    from expkit.stores.remote.kinds import KINDS

    return KINDS


def is_remote(scheme: str, rest: str) -> bool:
    """Whether fsspec knows the scheme of a URL that names a place."""
    if not rest.startswith("//"):
        return False
    from expkit.stores.remote.kinds import kind_of

    return kind_of(scheme) is not None


def _open_folder(_: str, path: str) -> RunStore:
    from expkit.stores.folder.store import FolderStore

    check_options("folder", path)
    try:
        return FolderStore(folder_of(path))
    except ValueError as error:
        raise StoreError(str(error)) from None


def _open_remote(scheme: str, rest: str) -> RunStore:
    from expkit.stores.remote.store import RemoteStore

    return RemoteStore(f"{scheme}:{rest}")


def _open_memory(scheme: str, rest: str) -> RunStore:
    if rest.startswith("//"):
        return _open_remote(scheme, rest)
    check_options(scheme, rest)
    from expkit.stores.memory import MemoryStore

    return MemoryStore()


def _open_tinydb(_: str, path: str) -> RunStore:
    from expkit.stores.tinydb.store import TinyDbStore

    check_options("tinydb", path)
    return TinyDbStore(database_folder(path))


def check_options(scheme: str, path: str) -> None:
    """Let nobody make a folder of what is meant as an option of a URL; such stores have none of their own.

    Args:
        scheme: of the URL.
        path: what follows it.

    Raises:
        StoreError: it ends in ``?NAME=VALUE``.
    """
    if scheme == "memory" and path.startswith("//"):  # that one is of fsspec
        return
    query = path.rpartition("?")[2] if "?" in path else ""
    name, equals, _ = query.partition("=")
    if not equals or not name.isidentifier() or "/" in query:
        return
    other = "" if scheme == "memory" else "; a folder whose name ends like this is given as a plain path"
    raise StoreError(f"{name!r} is no option of {scheme}:{did_you_mean(name, [OFFLINE]) or other}")


def database_folder(path: str) -> Path:
    """The folder behind ``tinydb:``.

    Raises:
        StoreError: there is none.
    """
    if not path:
        raise StoreError("the URL of a TinyDB database needs its folder: tinydb:runs_db")
    return folder_of(path)


def _open_mongodb(scheme: str, rest: str) -> RunStore:
    from expkit.stores.mongo.store import MongoStore

    return MongoStore(f"{scheme}:{rest}")


def _open_sql(scheme: str, rest: str) -> RunStore:
    from expkit.stores.sql.store import SqlStore

    return SqlStore(f"{scheme}:{rest}")


def _open_foreign(scheme: str, place: str) -> RunStore:
    from expkit.stores.foreign import kinds

    return kinds.OPENERS[scheme](place)


READ_ONLY = ("mlflow", "tensorboard", "wandb")
"""Schemes of what other tools wrote."""

SQL = ("mariadb", "mysql", "postgres", "postgresql", "sqlite")
"""Schemes of SQL databases, without the driver that may follow: ``postgresql+psycopg:``."""

OPENERS: dict[str, Callable[[str, str], RunStore]] = {
    **dict.fromkeys(READ_ONLY, _open_foreign),
    **dict.fromkeys(SQL, _open_sql),
    "folder": _open_folder,
    "memory": _open_memory,
    "mongodb": _open_mongodb,
    "mongodb+srv": _open_mongodb,
    "tinydb": _open_tinydb,
}
"""How to open stores of our own, by scheme; those in buckets and on other machines stand in ``remote/kinds``."""

_PATHS = ("folder", "sqlite", "tinydb", *READ_ONLY)
"""Schemes of what lies on a disk of this machine."""

open = open_store
