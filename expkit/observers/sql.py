"""The SQL store as an observer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit.errors import ObserverError
from expkit.observers.entry import output_of, stored_entry
from expkit.observers.named import NamedObserver
from expkit.record.snapshot import snapshot
from expkit.stores.sql.place import Place, place_of
from expkit.stores.sql.store import SqlStore

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from expkit.types import RunId

PRIORITY = 40


class SqlObserver(NamedObserver):
    """Records runs into an SQL database: SQLite, PostgreSQL, MySQL or MariaDB.

    Nothing is loaded or connected before the first run starts.

    Args:
        url: of the database, as SQLAlchemy has it: ``sqlite:///runs.db``, ``postgresql://USER:PASSWORD@HOST/DATABASE``,
            ``mysql://...``, ``mariadb://...``; with ``+DRIVER`` for a driver of your own choice.
        echo: log every statement, by ``logging``.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        offline: see :class:`~expkit.observers.store.StoreObserver`.

    Raises:
        StoreError: the URL names no such database.
    """

    def __init__(self, url: str, echo: bool = False, priority: float = PRIORITY, *, offline: str | None = None) -> None:
        self._set_up(SqlStore(_text(url), echo=echo), priority, offline)

    def _set_up(self, store: SqlStore, priority: float, offline: str | None) -> None:
        super().__init__(store, priority=priority, offline=offline)
        self.sql_store = store

    @classmethod
    def create_from(
        cls,
        engine: Engine,
        session: Any = None,  # noqa: ARG003
        priority: float = PRIORITY,
        *,
        offline: str | None = None,
    ) -> SqlObserver:
        """An observer of a database whose engine somebody has at hand; it stays his.

        Args:
            engine: a ``sqlalchemy.Engine``.
            session: without effect: every step is a transaction of its own.
            priority: see :class:`SqlObserver`.
            offline: see :class:`SqlObserver`.

        Raises:
            ObserverError: it is no engine.
        """
        made = cls.__new__(cls)
        made._set_up(SqlStore(_place_of(engine), engine), priority, offline)
        return made

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        return self.sql_store.server.engine

    @property
    def url(self) -> str:
        """Of the database; the password is masked."""
        return self.sql_store.url

    @property
    def run_entry(self) -> dict[str, Any] | None:
        """The run that is being told about, or the last one, as :meth:`query` gives it; None before the first."""
        uid = self._told()
        return None if uid is None else self.query(uid)

    def query(self, _id: RunId) -> dict[str, Any]:
        """A run as the predecessor's ``SqlObserver`` gave it.

        Raises:
            RunNotFoundError: there is none.
        """
        record = self.sql_store.load(_id)
        more = {"config": dict(record.config), "info": dict(record.info)}
        output = {"captured_out": output_of(self.sql_store, record.uid)}
        return {**stored_entry(record, "md5"), **snapshot(more), **output}

    def _where(self) -> tuple[str, str, str]:
        place = self.sql_store.place
        return place.kind, place.where, place.database


def _text(url: Any) -> str:
    """A URL as text, also where it is one of SQLAlchemy's own."""
    render = getattr(url, "render_as_string", None)
    return str(render(hide_password=False)) if render is not None else os.fspath(url)


def _place_of(engine: Any) -> Place:
    """Where an engine leads."""
    from sqlalchemy import Engine

    if not isinstance(engine, Engine):
        raise ObserverError(
            f"create_from takes a sqlalchemy.Engine, not {type(engine).__name__}; or write SqlObserver(url)"
        )
    return place_of(_text(engine.url))
