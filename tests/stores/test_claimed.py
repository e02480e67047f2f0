"""What our own stores claim: the contract skips what a store does not claim, and no claim may get lost by it."""

from __future__ import annotations

import pytest

from expkit.stores.answers import Capabilities
from expkit.stores.urls import open_store

LASTING = Capabilities(durable=True, shared=True)

CLAIMED = {
    "memory:": Capabilities(),
    "{}/runs": LASTING._replace(folder=True),
    "tinydb:{}/tiny": LASTING,
    "sqlite:///{}/runs.db": LASTING,
    "postgresql://somebody@nowhere/runs": LASTING,
    "mongodb://nowhere/runs": LASTING,
    "s3://bucket/runs": LASTING,
    "gs://bucket/runs": LASTING,
    "az://container/runs": LASTING,
    "sftp://nowhere/runs": LASTING,
    "ftp://nowhere/runs": LASTING,
    "webdav+http://nowhere/runs": LASTING,
    "dropbox://nowhere/runs": Capabilities(durable=True, counts=False),
    "memory://x/runs": Capabilities(),
}


@pytest.mark.parametrize("url", CLAIMED)
def test_what_our_stores_claim(url, tmp_path):
    """Stores that last claim so, and all of these where somebody can win a name, that processes share them."""
    found = open_store(url.format(tmp_path)).capabilities
    assert found._replace(at_once=1) == CLAIMED[url]
