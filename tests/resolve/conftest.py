"""Short ways to resolve configs as an experiment would."""

import pytest

from expkit.config.dicts import ConfigDict
from expkit.config.origin import Origin
from expkit.config.resolve import Node, resolve
from expkit.config.scope import ConfigScope
from expkit.config.updates import NamedConfigToken, parse_update


def make_node(path="", *configs, **facts):
    """A node from functions and dicts; named configs, too, are given as functions or dicts."""
    named = {name: make_config(config) for name, config in facts.pop("named", {}).items()}
    return Node(path=path, configurations=[make_config(config) for config in configs], named_configs=named, **facts)


def make_config(config):
    """A config of a function or a dict; whatever else is given is one already."""
    if isinstance(config, dict):
        return ConfigDict(config, Origin("config dict", "settings.py", 7))
    return ConfigScope(config) if callable(config) and not isinstance(config, ConfigDict) else config


@pytest.fixture
def node():
    return make_node


@pytest.fixture
def run():
    def run(tokens, *nodes, **options):
        read = [parse_update(token) for token in tokens.split()]
        named = [token for token in read if isinstance(token, NamedConfigToken)]
        updates = [update for update in read if update not in named]
        return resolve(nodes, updates, named, **options)

    return run
