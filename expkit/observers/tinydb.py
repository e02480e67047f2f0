"""The TinyDB store as an observer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit.errors import ObserverError
from expkit.observers.named import NamedObserver
from expkit.stores.tinydb.store import TinyDbStore

if TYPE_CHECKING:
    from tinydb import TinyDB
    from tinydb.table import Table

    from expkit.observers.tinydb_runs import StoredFiles


class TinyDbObserver(NamedObserver):
    """Records runs as documents of a TinyDB database, which TinyDB alone can read.

    Args:
        path: the folder of the database; made when the first run starts.
        overwrite: without effect, as it always was.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        offline: see :class:`~expkit.observers.store.StoreObserver`; for folders on a share that may be away.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] = "./runs_db",
        overwrite: Any = None,
        *,
        priority: float = 0,
        offline: str | None = None,
    ) -> None:
        self.tinydb_store = TinyDbStore(path)
        super().__init__(self.tinydb_store, priority=priority, offline=offline)
        self.overwrite = overwrite

    @classmethod
    def create_from(cls, db: Any, fs: Any, overwrite: Any = None, root: str | None = None) -> TinyDbObserver:  # noqa: ARG003
        """An observer of a database that was opened before.

        Args:
            db: a ``tinydb.TinyDB`` on a file ``metadata.json``. Open it anew to see what is written from now on.
            fs: without effect: files are kept beside the database.
            overwrite: without effect.
            root: the folder of the database; default: where the file of ``db`` lies.

        Raises:
            ObserverError: ``db`` lies in no file, and there is no ``root``.
        """
        return cls(root if root is not None else _folder_of(db), overwrite)

    @property
    def root(self) -> str:
        """The folder of the database."""
        return str(self.tinydb_store.root)

    @property
    def db(self) -> TinyDB:
        """The database, for reading: at every question it is as it stands then."""
        from expkit.observers.tinydb_runs import open_runs

        return open_runs(self.tinydb_store)

    @property
    def runs(self) -> Table:
        """The table of runs, for reading."""
        return self.db.table("runs")

    @property
    def fs(self) -> StoredFiles:
        """The files that runs used and made, by hash."""
        from expkit.observers.tinydb_runs import StoredFiles

        return StoredFiles(self.tinydb_store)

    @property
    def run_entry(self) -> dict[str, Any]:
        """The document of the run that is being told about, or of the last one; empty before the first."""
        uid = self._told()
        if uid is None:
            return {}
        from expkit.observers.tinydb_runs import document_of

        return document_of(self.tinydb_store, self.tinydb_store.load(uid))

    def _where(self) -> str:
        return self.root


def _folder_of(db: Any) -> str:
    """Where the file of a ``tinydb.TinyDB`` lies."""
    storage: Any = getattr(db, "storage", None)
    while hasattr(storage, "storage"):  # middlewares wrap each other
        storage = storage.storage
    store = getattr(storage, "store", None)
    if isinstance(store, TinyDbStore):
        return str(store.root)
    name = getattr(getattr(storage, "_handle", None), "name", None)
    if not isinstance(name, str) or os.path.basename(name) != "metadata.json":
        raise ObserverError(
            "this database is no file 'metadata.json' in a folder; write TinyDbObserver('folder'), or say root='folder'"
        )
    return os.path.dirname(os.path.abspath(name))
