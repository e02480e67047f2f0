"""The MongoDB store as an observer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.errors import ObserverError, StoreError
from expkit.observers.named import NamedObserver
from expkit.record.model import QUEUED
from expkit.stores.mongo.place import DATABASE, FILES, LOCAL, RESERVED, RUNS, Place, names_of, place_of
from expkit.stores.mongo.store import MongoStore

if TYPE_CHECKING:
    import os

    from gridfs import GridFS
    from pymongo.collection import Collection

    from expkit.record.model import Lease, RunRecord
    from expkit.types import RunId

PRIORITY = 30


class MongoObserver(NamedObserver):
    """Records runs into a MongoDB database, in the shapes that tools made for Sacred read.

    Nothing is connected before the first run starts.

    Args:
        url: of the server: ``mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS``, ``mongodb+srv://...`` or ``HOST:PORT``;
            default: this machine, port 27017. A database in it is the one that knows the user, as for Sacred.
        db_name: of the database.
        collection: of runs; metrics lie in ``metrics``, files in the GridFS ``fs``.
        collection_prefix: instead of ``collection``: ``PREFIX_runs`` and ``PREFIX_metrics``.
        overwrite: id of a run in whose place the next one is recorded.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        client: a ``pymongo.MongoClient`` of your own, instead of ``url``.
        failure_dir: without effect: what the server does not take waits in the local log.
        offline: see :class:`~expkit.observers.store.StoreObserver`.
        mongo_client_kwargs: for ``pymongo.MongoClient``.

    Attributes:
        overwrite: see above.

    Raises:
        ValueError: both a URL and a client, something else as client, or both a collection and a prefix.
        KeyError: the name of the collection is reserved.
    """

    def __init__(
        self,
        url: str | None = None,
        db_name: str = DATABASE,
        collection: str = RUNS,
        collection_prefix: str = "",
        overwrite: RunId | None = None,
        priority: float = PRIORITY,
        client: Any = None,
        failure_dir: str | os.PathLike[str] | None = None,  # noqa: ARG002
        *,
        offline: str | None = None,
        **mongo_client_kwargs: Any,
    ) -> None:
        if client is not None and url is not None:
            raise ValueError("give a url or a client, not both: MongoObserver(url='mongodb://HOST:PORT')")
        runs, metrics = _checked_names(collection, collection_prefix)
        server = _server_of(client) if client is not None else url or LOCAL
        place = place_of(server if "://" in server else f"mongodb://{server}")._replace(database=db_name)
        if (runs, metrics) != names_of():
            place = place._replace(runs=runs, metrics=metrics)
        self._set_up(MongoStore(place, client, mongo_client_kwargs), overwrite, priority, offline)

    def _set_up(self, store: MongoStore, overwrite: RunId | None, priority: float, offline: str | None) -> None:
        super().__init__(store, priority=priority, offline=offline)
        self.mongo_store = store
        self.overwrite = overwrite
        self._overwritten: str | None = None

    @classmethod
    def create_from(
        cls,
        runs_collection: Collection[Any],
        fs: GridFS | None = None,
        overwrite: RunId | None = None,
        metrics_collection: Collection[Any] | None = None,
        failure_dir: str | os.PathLike[str] | None = None,  # noqa: ARG003
        priority: float = PRIORITY,
        *,
        offline: str | None = None,
    ) -> MongoObserver:
        """An observer of collections that somebody has at hand; their client stays his.

        Args:
            runs_collection: of runs; of pymongo, or of something that does the same.
            fs: where files go; default: the GridFS ``fs`` of the same database.
            overwrite: see :class:`MongoObserver`.
            metrics_collection: default: ``metrics`` of the same database.
            failure_dir: without effect.
            priority: see :class:`MongoObserver`.
            offline: see :class:`MongoObserver`.
        """
        database = runs_collection.database
        place = place_of(_address_of(database.client))._replace(database=database.name, runs=runs_collection.name)
        if metrics_collection is not None:
            place = place._replace(metrics=metrics_collection.name)
        place = place._replace(files=_name_of(fs))
        made = cls.__new__(cls)
        made._set_up(MongoStore(place, database.client), overwrite, priority, offline)
        return made

    @classmethod
    def at(
        cls,
        place: Place | str,
        overwrite: RunId | None = None,
        priority: float = PRIORITY,
        *,
        offline: str | None = None,
    ) -> MongoObserver:
        """An observer of the store that a URL names, with its database in it: ``mongodb://HOST/DATABASE``."""
        made = cls.__new__(cls)
        made._set_up(MongoStore(place), overwrite, priority, offline)
        return made

    # -- what is there ---------------------------------------------------------------------------------

    @property
    def runs(self) -> Collection[Any]:
        """The collection of runs."""
        return self.mongo_store.server.runs

    @property
    def metrics(self) -> Collection[Any]:
        """The collection of metrics."""
        return self.mongo_store.server.metrics

    @property
    def fs(self) -> GridFS:
        """The files: sources, resources and artifacts."""
        from gridfs import GridFS

        server = self.mongo_store.server
        return GridFS(server.client[server.place.database], server.place.files)

    @property
    def run_entry(self) -> dict[str, Any] | None:
        """The document of the run that is being told about, or of the last one; None before the first."""
        uid = self._told()
        if uid is None:
            return None
        found: dict[str, Any] | None = self.mongo_store.server.ask(lambda: self.runs.find_one({"expkit.uid": uid}))
        return found

    # -- runs ------------------------------------------------------------------------------------------

    def take_in(self, record: RunRecord, run_id: RunId | None, *, bind: bool, lease: Lease | None = None) -> RunId:
        """Create the run, or put it in the place of the one to overwrite; see :meth:`StoreObserver.take_in`."""
        if self.overwrite is None:
            return super().take_in(record, run_id, bind=bind, lease=lease)
        return self._take_place(record, self.overwrite, lease)

    def _take_place(self, record: RunRecord, run: RunId, lease: Lease | None) -> RunId:
        if record.status == QUEUED:
            raise ObserverError(
                f"overwrite={run!r} puts a run in the place of another one, and a queued one cannot be that"
            )
        if self._overwritten not in (None, record.uid):
            raise ObserverError(f"overwrite={run!r} is for one run, and this is the second; make another MongoObserver")
        self._overwritten = self._last = record.uid
        return self.mongo_store.overwrite(record, run, lease)

    def _where(self) -> tuple[str, str, str]:
        place = self.mongo_store.server.place
        return place.hosts, place.database, place.runs


class QueuedMongoObserver(MongoObserver):
    """A :class:`MongoObserver` by the name that old scripts know: every observer has a queue of its own now.

    Args:
        interval: without effect.
        retry_interval: without effect: the settings ``LANES`` say how long is waited between two tries.
        url: see :class:`MongoObserver`, like the rest.
        db_name: see there.
        collection: see there.
        overwrite: see there.
        priority: see there.
        client: see there.
        kwargs: see there.
    """

    def __init__(
        self,
        interval: float = 20.0,  # noqa: ARG002
        retry_interval: float = 10.0,  # noqa: ARG002
        url: str | None = None,
        db_name: str = DATABASE,
        collection: str = RUNS,
        overwrite: RunId | None = None,
        priority: float = PRIORITY,
        client: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(url, db_name, collection, overwrite=overwrite, priority=priority, client=client, **kwargs)


def _checked_names(collection: str, prefix: str) -> tuple[str, str]:
    try:
        return names_of(collection, prefix)
    except StoreError as error:
        kind = KeyError if collection in RESERVED else ValueError
        raise kind(str(error)) from None


def _server_of(client: Any) -> str:
    """The URL of somebody's client, as far as it can be known without asking the server."""
    from pymongo import MongoClient

    if not isinstance(client, MongoClient):
        raise ValueError(f"a client is a pymongo.MongoClient, not {type(client).__name__}")  # noqa: TRY004 - the predecessor's
    hosts = sorted(client.topology_description.server_descriptions())
    return "mongodb://" + ",".join(f"{host}:{port}" if port else str(host).replace("/", "%2F") for host, port in hosts)


def _address_of(client: Any) -> str:
    """The same of any object that does what a client does; what it is owed must never meet a real server's."""
    from pymongo import MongoClient

    if isinstance(client, MongoClient):
        return _server_of(client)
    return f"mongodb://{type(client).__module__.partition('.')[0].strip('_')}"


def _name_of(fs: GridFS | None) -> str:
    """The name of a GridFS, which it does not say itself."""
    return FILES if fs is None else str(fs._collection.name)
