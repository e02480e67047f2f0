"""Seeds that ingredients have of their own."""

import logging

import pytest

from expkit import Experiment, Ingredient
from expkit.errors import ConfigError


@pytest.fixture
def seeded():
    """An experiment whose ingredient draws a number."""
    data = Ingredient("data")
    data.add_config(rows=3)

    @data.capture
    def draw(_seed):
        return _seed

    made = Experiment("sample", ingredients=[data], observers=[], interactive=True)
    made.main(lambda: draw())
    return made


@pytest.mark.parametrize("seed", ["abc", 3.0, True, -5, 2**32])
def test_a_seed_that_is_none_is_refused(seeded, seed):
    """An ingredient's own seed is checked like the root's, before anything runs."""
    with pytest.raises(ConfigError, match=r"data\.seed must be a whole number"):
        seeded.run(config_updates={"data": {"seed": seed}})


def test_none_is_derived(seeded):
    """Without a seed, and with None, an ingredient's seed comes from the root."""
    root = {"seed": 7}
    derived = seeded.run(config_updates=root).result
    assert seeded.run(config_updates={**root, "data": {"seed": None}}).result == derived
    assert seeded.run(config_updates={"seed": 8}).result != derived


def test_its_use_is_a_read(seeded, caplog):
    """A seed that decides what functions draw counts as read, and the root's changes nothing then."""
    with caplog.at_level(logging.WARNING):
        drawn = [seeded.run(config_updates={"data.seed": 3, "seed": root}).result for root in (7, 8)]
    assert drawn[0] == drawn[1]
    assert "nobody read it" not in caplog.text
