"""Clients that are closed while a store works with them."""

from __future__ import annotations

import pytest
from pymongo import MongoClient

from expkit.errors import StoreError
from expkit.stores.mongo.store import MongoStore
from expkit.testing.samples import sample_record


def test_closed_again_and_again(store):
    """However often another thread closes the store under an operation, the operation is done."""
    store.create(sample_record())
    closed, look = [], store.server._look

    def closing():
        client = store.server.client
        if len(closed) < 5:
            closed.append(client)
            store.close()
        client.admin.command("ping")
        return look()

    assert store.server.ask(closing) is not None
    assert len(closed) == 5


def test_a_client_that_its_owner_has_closed(url):
    """A store on somebody else's client that is closed says so, instead of asking for ever."""
    client = MongoClient(url)
    store = MongoStore(url, client=client)
    client.close()
    with pytest.raises(StoreError, match="after close"):
        store.ids()
