"""What ``expkit doctor`` finds out: what is installed, which stores answer, what is owed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.here import sentence_of
from expkit.errors import DAMAGE, ExpkitError
from expkit.provenance.projects import default_store
from expkit.readers.cleaning import MONTH, in_trash
from expkit.readers.opening import runs
from expkit.record.masking import masked_url
from expkit.run.recording.log import owed_dir
from expkit.run.recording.owed import bad_notes, forgotten_spools, owed_notes
from expkit.stores.access import shown
from expkit.stores.index.place import index_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from expkit.readers.selection import Runs
    from expkit.types import Json

DEPENDENCIES = (
    "docopt-ng",
    "gitpython",
    "jsonpickle",
    "psutil",
    "pydantic",
    "pymongo",
    "pyyaml",
    "rich",
    "tinydb",
    "wrapt",
)
"""Packages that are always installed together with expkit."""

EXTRAS = {
    "numpy": ("numpy",),
    "pandas": ("pandas",),
    "arrow": ("pyarrow",),
    "sql": ("sqlalchemy",),
    "postgresql": ("sqlalchemy", "psycopg"),
    "mysql": ("sqlalchemy", "pymysql"),
    "remote": ("fsspec",),
    "s3": ("s3fs",),
    "gcs": ("gcsfs",),
    "azure": ("adlfs",),
    "sftp": ("fsspec", "paramiko"),
    "webdav": ("fsspec", "webdav4"),
    "notify": ("apprise", "pysocks"),
    "testing": ("pytest", "hypothesis"),
}
"""Extras, and the packages that they bring."""


class Answer(Frozen):
    """What came of asking a store.

    Attributes:
        url: of it, secrets masked.
        default: whether it is where runs go that name no observer.
        why: why it does not answer; ``""`` if it does.
        runs: how many it has; None where that is not known.
        seconds: that it took to say so.
        trashed: how many of them lie in the trash for a month.
        index: of a folder: its file, its bytes and how many runs it knows; empty where there is none.
        note: what else is to be said.
    """

    url: str
    default: bool
    why: str = ""
    runs: int | None = None
    seconds: float | None = None
    trashed: int = 0
    index: Mapping[str, Any] | None = None
    note: str = ""

    def to_json(self) -> Json:
        """What is known, as a JSON tree."""
        known = {"url": self.url, "default": self.default, "answers": not self.why}
        if self.why:
            return {**known, "why": self.why}
        return {**known, "runs": self.runs, "seconds": self.seconds, "index": self.index and dict(self.index)}


def installed(packages: Iterable[str]) -> dict[str, str | None]:
    """Versions of packages; None for those that are not installed."""
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def ask(place: str | os.PathLike[str] | None) -> Answer:
    """Ask a store for its runs.

    Args:
        place: its path or URL; None: where runs go that name no observer.
    """
    url = os.fspath(place) if place is not None else ""
    try:
        url = url or os.fspath(default_store())
        found = runs(store=place, trash=True)
        return _asked(found, url=masked_url(found.place), default=place is None)
    except (ExpkitError, *DAMAGE) as error:
        why = sentence_of(error) or type(error).__name__
        return Answer(url=shown(url) or "the default store", default=place is None, why=why)


def _asked(found: Runs, *, url: str, default: bool) -> Answer:
    root: Path | None = getattr(found.store, "root", None)
    if root is not None and not root.is_dir():
        return Answer(url=url, default=default, runs=0, seconds=0.0, note="not there yet: the first run makes it")
    start = time.perf_counter()
    count = len(found)
    return Answer(
        url=url,
        default=default,
        runs=count,
        seconds=round(time.perf_counter() - start, 4),
        trashed=len(in_trash(found, MONTH)),
        index=_index(root) if root is not None and found.store.capabilities.folder else None,
        note="" if root is None or os.access(root, os.W_OK) else "nobody may write here",
    )


def _index(root: Path) -> dict[str, Any] | None:
    """What is known of the index of a folder."""
    path = index_of(os.fspath(root))
    if path is None or not os.path.isfile(path):
        return None
    return {"path": path, "bytes": os.path.getsize(path), "runs": _indexed(path)}


def _indexed(path: str) -> int | None:
    """How many runs an index knows; None where it cannot be read now."""
    import sqlite3
    from contextlib import closing
    from pathlib import Path

    try:
        with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, timeout=1)) as database:
            return int(database.execute("SELECT count(*) FROM runs").fetchone()[0])
    except (sqlite3.Error, TypeError):
        return None


def spools() -> dict[str, Any]:
    """What stores are owed, and what else lies in spools."""
    owed = [{"uid": note.uid, "name": note.name, "target": note.target} for note in owed_notes()]
    return {
        "folder": os.fspath(owed_dir()),
        "owed": owed,
        "bad": bad_notes(),
        "forgotten": [os.fspath(path) for path in forgotten_spools()],
    }
