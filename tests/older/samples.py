"""What older versions of expkit stored: each sample as ``fill.py`` made it by a commit of that time, brought to where it can be opened.

folder 1: 7ea0ce0, TinyDB 1: 61ab1bf, objects and folders 1 (buckets; machines): e7af2a4, MongoDB 1: ca3b419,
SQL 1: 5a75a3a^, SQL 2: b86c48c^.
"""

import contextlib
import sqlite3
import zipfile
from pathlib import Path

from ..servers import sql

HERE = Path(__file__).parent
SERVERS = {"postgresql": sql.POSTGRESQL, "mariadb": sql.MARIADB}


def unpack(name, folder):
    """A zipped folder."""
    with zipfile.ZipFile(HERE / f"{name}.zip") as archive:
        archive.extractall(folder)


def upload(name, media):
    """A zipped folder, on another machine."""
    with zipfile.ZipFile(HERE / f"{name}.zip") as archive:
        for entry in archive.namelist():
            if entry.endswith(".claim/"):
                media._do(lambda driver, entry=entry: driver.make_room(f"{driver.root}/{entry}"))
            elif not entry.endswith("/"):
                media.put(entry, archive.read(entry))


def dump_into_sqlite(name, path):
    """A dump, in a new file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript((HERE / f"{name}.sql").read_text())


def dump_into_server(name, kind, port, database):
    """A dump, in a new database."""
    text = (HERE / f"{name}.sql").read_text()
    with contextlib.closing(SERVERS[kind]._connect(port, database)) as connection, connection.cursor() as cursor:
        for statement in [text] if kind == "postgresql" else text.strip().removesuffix(";").split(";\n"):
            cursor.execute(statement)


def documents(name, database):
    """Documents and indexes, in a new database of MongoDB."""
    from bson import json_util

    for collection, kept in json_util.loads((HERE / f"{name}.json").read_text()).items():
        for index in kept["indexes"].values():
            options = {option: index[option] for option in ("unique", "sparse") if option in index}
            database[collection].create_index([tuple(key) for key in index["key"]], **options)
        if kept["documents"]:
            database[collection].insert_many(kept["documents"])
