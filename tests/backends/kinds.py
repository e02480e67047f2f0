"""Every backend, as the tests of faults see it. Those far away are in ``remote_kinds``."""

import json
from collections import Counter

from expkit.record.uid import new_uid
from expkit.stores.disk.point_reader import PointReader

from ..servers import mongo, sql
from . import remote_kinds, tables
from .backend import DATABASE, SERVED, Backend, Files

_SHORT = "?serverSelectionTimeoutMS=1000&connectTimeoutMS=1000&socketTimeoutMS=1000"
_NO_LINE = "programs open the files themselves: no connection is between them"
_NO_USERS = "files have no users of their own"
_NOBODY_SILENT = dict.fromkeys(("silent", "silent without a journal"), "files are there, whoever holds their lock")


class MongoDb(Backend):
    name = "mongodb"
    lacks = {**SERVED, "wrong password": "the test server has no users"}
    absence = "no MongoDB server answers"
    disk = "12m"

    def server(self, folder):
        return mongo.own(folder)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return f"mongodb://127.0.0.1:{port}/{name}{_SHORT if quick else ''}"

    def steps(self, store, uid):
        documents = store.server.metrics.find({"name": "loss", "run_id": store.load(uid).id})
        return [step for document in documents for step in document["steps"]]

    def doubles(self, store):
        hashes = Counter(document.get("sha256") for document in store.server.files.find())
        return [sha256 for sha256, count in hashes.items() if sha256 and count > 1]


class TinyDb(Backend):
    name = "tinydb"
    lacks = {"wrong password": _NO_USERS, "slow": _NO_LINE, "dropped": _NO_LINE, **_NOBODY_SILENT}
    absence = "Not a directory"
    in_files = True

    def server(self, folder):
        return Files(folder, _HOLDING_TINYDB)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return f"tinydb:{server.folder}/{name}"

    def steps(self, store, uid):
        paths = sorted(store.root.rglob("metrics-*-0.points"))
        points = [point for path in paths if uid in str(path) for point in PointReader(path).read()]
        return [point.step for point in points if point.name == "loss"]

    def doubles(self, store):
        documents = json.loads((store.root / "metadata.json").read_text())["runs"].values()
        ids = Counter(str(document["_id"]) for document in documents)
        assert sorted(ids) == sorted(str(key.id) for key in store.ids())
        return [run_id for run_id, count in ids.items() if count > 1]


_HOLDING_TINYDB = f"""
import sys, time
from expkit.stores.disk.locking import locked
with locked(sys.argv[1] + "/{DATABASE}/.expkit-tinydb/lock"):
    print("held", flush=True)
    time.sleep(600)
"""


class Sqlite(Backend):
    name = "sqlite"
    lacks = {"wrong password": _NO_USERS, "slow": _NO_LINE, "dropped": _NO_LINE, **_NOBODY_SILENT}
    absence = "cannot be opened"
    in_files = True

    def server(self, folder):
        return Files(folder, _HOLDING_SQLITE)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return f"sqlite:///{server.folder}/{name}.db"

    def steps(self, store, uid):
        return tables.steps(store, uid)

    def doubles(self, store):
        return tables.doubles(store)


_HOLDING_SQLITE = f"""
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1] + "/{DATABASE}.db", timeout=60, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(600)
"""


class Sql(Backend):
    lacks = SERVED
    refusal = "does not accept the user or the password"
    has_password = True
    kind = sql.POSTGRESQL

    def server(self, folder):
        return self.kind.own()

    def prepare(self, server, name):
        self.kind.ask(server.port, f"CREATE DATABASE {name}")

    def url(self, server, port, name=DATABASE, *, quick=True):
        return self.kind.url(port, name)

    def steps(self, store, uid):
        return tables.steps(store, uid)

    def doubles(self, store):
        return tables.doubles(store)

    def stranger(self, url):
        return url.replace(f":{sql.PASSWORD}@", f":wrong-{new_uid()}@"), {}


class Postgresql(Sql):
    name = "postgresql"
    absence = "no PostgreSQL server answers"
    kind = sql.POSTGRESQL
    disk = "150m"


class MariaDb(Sql):
    name = "mariadb"
    absence = "no MySQL or MariaDB server answers"
    kind = sql.MARIADB
    disk = "300m"


BACKENDS = {each.name: each for each in (MongoDb(), TinyDb(), Sqlite(), Postgresql(), MariaDb(), *remote_kinds.KINDS)}
