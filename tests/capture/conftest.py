"""A small run for captured functions: config by owner, and notes of what was asked."""

from __future__ import annotations

import copy
import logging
from itertools import count

import pytest

from expkit.capture.function import capture


class FakeOwner:
    """An ingredient, as far as capture knows one."""

    def __init__(self, path="digits"):
        self.path = path

    def capture(self, function=None, prefix=None):
        if function is None:
            return lambda actual: capture(actual, self, prefix)
        return capture(function, self, prefix)


class FakeContext:
    """A run that notes reads and copies."""

    def __init__(self, configs, name="run"):
        self.configs = configs
        self.run = f"<{name}>"
        self.name = name
        self.reads = []
        self.copies = []
        self.blamed = []
        self.seeds = {}

    def covers(self, owner):
        return owner in self.configs

    def values(self, owner, prefix):
        found = self.configs[owner]
        for part in (prefix or "").split("."):
            found = found.get(part, {}) if part else found
        return found

    def objects(self, owner, prefix, name, value):
        return value

    def copy(self, value):
        return copy.deepcopy(value) if isinstance(value, (dict, list)) else value

    def config(self, owner, prefix):
        return copy.deepcopy(self.values(owner, prefix))

    def logger(self, owner, name):
        return logging.getLogger(f"{self.name}.{owner.path}.{name}")

    def next_seed(self, owner, qualname):
        return next(self.seeds.setdefault((owner.path, qualname), count(100)))

    def rng(self, seed):
        return ("rng", seed)

    def read(self, owner, prefix, names):
        self.reads += [".".join(filter(None, (owner.path, prefix, name))) for name in names]

    def handed_out(self, owner, prefix, name, original, copy):
        self.copies.append((name, original, copy))

    def blame(self, owner, prefix, error):
        self.blamed.append((owner, prefix, error))


@pytest.fixture
def owner():
    return FakeOwner()


@pytest.fixture
def make_owner():
    return FakeOwner


@pytest.fixture
def make_context():
    return FakeContext


@pytest.fixture
def context(owner):
    return FakeContext({owner: {"a": 1, "b": 2, "c": 3, "box": {"x": 1, "inner": {"y": 2}}, "many": [1, 2]}})


@pytest.fixture
def in_run(context):
    from expkit.capture.binding import activate

    with activate(context):
        yield context
