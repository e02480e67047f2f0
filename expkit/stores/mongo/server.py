"""One MongoDB server and the collections of one store; pymongo is loaded, and connected, when it is first used."""

from __future__ import annotations

import os
import threading
import weakref
from datetime import datetime, timezone
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from expkit.errors import StoreError
from expkit.stores.clock import Clock
from expkit.stores.mongo.leaving import leave_quietly
from expkit.stores.mongo.place import bounds_of, query_of
from expkit.stores.mongo.trouble import is_absent, is_closed, is_dropped, trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pymongo import MongoClient
    from pymongo.collection import Collection

    from expkit.stores.mongo.place import Place

    Change = tuple[dict[str, Any] | None, dict[str, Any]]

LIMIT = 20.0
"""Seconds that one operation of a store may take with a client that is not ours."""

_SOON = 2.0
"""Seconds in which it is known that nobody listens."""

_CLOCK = 10.0
"""Seconds after which the server is asked for its clock again."""

_UNIQUE = {"unique": True}
_WHERE_THERE_IS_ONE = {"unique": True, "sparse": True}

_Indexes = tuple[tuple[tuple[str, ...], dict[str, Any]], ...]

_RUNS: _Indexes = ((("expkit.uid",), _WHERE_THERE_IS_ONE), (("expkit.created", "_id"), {}))
_METRICS: _Indexes = ((("run_id", "name"), {}), (("expkit.stream",), {}))
_ANNOTATIONS: _Indexes = ((("uid",), {}),)
_FILES: _Indexes = ((("sha256",), _WHERE_THERE_IS_ONE), (("filename", "uploadDate"), {}))
_CHUNKS: _Indexes = ((("files_id", "n"), _UNIQUE),)

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Server:
    """The client of one store and its collections.

    Args:
        place: where the store lies.
        client: somebody's own client; None: one of our own, made when it is needed.
        options: of our own client, beyond the URL.
    """

    def __init__(self, place: Place, client: Any = None, options: Mapping[str, Any] | None = None) -> None:
        self.place = place
        self._given = client
        self._options = dict(options or {})
        self._own: MongoClient[Any] | None = None
        self._pid = 0
        self._indexed = False
        self._lock = threading.RLock()
        self._clock = Clock(_CLOCK)

    # -- collections -----------------------------------------------------------------------------------

    @property
    def runs(self) -> Collection[Any]:
        """A document for each run."""
        return self.collection(self.place.runs)

    @property
    def metrics(self) -> Collection[Any]:
        """Metrics for other tools: a document for each run and name, or several."""
        return self.collection(self.place.metrics)

    @property
    def pieces(self) -> Collection[Any]:
        """Pieces of streams."""
        return self.collection(f"{self.place.runs}.streams")

    @property
    def annotations(self) -> Collection[Any]:
        """Later facts."""
        return self.collection(f"{self.place.runs}.annotations")

    @property
    def changes(self) -> Collection[Any]:
        """What happened, numbered."""
        return self.collection(f"{self.place.runs}.changes")

    @property
    def deleted(self) -> Collection[Any]:
        """Ids of runs that were deleted; they are not given again."""
        return self.collection(f"{self.place.runs}.deleted")

    @property
    def files(self) -> Collection[Any]:
        """Files of the GridFS."""
        return self.collection(f"{self.place.files}.files")

    @property
    def chunks(self) -> Collection[Any]:
        """Bytes of the GridFS."""
        return self.collection(f"{self.place.files}.chunks")

    def collection(self, name: str) -> Collection[Any]:
        """Any collection of the database, read from the primary, with naive times in UTC."""
        from bson.codec_options import CodecOptions
        from pymongo import ReadPreference

        found: Collection[Any] = self.client[self.place.database].get_collection(
            name, CodecOptions(tz_aware=False), ReadPreference.PRIMARY
        )
        return found

    # -- the client ------------------------------------------------------------------------------------

    @property
    def client(self) -> Any:
        """The driver's client; that of a forked child is its own."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None or self._pid != os.getpid():
                self._own, self._pid = self._connect(), os.getpid()
            return self._own

    def _connect(self) -> MongoClient[Any]:
        from pymongo import MongoClient
        from pymongo.uri_parser import split_options

        options = {"appname": "expkit", "connect": False, **bounds_of(self.place.server), **self._options}
        try:
            if query := query_of(self.place.server):
                split_options(query, warn=False)  # else what is mistyped there is a warning only
            client: MongoClient[Any] = MongoClient(self.place.server, **options)
        except (TypeError, ValueError, OSError) as error:  # options that do not fit, files that are not there
            raise StoreError(
                f"the MongoDB server at {self.place.hosts} cannot be asked like this: {error}"
            ).lasting() from None
        leave_quietly()
        # at the end of the process there is nothing to wait for
        weakref.finalize(self, client.close).atexit = False
        return client

    def close(self) -> None:
        """Let go of our own client."""
        with self._lock:
            client, self._own = self._own, None
            if client is not None and self._pid == os.getpid():
                client.close()

    # -- asking ----------------------------------------------------------------------------------------

    def ask(self, work: Callable[[], _T], tries: int = 2) -> _T:
        """Do something with the server, in bounded time; a dropped connection is made anew.

        Raises:
            StoreError: the server cannot be reached, or refuses.
        """
        from bson.errors import BSONError
        from pymongo.errors import PyMongoError

        while True:
            try:
                with self._bound():
                    return work()
            except (PyMongoError, BSONError) as error:
                # what another thread closes is opened anew as often as that happens
                tries -= self._given is not None or not is_closed(error)
                if not tries or not (is_dropped(error) or is_closed(error)):
                    raise trouble(error, self.place) from error

    def write(self, collection: Collection[Any], changes: Sequence[Change], *, ordered: bool) -> int:
        """Insert and update several documents with one request; how many of those to update were found.

        Args:
            collection: of the database.
            changes: (filter, update), or (None, document) for a new one.
            ordered: whether nothing is done behind a change that fails.
        """
        from pymongo import InsertOne, UpdateOne
        from pymongo.collection import Collection

        if not isinstance(collection, Collection):  # what stands in for it knows less
            return sum(_write_one(collection, *change) for change in changes)
        operations: list[Any] = [
            InsertOne(change) if which is None else UpdateOne(which, change) for which, change in changes
        ]
        return int(collection.bulk_write(operations, ordered=ordered).matched_count)

    def _bound(self) -> AbstractContextManager[Any]:
        """Somebody's own client may have no time-outs; ours has them."""
        from contextlib import nullcontext

        if self._given is None:
            return nullcontext()
        from pymongo import timeout

        return timeout(LIMIT)

    def preflight(self) -> None:
        """Find out whether the server answers; the driver alone waits for one to come where nobody listens.

        Raises:
            StoreError: it does not, or refuses.
        """
        from pymongo import timeout
        from pymongo.errors import PyMongoError

        try:
            with timeout(_SOON):
                self._clock.now(self._look)
        except PyMongoError as error:
            if is_absent(error):
                raise trouble(error, self.place) from error
            self.now()

    def prepare(self) -> None:
        """Make the indexes, once, with one request for each collection."""
        if self._indexed:
            return
        _index(self.runs, _RUNS)
        _index(self.metrics, _METRICS)
        _index(self.annotations, _ANNOTATIONS)
        _index(self.files, _FILES)
        _index(self.chunks, _CHUNKS)
        self._indexed = True

    # -- the clock -------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The server's clock; between two looks at it ours goes on, and it never goes back."""
        return self._clock.now(lambda: self.ask(self._look))

    def _look(self) -> datetime:
        from pymongo.errors import OperationFailure

        try:
            answer = self.client.admin.command("hello")
        except OperationFailure:  # servers before 4.4.2
            answer = self.client.admin.command("isMaster")
        except NotImplementedError:  # of a client without a server, which has our clock
            return datetime.now(timezone.utc)
        time: datetime = answer["localTime"]
        return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _index(collection: Any, indexes: _Indexes) -> None:
    from pymongo import IndexModel
    from pymongo.collection import Collection

    if isinstance(collection, Collection):
        collection.create_indexes([IndexModel([(key, 1) for key in keys], **options) for keys, options in indexes])
        return
    for keys, options in indexes:  # what stands in for it knows less
        collection.create_index([(key, 1) for key in keys], **options)


def _write_one(collection: Any, which: dict[str, Any] | None, change: dict[str, Any]) -> int:
    if which is None:
        collection.insert_one(change)
        return 0
    return int(collection.update_one(which, change).matched_count)


class Served:
    """What works on one server.

    Args:
        server: the server.
    """

    def __init__(self, server: Server) -> None:
        self.server = server


_S = TypeVar("_S", bound=Served)


def bounded(method: Callable[Concatenate[_S, _P], _T]) -> Callable[Concatenate[_S, _P], _T]:
    """A method that the server answers in bounded time, and that says in one sentence what is wrong with it.

    It may be done twice, where a connection was dropped.
    """

    def call(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return self.server.ask(lambda: method(self, *args, **kwargs))

    update_wrapper(call, method)
    return call
