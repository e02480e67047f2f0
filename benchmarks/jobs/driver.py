"""What a backend's own driver needs for the same data, nothing of expkit around it: ``driver.py JOB URL SIZE``."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import closing
from pathlib import Path

from library import answer, seconds

JOB, URL, SIZE = sys.argv[1], sys.argv[2], int(sys.argv[3])
SCHEME, _, REST = URL.partition(":")
TABLE = """CREATE TABLE {} (metric BIGINT, position BIGINT, step BIGINT, value {}, time {}, exact TEXT,
PRIMARY KEY (metric, position))"""
BLOBS = "CREATE TABLE {} (position BIGINT PRIMARY KEY, data {})"
CHUNK = 1 << 20


def rows():
    return [(1, position, position, 0.5, time.time(), None) for position in range(SIZE)]


def documents():
    return [{"run": 1, "name": "loss", "step": step, "value": 0.5, "time": time.time()} for step in range(SIZE)]


def lines():
    return "".join(f"{json.dumps(document)}\n" for document in documents()).encode()


def chunks():
    with open("weights.bin", "rb") as file:
        while data := file.read(CHUNK):
            yield data


class Sql:
    """One ``executemany`` in one transaction."""

    def __init__(self):
        self._number = f"limit{time.time_ns()}"
        self._connection, self._mark, number, data = getattr(self, f"_{SCHEME}")()
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(TABLE.format(self._number, number, number))
            cursor.execute(BLOBS.format(f"{self._number}b", data))
        self._connection.commit()

    def _sqlite(self):
        import sqlite3

        connection = sqlite3.connect(REST.removeprefix("///"))
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        return connection, "?", "DOUBLE", "BLOB"

    def _postgresql(self):
        import psycopg

        return psycopg.connect(URL), "%s", "DOUBLE PRECISION", "BYTEA"

    def _mariadb(self):
        import pymysql

        access, _, place = REST.removeprefix("//").partition("@")
        user, _, password = access.partition(":")
        address, _, database = place.partition("/")
        host, _, port = address.partition(":")
        connection = pymysql.connect(host=host, port=int(port), user=user, password=password, database=database)
        return connection, "%s", "DOUBLE", "LONGBLOB"

    def points(self):
        made = rows()
        return seconds(self._insert, self._number, made)

    def run(self):
        return seconds(self._insert, self._number, [(2, time.time_ns(), 0, 0.5, 0.5, None)])

    def artifact(self):
        begin = time.perf_counter()
        with closing(self._connection.cursor()) as cursor:
            for position, data in enumerate(chunks()):
                cursor.execute(f"INSERT INTO {self._number}b VALUES ({self._mark}, {self._mark})", (position, data))
        self._connection.commit()
        return time.perf_counter() - begin

    def _insert(self, table, made):
        with closing(self._connection.cursor()) as cursor:
            marks = ", ".join([self._mark] * len(made[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", made)
        self._connection.commit()


class Mongo:
    """One ``insert_many``."""

    def __init__(self):
        from gridfs import GridFS
        from pymongo import MongoClient

        client = MongoClient(URL)
        client.admin.command("ping")
        self._database = client.get_default_database()
        self._files = GridFS(self._database, "limit")

    def points(self):
        made = documents()
        return seconds(self._database.limit.insert_many, made)

    def run(self):
        return seconds(self._database.limits.insert_one, {"name": "job", "status": "COMPLETED"})

    def artifact(self):
        with open("weights.bin", "rb") as file:
            return seconds(self._files.put, file)


class TinyDb:
    """One ``insert_multiple`` into a file of its own."""

    def __init__(self):
        from tinydb import TinyDB

        self._database = TinyDB("limit.json")

    def points(self):
        made = documents()
        return seconds(self._database.table("metrics").insert_multiple, made)

    def run(self):
        return seconds(self._database.table("runs").insert, {"name": "job", "status": "COMPLETED"})

    def artifact(self):
        import shutil

        return seconds(shutil.copyfile, "weights.bin", "copy.bin")


class Folder:
    """JSON lines in a file."""

    def points(self):
        made = documents()
        return seconds(lambda: Path("limit").write_text("".join(f"{json.dumps(each)}\n" for each in made)))

    def run(self):
        return seconds(Path("run.json").write_text, json.dumps({"name": "job", "status": "COMPLETED"}))

    def artifact(self):
        import shutil

        return seconds(shutil.copyfile, "weights.bin", "copy.bin")


class Far:
    """JSON lines in one object."""

    def __init__(self):
        from expkit.stores.remote.connecting import connected
        from expkit.stores.remote.place import place_of

        place = place_of(URL)
        driver = connected(place)
        self._fs, self._root = driver.fs, driver.root
        if SCHEME == "s3":
            try:
                self._fs.mkdir(place.host)
            except OSError:
                pass
        driver.make_room(f"{self._root}/warm")
        self._put(b"", "warm")

    def _put(self, data, name):
        self._fs.pipe_file(f"{self._root}/{name}", data)

    def points(self):
        made = documents()
        return seconds(lambda: self._put("".join(f"{json.dumps(each)}\n" for each in made).encode(), "limit"))

    def run(self):
        return seconds(self._put, json.dumps({"name": "job", "status": "COMPLETED"}).encode(), "limit-run")

    def artifact(self):
        return seconds(self._fs.put_file, "weights.bin", f"{self._root}/limit-file")


KINDS = {"folder": Folder, "tinydb": TinyDb, "sqlite": Sql, "postgresql": Sql, "mariadb": Sql, "mongodb": Mongo}
driver = KINDS.get(SCHEME, Far)()


def points():
    answer(seconds=min(driver.points() for _ in range(1)))


def run():
    answer(run=sum(driver.run() for _ in range(SIZE)) / SIZE)


def artifact():
    with open("weights.bin", "wb") as file:
        file.writelines(os.urandom(CHUNK) for _ in range(SIZE // CHUNK))
        os.fsync(file.fileno())
    answer(first=driver.artifact())


globals()[JOB]()
