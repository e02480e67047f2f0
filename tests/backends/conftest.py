"""A world for each test: a server of its own, and a folder."""

import pytest

from .kinds import BACKENDS
from .world import World


@pytest.fixture
def world(request, tmp_path, faults, monkeypatch, record_property):
    """The world of the backend that the test is called with."""
    backend = BACKENDS[request.param]
    for name, value in backend.environment.items():
        monkeypatch.setenv(name, value)
    made = World(backend, tmp_path, faults=faults, note=record_property)
    yield made
    made.end()
