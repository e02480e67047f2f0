"""One database: its engine, transactions in bounded time, the tables, the clock."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from datetime import datetime, timezone
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine, event, func, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from expkit._support.quiet import quieten
from expkit.errors import ExpkitError, StoreError
from expkit.stores.clock import Clock
from expkit.stores.sql import options, schema
from expkit.stores.sql.file import identity, is_refusal, open_as_allowed
from expkit.stores.sql.forks import remember
from expkit.stores.sql.place import FORMS, MYSQL, POSTGRESQL, SQLITE
from expkit.stores.sql.trouble import is_dropped, is_passing, lacks_tables, said, trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from expkit.stores.sql.place import Place

LIMIT = 20.0
"""Seconds that one transaction may take."""

_LATIN = 0xFF

_IDLE = LIMIT / 2
"""Seconds that the server waits for the next statement of a transaction, whose process may be stopped: others that wait for
what it holds come to their turn before their own limit."""

_CONNECT = 15
"""Seconds for a new connection, which takes several exchanges."""

_QUEUE = 60.0
"""Seconds that a writer into a file waits for the others: SQLite lets them in by chance, not in turn."""

_CLOCK = 10.0
"""Seconds after which the server is asked for its clock again."""

_PAUSE = 0.01
_LONGEST_PAUSE = 0.5
_WRITES = "expkit_writes"
_ISOLATION = "READ COMMITTED"

_T = TypeVar("_T")


class Server:
    """The database of one store.

    Args:
        place: where it is.
        engine: somebody's own; None: one of ours.
        echo: log every statement.

    Attributes:
        opened: how often what was open turned out to be gone: another file stands there or none, or the tables are not there.
    """

    def __init__(self, place: Place, engine: Engine | None = None, *, echo: bool = False) -> None:
        self.place = place
        self._given = engine
        self._echo = echo
        self._engine: Engine | None = None
        self._let_go: weakref.finalize[..., Server] | None = None
        self._pid = 0
        self.opened = 0
        self._ready = False
        self._file: tuple[int, int] | None = None
        self._lock = threading.RLock()
        self._clock = Clock(_CLOCK)

    # -- the engine ------------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine; that of a forked child has connections of its own."""
        with self._lock:
            if self._engine is None:
                self._engine = self._made() if self._given is None else self._shared(self._given)
            elif self._pid != os.getpid():
                self._engine.dispose(close=False)
                self._own(self._engine)
            self._pid = os.getpid()
            return self._engine

    def _made(self) -> Engine:
        spare = _spare.pop((self.place.address, self._echo), None)
        return self._own(self._new() if spare is None else spare)

    def _own(self, engine: Engine) -> Engine:
        """Let go of an engine when this is gone, unless it is somebody else's."""
        if self._let_go is not None:
            self._let_go.detach()
        if self._given is None:
            self._let_go = weakref.finalize(self, _put_aside, (self.place.address, self._echo), engine, os.getpid())
        return engine

    def _new(self) -> Engine:
        options.check(self.place)
        arguments = {"connect_args": _ARGUMENTS[self.place.kind], "echo": self._echo, "pool_timeout": LIMIT}
        arguments["pool_reset_on_return"] = None  # every transaction is ended here: one more exchange would be in vain
        if self.place.kind != SQLITE:
            arguments["isolation_level"] = _ISOLATION
        try:
            engine = create_engine(self.place.address, **arguments)
        except (ValueError, ArgumentError) as error:
            raise StoreError(f"{self.place.url} is no address of a database: {FORMS}") from error
        if self.place.kind == POSTGRESQL:
            quieten("psycopg")  # it tells of what breaks off while it tidies up; the error itself is raised
        if self.place.kind in _ON_CONNECT:
            event.listen(engine, "connect", _ON_CONNECT[self.place.kind])
        if self.place.kind == MYSQL:
            event.listen(engine, "do_connect", _encode_password)
        if self.place.kind == SQLITE:
            event.listen(engine, "begin", _on_begin)
            event.listen(engine, "do_connect", _opener(self.place.file))
        return engine

    def _shared(self, given: Engine) -> Engine:
        """Somebody's engine, whose connections we use; only our own transactions begin as ours have to."""
        if self.place.kind != SQLITE:
            return given.execution_options(isolation_level=_ISOLATION)
        engine = given.execution_options()
        event.listen(engine, "begin", _on_begin)
        return engine

    def close(self) -> None:
        """Let go of our own connections."""
        with self._lock:
            self._engine = None
            if self._let_go is not None:
                self._let_go()

    # -- transactions ----------------------------------------------------------------------------------

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """Do something in a transaction that writes; it is done again where it met another one.

        Raises:
            StoreError: the database cannot be reached, or refuses; or its file was taken away meanwhile.
        """
        return self._or_anew(lambda: self._write(work))

    def _write(self, work: Callable[[Connection], _T]) -> _T:
        if not self.is_there():
            self._make_tables()
        file = self._file
        done = self._ask(work, writes=True)
        if self._is_another(file):
            raise StoreError(f"{self.place.file} was deleted, moved or replaced while it was written")
        return done

    def read(self, work: Callable[[Connection], _T], otherwise: Callable[[], _T]) -> _T:
        """Do something in a transaction that reads, or something else where there are no tables yet.

        Raises:
            StoreError: the database cannot be reached, or refuses.
        """
        return self._or_anew(lambda: self._ask(work) if self.is_there() else otherwise())

    def _or_anew(self, do: Callable[[], _T]) -> _T:
        """Do something, and once more where the tables are gone: somebody has dropped the database, say, and made it anew."""
        try:
            return do()
        except StoreError as error:
            if not lacks_tables(error):
                raise
        self._forget()
        return do()

    def look(self, work: Callable[[Connection], _T], otherwise: Callable[[], _T]) -> _T:
        """Read from tables that may be there without ours, or do something else where there is no database yet.

        Raises:
            StoreError: the database cannot be reached, or refuses.
        """
        return self._or_anew(lambda: self._look(work, otherwise))

    def _look(self, work: Callable[[Connection], _T], otherwise: Callable[[], _T]) -> _T:
        self._look_again()
        return otherwise() if self.place.file and self._file is None else self._ask(work)

    def _ask(self, work: Callable[[Connection], _T], *, writes: bool = False) -> _T:
        end, dropped, pause = monotonic() + LIMIT, 0, _PAUSE
        while True:
            try:
                with self._transaction(writes) as connection:
                    return work(connection)
            except NoSuchModuleError as error:
                raise StoreError(f"{self.place.url} cannot be opened: {said(error)}").lasting() from None
            except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as error:
                dropped += is_dropped(error)
                again = dropped == 1 if is_dropped(error) else is_passing(error)
                if not again or monotonic() > end:
                    raise trouble(error, self.place) from error
            sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Connection]:
        engine = self.engine
        pool = engine.pool
        try:
            with engine.connect() as plain, _bounded(plain, self.place):
                if plain.info.get(_FLEETING):
                    plain.detach()
                connection = plain.execution_options(**{_WRITES: writes})
                try:
                    yield connection
                except (SQLAlchemyError, ExpkitError):
                    raise
                except BaseException:  # an interrupt in a driver, say: the line may be in the middle of an answer
                    plain.invalidate()
                    raise
                connection.commit()
        finally:
            if engine.pool is not pool:  # another thread has closed the store meanwhile: nobody asks this pool again
                pool.dispose()

    # -- tables ----------------------------------------------------------------------------------------

    def is_there(self) -> bool:
        """Whether the database has our tables; older ones are brought up to date first."""
        self._look_again()
        if self._ready:
            return True
        if self.place.file and self._file is None:
            return False
        version = self._ask(schema.version_of)
        if version is not None and schema.is_older(version, self.place):
            self._ask(schema.upgrade, writes=True)
        self._ready = version is not None
        return self._ready

    def _make_tables(self) -> None:
        if self.place.file:
            try:
                os.makedirs(os.path.dirname(self.place.file), exist_ok=True)
            except OSError as error:
                raise StoreError(f"{self.place.file} cannot be opened: {error}") from error
        self._ask(schema.create, writes=True)
        self._file = identity(self.place.file)
        self._ready = True

    def _look_again(self) -> None:
        """Let go of a file that is not there any more: what is written into it is lost."""
        with self._lock:
            if self._file is not None and self._is_another(self._file):
                self._forget()
            if self._file is None and self.place.file:
                self._file = identity(self.place.file)

    def _forget(self) -> None:
        """Know nothing of what was open."""
        with self._lock:
            self._ready, self._file = False, None
            self.opened += 1
            if self._engine is not None:
                self._engine.dispose(close=self._given is None)

    def _is_another(self, file: tuple[int, int] | None) -> bool:
        return bool(self.place.file) and identity(self.place.file) != file

    # -- the clock -------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The database's clock; between two looks at it ours goes on, and it never goes back."""
        return self._clock.now(None if self.place.kind == SQLITE else lambda: self._ask(self._time))

    def _time(self, connection: Connection) -> datetime:
        clock = func.clock_timestamp() if self.place.kind == POSTGRESQL else func.utc_timestamp(6)
        time: Any = connection.scalar(select(clock))
        aware: datetime = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc)


# -- what kinds of databases need ------------------------------------------------------------------------

_ARGUMENTS: dict[str, dict[str, Any]] = {
    SQLITE: {"timeout": _QUEUE},
    POSTGRESQL: {"connect_timeout": _CONNECT, "application_name": "expkit"},
    MYSQL: {
        "connect_timeout": _CONNECT,
        "read_timeout": int(LIMIT),
        "write_timeout": int(LIMIT),
        # The second half is a comment to MySQL, which has no such setting.
        "init_command": f"SET SESSION innodb_lock_wait_timeout = {LIMIT / 2:.0f}"
        f" /*M! , idle_transaction_timeout = {_IDLE:.0f} */",
    },
}


_spare: dict[tuple[str, bool], Engine] = {}
"""Engines without connections that nobody uses, by address: they remember how statements are compiled, which takes longer
than a small run."""

_MOST_SPARE = 8


def _put_aside(key: tuple[str, bool], engine: Engine, pid: int) -> None:
    """Close connections, unless they are those of a parent, and keep the engine for the next store of this process."""
    engine.dispose(close=pid == os.getpid())
    if pid == os.getpid() and len(_spare) < _MOST_SPARE:
        _spare[key] = engine


def _on_file(raw: Any, _: object) -> None:
    """Readers and one writer at a time; what was committed survives the death of the process."""
    raw.isolation_level = None
    try:
        raw.execute("PRAGMA journal_mode = WAL")
    except Exception as error:
        if not is_refusal(error):  # whoever writes is told
            raise
    raw.execute("PRAGMA synchronous = NORMAL")


_FLEETING = "expkit_fleeting"
"""Marks connections to files that are believed to stay as they are: only as long as one transaction lasts."""


def _encode_password(dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
    """Passwords with signs beyond Latin-1, which is all that this driver can encode itself, are meant as UTF-8."""
    password = options.get("password", "")
    if dialect.driver == "pymysql" and isinstance(password, str) and any(ord(sign) > _LATIN for sign in password):
        options["password"] = password.encode("utf-8", "surrogatepass")


def _opener(path: str) -> Callable[..., None]:
    def opening(_dialect: object, record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        if open_as_allowed(path, arguments, named):
            record.info[_FLEETING] = True

    return opening


def _on_session(raw: Any, _: object) -> None:
    """The server ends what takes too long, and lets go of what a process holds that is stopped in the middle."""
    remember(raw)
    with raw.cursor() as cursor:
        for setting, seconds in (("statement_timeout", LIMIT), ("idle_in_transaction_session_timeout", _IDLE)):
            cursor.execute(f"SET {setting} = {seconds * 1000:.0f}")
    raw.commit()


_ON_CONNECT = {SQLITE: _on_file, POSTGRESQL: _on_session}


def _on_begin(connection: Connection) -> None:
    """Who is going to write says so first: he waits for the others, instead of failing in the middle."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _bounded(connection: Connection, place: Place) -> Iterator[None]:
    """Cut the line to a PostgreSQL server that does not answer: its drivers would wait for ever."""
    descriptor = getattr(connection.connection.driver_connection, "fileno", None)
    if place.kind != POSTGRESQL or descriptor is None:
        yield
        return
    import socket

    with socket.socket(fileno=os.dup(descriptor())) as line:
        timer = threading.Timer(LIMIT, _cut, (line,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _cut(line: Any) -> None:
    import socket

    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:  # closed already
        pass
