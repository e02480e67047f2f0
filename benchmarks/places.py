"""Where runs go in the figures of backends: the same servers that the tests use, each with its data in a new folder."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.bench import folder
from tests.servers import mongo, remote, sql
from tests.servers.running import Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Place(NamedTuple):
    """A store that can be opened.

    Attributes:
        name: of the backend.
        url: of a new, empty place.
        data: the folder with all bytes that are kept, however a server keeps them.
    """

    name: str
    url: str
    data: Path


@contextmanager
def place(name: str) -> Iterator[Place]:
    """A new, empty place of a backend; its server is started first, and ends with it."""
    with folder() as data:
        if name in _IN_FOLDERS:
            yield Place(name, _IN_FOLDERS[name].format(data), data)
        elif name in _DATABASES:
            yield from _database(name)
        elif name == "mongodb":
            yield from _mongodb(data)
        else:
            yield from _served(name, data)


def _database(name: str) -> Iterator[Place]:
    server = _DATABASES[name].own().start()
    try:
        server.kind.ask(server.port, "CREATE DATABASE runs")
        yield Place(name, server.kind.url(server.port, "runs"), server.folder)
    finally:
        server.end()


def _served(name: str, data: Path) -> Iterator[Place]:
    kind = remote.KINDS[name]
    server = Process(lambda port: kind.command(port, data), data).start()
    try:
        kind.prepare(server.port, "here")
        with folder() as aside:
            os.environ.update(kind.access(server.port, aside))
            yield Place(name, kind.url(server.port, "here", data), data)
    finally:
        server.kill()


def _mongodb(data: Path) -> Iterator[Place]:
    server = mongo.own(data).start()
    try:
        yield Place("mongodb", f"mongodb://127.0.0.1:{server.port}/runs", data)
    finally:
        server.kill()


_IN_FOLDERS = {"folder": "folder:{}/runs", "tinydb": "tinydb:{}/runs", "sqlite": "sqlite:///{}/runs.db"}
_DATABASES = {"postgresql": sql.POSTGRESQL, "mariadb": sql.MARIADB}

PLACES = (*_IN_FOLDERS, *_DATABASES, "mongodb", *remote.KINDS)
"""All backends, by the name to ask for their figures."""
