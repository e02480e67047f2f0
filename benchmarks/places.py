"""Where runs go in the figures of backends: the same servers that the tests use, each with its data in a new folder."""

from __future__ import annotations

import json
import os
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.bench import folder
from tests.servers import buckets, machines, mongo, sql
from tests.servers.running import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ACCESS = {
    "AWS_ACCESS_KEY_ID": buckets.KEY,
    "AWS_SECRET_ACCESS_KEY": buckets.SECRET,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


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
    command, ready = _SERVERS[name]
    server = Process(lambda port: command(port, data), data).start()
    try:
        yield Place(name, ready(server.port, data), data)
    finally:
        server.kill()


def _mongodb(port: int, _: Path) -> str:
    return f"mongodb://127.0.0.1:{port}/runs"


def _s3(port: int, _: Path) -> str:
    os.environ.update(ACCESS)
    return f"s3://runs/here?endpoint_url=http://127.0.0.1:{port}&region={buckets.REGION}"


def _google(port: int, _: Path) -> str:
    address = f"http://127.0.0.1:{port}"
    make = urllib.request.Request(f"{address}/storage/v1/b?project=p", json.dumps({"name": "runs"}).encode())
    make.add_header("Content-Type", "application/json")
    urllib.request.urlopen(make, timeout=60).close()
    return f"gs://runs/here?endpoint_url={address}&token=anon"


def _azure(port: int, _: Path) -> str:
    from azure.storage.blob import BlobServiceClient

    who = f"AccountName={buckets.AZURE_ACCOUNT};AccountKey={buckets.AZURE_KEY}"
    where = f"BlobEndpoint=http://127.0.0.1:{port}/{buckets.AZURE_ACCOUNT}"
    said = os.environ["AZURE_STORAGE_CONNECTION_STRING"] = f"DefaultEndpointsProtocol=http;{who};{where};"
    with BlobServiceClient.from_connection_string(said) as client:
        client.create_container("runs")
    return "az://runs/here"


def _sftp(port: int, data: Path) -> str:
    return machines.ssh_url(port, data / "runs")


def _with_login(scheme: str) -> Callable[[int, Path], str]:
    def url(port: int, data: Path) -> str:
        netrc = data.with_suffix(".netrc")
        netrc.write_text(f"machine 127.0.0.1 login {machines.USER} password {machines.PASSWORD}\n")
        netrc.chmod(0o600)
        os.environ["NETRC"] = str(netrc)
        return f"{scheme}://{machines.USER}@127.0.0.1:{port}/runs"

    return url


_IN_FOLDERS = {"folder": "folder:{}/runs", "tinydb": "tinydb:{}/runs", "sqlite": "sqlite:///{}/runs.db"}
_DATABASES = {"postgresql": sql.POSTGRESQL, "mariadb": sql.MARIADB}
_SERVERS: dict[str, tuple[Callable[[int, Path], list[str]], Callable[[int, Path], str]]] = {
    "mongodb": (mongo.command, _mongodb),
    "s3": (buckets.s3_command, _s3),
    "google": (buckets.google_command, _google),
    "azure": (buckets.azure_command, _azure),
    "sftp": (machines.ssh_command, _sftp),
    "ftp": (machines.ftp_command, _with_login("ftp")),
    "webdav": (machines.webdav_command, _with_login("webdav+http")),
}

PLACES = (*_IN_FOLDERS, *_DATABASES, *_SERVERS)
"""All backends, by the name to ask for their figures."""
