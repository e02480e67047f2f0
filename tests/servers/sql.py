"""PostgreSQL and MariaDB on this machine, from Debian's packages; they run as nobody where the tests run as root."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil

from . import running
from .building import Missing, Recipe, call, program_at

USER = PASSWORD = "expkit"
NOBODY = 65534
LIMIT = 60


class Kind:
    """How to have one kind of server.

    Args:
        name: the scheme of its URLs.
        recipe: makes the folder that a new server's data is copied from.
        arguments: ``arguments(port, data)`` gives the program and its arguments.
        connect: ``connect(port, database)`` gives a connection of its driver that commits at once.
        database: that is always there.
    """

    def __init__(self, name, recipe, arguments, connect, database):
        self.name = name
        self.recipe = recipe
        self._arguments = arguments
        self._connect = connect
        self._database = database

    def command(self, port, data):
        """How to start it with its data in a folder, which is filled first where it is empty."""
        if not (data / "data").exists():
            shutil.copytree(self.recipe.built() / "data", data / "data", symlinks=True)
            _give_away(data)
        return [*_as_nobody(), *map(str, self._arguments(port, data / "data"))]

    def shared(self, factory):
        """The port of the server that all tests share."""
        return running.had(lambda: self._shared(running.session_folder(factory)))

    def _shared(self, folder):
        def command(port, data):
            return ["--remove", data.parent, *self.command(port, data)]

        port = running.shared(self.name, command, folder, Lazy(self.name))
        self.ask(port, "SELECT 1")
        return port

    def own(self):
        """A server of a test's own, not started yet."""
        running.had(self.recipe.built)
        return Own(self)

    def ask(self, port, statement, database=None):
        """Do something, as soon as the server answers; return the rows."""
        end = time.monotonic() + LIMIT
        while True:
            try:
                connection = self._connect(port, database or self._database)
                break
            except Exception as error:
                if time.monotonic() > end:
                    raise Missing(f"{self.name} at port {port} does not answer: {error}") from error
                time.sleep(0.05)
        with contextlib.closing(connection), contextlib.closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def url(self, port, database, password=PASSWORD):
        """The URL of a database."""
        return f"{self.name}://{USER}:{password}@127.0.0.1:{port}/{database}"


class Lazy(os.PathLike):
    """A folder that everybody may enter, made when its name is asked for."""

    def __init__(self, name):
        self._name = name

    def __fspath__(self):
        return _open_folder(self._name)


class Own(running.Process):
    """A server of a test's own; its data stays from start to start, and goes with ``end``."""

    def __init__(self, kind):
        self.kind = kind
        folder = Path(_open_folder(kind.name))
        super().__init__(lambda port: kind.command(port, folder), folder)

    def start(self):
        super().start()
        self.kind.ask(self.port, "SELECT 1")
        return self

    def pause(self):
        for each in self._all():
            each.suspend()

    def resume(self):
        for each in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):  # they go on while they are told, and some of them end
                each.resume()

    def kill(self):
        """It dies at once, with all of its processes."""
        if self._process is not None:
            all_of_it = self._all()
            for each in all_of_it:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            super().kill()
            psutil.wait_procs(all_of_it[1:], LIMIT)

    def _all(self):
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def end(self):
        """It dies, and nothing is left of it."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        """The URL of the database that is always there."""
        return self.kind.url(self.port, self.kind._database)


def _as_nobody():
    return [] if os.geteuid() else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def _give_away(folder):
    if not os.geteuid():
        call("chown", "-R", f"{NOBODY}:{NOBODY}", str(folder), cwd="/")


def _open_folder(name):
    """A new folder that nobody may enter as well; those of pytest are closed."""
    folder = tempfile.mkdtemp(prefix=f"expkit-{name}-")
    os.chmod(folder, 0o755)
    return folder


@contextlib.contextmanager
def _workshop(folder):
    """Where the data of a new server is made by nobody, before it comes into the cache."""
    place = Path(_open_folder("new"))
    try:
        _give_away(place)
        yield place / "data"
        shutil.copytree(place / "data", folder / "data", symlinks=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)


# -- PostgreSQL --------------------------------------------------------------------------------------------


def _make_postgresql(folder):
    with _workshop(folder) as data:
        word = data.parent / "word"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        program = [program_at("initdb"), "-D", data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={word}"]
        call(*_as_nobody(), *map(str, program), "-E", "UTF8", "--no-locale", "--no-sync", cwd="/")


def _postgresql(port, data):
    data.chmod(0o700)
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off"]  # what is committed outlives the server, not the machine
    sockets = ["-c", "unix_socket_directories=", "-c", "max_connections=300"]
    return [program_at("postgres"), "-D", data, "-h", "127.0.0.1", "-p", port, *sockets, *quick]


def _connect_postgresql(port, database):
    import psycopg

    access = {"user": USER, "password": PASSWORD, "dbname": database}
    return psycopg.connect(host="127.0.0.1", port=port, autocommit=True, connect_timeout=5, **access)


POSTGRESQL = Kind(
    "postgresql",
    Recipe("postgresql", {"postgres": "postgresql", "initdb": "postgresql"}, [Path(__file__)], _make_postgresql),
    _postgresql,
    _connect_postgresql,
    "postgres",
)


# -- MariaDB -----------------------------------------------------------------------------------------------


def _make_mariadb(folder):
    with _workshop(folder) as data:
        options = [
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ]
        call(*_as_nobody(), program_at("mariadb-install-db"), "--no-defaults", *options, cwd="/")
        access = f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
        (data / "access.sql").write_text(f"{access}GRANT ALL ON *.* TO '{USER}'@'%';\n")


def _mariadb(port, data):
    places = [
        f"--datadir={data}",
        f"--socket={data}/socket",
        f"--pid-file={data}/pid",
        f"--init-file={data}/access.sql",
    ]
    network = ["--bind-address=127.0.0.1", f"--port={port}", "--skip-name-resolve", "--max-connections=300"]
    quick = ["--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=128M", "--skip-log-bin"]
    return [program_at("mariadbd"), "--no-defaults", *places, *network, *quick]


def _connect_mariadb(port, database):
    import pymysql

    access = {"user": USER, "password": PASSWORD, "database": database}
    return pymysql.connect(host="127.0.0.1", port=port, autocommit=True, connect_timeout=5, **access)


MARIADB = Kind(
    "mariadb",
    Recipe(
        "mariadb",
        {"mariadbd": "mariadb-server", "mariadb-install-db": "mariadb-server"},
        [Path(__file__)],
        _make_mariadb,
    ),
    _mariadb,
    _connect_mariadb,
    "mysql",
)

RECIPES = [POSTGRESQL.recipe, MARIADB.recipe]
