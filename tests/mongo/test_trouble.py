"""What is said at the start where a server cannot be used: one sentence, without the password, in bounded time."""

from __future__ import annotations

import pytest

from expkit import open_store
from expkit.errors import StoreError
from expkit.testing.samples import sample_record

from .speaker import speaking

_SECONDARY = {"ismaster": False, "isWritablePrimary": False, "secondary": True, "setName": "rs0"}
_NO_RIGHT = (13, "Unauthorized", "not authorized on db to execute command { createIndexes: 'runs' }")


@pytest.mark.parametrize(
    ("trouble", "options", "said"),
    [
        ({"errors": {"saslStart": (18, "AuthenticationFailed", "Authentication failed.")}}, "", "user or the password"),
        ({"errors": {"*": _NO_RIGHT}}, "", "needs the role readWrite on the database 'db'"),
        ({"errors": {"*": (8000, "AtlasError", "bad auth")}}, "", "user or the password"),
        (
            {"errors": {"*": (73, "InvalidNamespace", "Invalid database name: db")}},
            "",
            "refuses: Invalid database name",
        ),
        ({"errors": {"*": (14031, "OutOfDiskSpace", "available disk space of 1 byte")}}, "", "available disk space"),
        ({"hello": _SECONDARY}, "&replicaSet=rs0", "no primary of such a replica set is there"),
        ({"hello": {}}, "&replicaSet=rs0", "no primary of such a replica set is there"),
        (
            {"hello": _SECONDARY, "errors": {"*": (10107, "NotWritablePrimary", "not primary")}},
            "&directConnection=true",
            "takes no writes: it is not the primary of its replica set",
        ),
        ({"hello": {"maxWireVersion": 6}}, "", "is too old"),
        ({"hello": {}}, "&tls=true", "there is no TLS connection"),
        ({"deaf": True}, "", "closes the connection; perhaps it wants TLS, `tls=true` in the URL"),
    ],
)
def test_servers_in_trouble(trouble, options, said):
    """Each kind of trouble has its own words; the password is not among them."""
    with speaking(**trouble) as port:
        user = "" if trouble.get("deaf") or "hello" in trouble else "anna:secret@"
        bounds = "serverSelectionTimeoutMS=4000&connectTimeoutMS=1000&authMechanism=SCRAM-SHA-256"
        store = open_store(
            f"mongodb://{user}127.0.0.1:{port}/db?{bounds if user else bounds.rpartition('&')[0]}{options}"
        )
        with pytest.raises(StoreError) as caught:
            store.create(sample_record())
        store.close()
    text = str(caught.value)
    assert said in text and f"127.0.0.1:{port}" in text
    assert "secret" not in text and "\n" not in text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mongodb://h/a.b", "database 'a.b'"),
        ("mongodb://h/a%20b", "database 'a b'"),
        ("mongodb://h/db?tlsCAFile=/nowhere/ca.pem&tls=true", "/nowhere/ca.pem"),
        ("mongodb://h/db?replicaSet=a&directConnection=maybe", "directConnection"),
        ("mongodb+srv://cluster.invalid/db", "cluster.invalid"),
        ("mongodb://h/db?retrywrite=true", "did you mean retrywrites"),
    ],
)
def test_urls_that_the_driver_refuses(url, said):
    """What the driver says of a URL is one sentence that names the place, without the password."""
    store = open_store(url)
    with pytest.raises(StoreError) as caught:
        store.create(sample_record())
    assert said.lower() in str(caught.value).lower(), str(caught.value)
    assert "cr@et" not in str(caught.value) and "\n" not in str(caught.value)
    store.close()
