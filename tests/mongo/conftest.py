"""Databases on a real server, and stores in them."""

import pytest

from expkit.record.uid import new_uid
from expkit.stores.mongo.store import MongoStore

from ..servers import mongo


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Host and port of the server that all tests share."""
    return mongo.shared(tmp_path_factory)


@pytest.fixture
def url(server):
    """The URL of a new, empty database."""
    made = f"mongodb://{server}/t{new_uid()}"
    yield made
    store = MongoStore(made)
    store.server.client.drop_database(store.server.place.database)
    store.close()


@pytest.fixture
def store(url):
    """A new, empty store."""
    made = MongoStore(url)
    yield made
    made.close()


@pytest.fixture
def database(store):
    """Its database, as the driver sees it."""
    return store.server.client[store.server.place.database]
