"""Which paths of a working tree are of stores of runs: what is written there is no change of the project."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER, TINYDB = ".expkit", ".expkit-tinydb"
"""What a folder of runs and a TinyDB database have inside, and nobody else."""

_TABLES, _BYTES = "metadata.json", "hashfs"  # of a TinyDB database, also of one that the predecessor made
_SHOWN = ("_resources", "_sources")
_BESIDE = ("-wal", "-shm", "-journal")
_SQLITE = b"SQLite format 3\0"
_PAGE = 512  # bytes; a SQLite database has whole pages, of this or a multiple
_OURS = frozenset(("expkit_store",))
_SACREDS = frozenset(("artifact", "dependency", "experiment", "host", "repository", "resource", "run", "source"))
_PATIENCE = 1.0  # seconds for a database that somebody holds


class StorePaths:
    """Knows the stores in a working tree: those that it is told, and others by what they have inside.

    Args:
        root: of the working tree.
        own: files and folders that are known to be of stores, absolute.
        named: paths relative to the root, some of which may be of a store that is gone.
    """

    def __init__(self, root: str, own: Iterable[str], named: Iterable[str] = ()) -> None:
        self._root = root
        self._own = tuple(_below(root, own))
        self._known = {"": False}
        for path in named:
            store, inside, _ = f"/{path}".partition(f"/{FOLDER}/")
            if inside and store:
                self._known[store[1:]] = True
        self._is_all_store = os.path.isdir(os.path.join(root, FOLDER))
        self._runs: dict[str, bool] = {}
        self._tinydbs: dict[str, bool] = {}
        self._databases: dict[str, bool] = {}

    def has(self, path: str) -> bool:
        """Whether a path is of a store; the working tree as a whole is none, but for what is a store's only.

        Args:
            path: relative to the root; that of a folder ends with a slash.
        """
        return (
            f"{path.rstrip('/')}/".startswith(self._own)
            or self._is_in_store(path.rpartition("/")[0])
            or self._is_run(path.partition("/")[0])
            or self._is_of_tinydb(path)
            or self._is_database(_without_ending(path))
        )

    def _is_in_store(self, folder: str) -> bool:
        if folder not in self._known:
            parent, _, name = folder.rpartition("/")
            is_store = name == FOLDER or os.path.isdir(os.path.join(self._root, folder, FOLDER))
            self._known[folder] = is_store or self._is_in_store(parent)
        return self._known[folder]

    def _is_run(self, top: str) -> bool:
        """Whether this is a run, or what is shown of runs, in a store that is the working tree."""
        if top not in self._runs:
            place = os.path.join(self._root, top)
            self._runs[top] = self._is_all_store and (top in _SHOWN or os.path.isfile(os.path.join(place, "run.json")))
        return self._runs[top]

    def _is_of_tinydb(self, path: str) -> bool:
        """Whether this is of a database, whose folder may have other files, or a folder with nothing else in it."""
        parts = path.split("/")
        if TINYDB in parts:
            return True
        if path.endswith("/") and self._is_tinydb(path[:-1]):
            return _names_in(os.path.join(self._root, path)) <= {TINYDB, _TABLES, _BYTES}
        at = parts.index(_BYTES) if _BYTES in parts else len(parts) - 1
        return parts[at] in (_BYTES, _TABLES) and self._is_tinydb("/".join(parts[:at]))

    def _is_tinydb(self, folder: str) -> bool:
        if folder not in self._tinydbs:
            place = os.path.join(self._root, folder)
            is_sacreds = os.path.isdir(os.path.join(place, _BYTES)) and os.path.isfile(os.path.join(place, _TABLES))
            self._tinydbs[folder] = is_sacreds or os.path.isdir(os.path.join(place, TINYDB))
        return self._tinydbs[folder]

    def _is_database(self, path: str) -> bool:
        if path not in self._databases:
            self._databases[path] = is_database(os.path.join(self._root, path))
        return self._databases[path]


def _names_in(folder: str) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


def is_database(place: str) -> bool:
    """Whether there is a SQLite database with tables of runs; only files that may be one are opened."""
    try:
        found = os.lstat(place)
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode) or not found.st_size or found.st_size % _PAGE:
        return False
    from expkit.provenance.files.audit import quietly

    with quietly():
        return _begins_as_database(place) and _has_runs(place)


def _begins_as_database(place: str) -> bool:
    try:
        with open(place, "rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _has_runs(place: str) -> bool:
    from contextlib import closing
    from sqlite3 import Error, connect
    from urllib.parse import quote

    # where nothing lies beside it nobody is writing, and SQLite need not make files to find that out
    still = "" if any(os.path.exists(place + ending) for ending in _BESIDE) else "&immutable=1"
    try:
        with closing(connect(f"file:{quote(place)}?mode=ro{still}", uri=True, timeout=_PATIENCE)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except Error:
        return False
    return tables >= _OURS or tables >= _SACREDS


def _without_ending(path: str) -> str:
    """The database that a file belongs to which SQLite puts beside one."""
    return next((path.removesuffix(ending) for ending in _BESIDE if path.endswith(ending)), path)


def _below(root: str, paths: Iterable[str]) -> Iterator[str]:
    """Those below the root, from there on, with forward slashes and one at the end."""
    beginning = root.rstrip(os.sep) + os.sep
    for path in paths:
        if path.startswith(beginning):
            yield f"{path[len(beginning) :].replace(os.sep, '/')}/"
