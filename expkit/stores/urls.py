"""From a URL to a store."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, cast

from expkit._support.urls import folder_of, plugins, split_url, unknown_scheme
from expkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expkit.stores.base import RunStore

REMOTE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "sftp", "ssh", "ftp", "ftps", "webdav+http", "webdav+https")
"""Schemes of buckets and of folders of other machines; others that fsspec knows are asked for when they are met."""

GROUP = "expkit.stores"
"""Entry points of this group add schemes: their name is the scheme, they load to a callable of the URL."""


def open_store(url: str | os.PathLike[str]) -> RunStore:
    """Open a store; what it keeps is touched only when it is used.

    Args:
        url: ``folder:PATH`` or a plain path; ``memory:`` (a new, empty one); ``tinydb:FOLDER``;
            ``mongodb://HOST/DATABASE``; ``sqlite:///FILE``, ``postgresql://HOST/DATABASE``, ``mysql://HOST/DATABASE``;
            ``s3://BUCKET/PATH``, ``gs://...``, ``az://...``, ``sftp://HOST/PATH``,
            ``ftp://...``, ``webdav+https://...`` and whatever fsspec opens; or a scheme that an installed package adds by an entry point of the group
            ``expkit.stores``. ``~`` is the home folder. A path object is always a path, whatever its name looks like.

    Raises:
        StoreError: nobody knows the scheme.
    """
    scheme, rest = split_url(url)
    if scheme in OPENERS:
        return OPENERS[scheme](rest)
    added = plugins(GROUP)
    if scheme not in added:
        if is_remote(scheme, rest):
            return _open_remote(scheme, rest)
        if rest.startswith(":"):
            raise StoreError(
                f"{scheme}:: begins a chain of file systems; give the URL of the place itself, the last one"
            )
        raise StoreError(unknown_scheme(scheme, {*OPENERS, *added}, GROUP))
    return cast("RunStore", added[scheme]()(os.fspath(url)))


def _open_folder(path: str) -> RunStore:
    from expkit.stores.folder.store import FolderStore

    try:
        return FolderStore(folder_of(path))
    except ValueError as error:
        raise StoreError(str(error)) from None


def is_remote(scheme: str, rest: str) -> bool:
    """Whether fsspec knows the scheme of a URL that names a place."""
    if not rest.startswith("//"):
        return False
    from expkit.stores.remote.kinds import kind_of

    return kind_of(scheme) is not None


def _open_remote(scheme: str, rest: str) -> RunStore:
    from expkit.stores.remote.store import RemoteStore

    return RemoteStore(f"{scheme}:{rest}")


def _open_memory(rest: str) -> RunStore:
    if rest.startswith("//"):
        return _open_remote("memory", rest)
    from expkit.stores.memory import MemoryStore

    return MemoryStore()


def _open_tinydb(path: str) -> RunStore:
    from expkit.stores.tinydb.store import TinyDbStore

    return TinyDbStore(database_folder(path))


def database_folder(path: str) -> Path:
    """The folder behind ``tinydb:``.

    Raises:
        StoreError: there is none.
    """
    if not path:
        raise StoreError("the URL of a TinyDB database needs its folder: tinydb:runs_db")
    return folder_of(path)


def _open_mongodb(rest: str) -> RunStore:
    from expkit.stores.mongo.store import MongoStore

    return MongoStore(f"mongodb:{rest}")


def _open_mongodb_srv(rest: str) -> RunStore:
    from expkit.stores.mongo.store import MongoStore

    return MongoStore(f"mongodb+srv:{rest}")


def _open_sql(scheme: str) -> Callable[[str], RunStore]:
    def open_it(rest: str) -> RunStore:
        from expkit.stores.sql.store import SqlStore

        return SqlStore(f"{scheme}:{rest}")

    return open_it


SQL = (
    "mariadb",
    "mariadb+pymysql",
    "mysql",
    "mysql+pymysql",
    "postgres",
    "postgresql",
    "postgresql+psycopg",
    "sqlite",
)
"""Schemes of SQL databases."""

OPENERS: dict[str, Callable[[str], RunStore]] = {
    **{scheme: _open_sql(scheme) for scheme in SQL},
    "folder": _open_folder,
    "memory": _open_memory,
    "mongodb": _open_mongodb,
    "mongodb+srv": _open_mongodb_srv,
    "tinydb": _open_tinydb,
    **{scheme: partial(_open_remote, scheme) for scheme in REMOTE},
}
"""How to open stores of our own, by scheme."""

open = open_store
