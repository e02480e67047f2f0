"""Entries that an error of the user's code blames are shown with their values."""

import pytest

from expkit import Experiment, Ingredient
from expkit.errors import InvalidConfigError

ENTRIES = ["layers[0].n", 'm."a.b"', "m.gone", "layers[7]", "no path ["]
SHOWN = ["layers[0].n = 3", 'm."a.b" = 4', "m.gone = (not set)", "layers[7] = (not set)", "no path [ = (not set)"]


def shown(error):
    return [line.strip() for line in str(error).splitlines()[1:]]


def test_paths_of_captured_functions():
    """A captured function may name list elements and awkward keys, as updates do."""
    experiment = Experiment("sample", interactive=True, observers=[])
    experiment.add_config(layers=[{"n": 3}], m={"a.b": 4})

    @experiment.main
    def main(layers):
        raise InvalidConfigError("no", ENTRIES)

    with pytest.raises(InvalidConfigError) as caught:
        experiment.run()
    assert shown(caught.value) == SHOWN


def test_paths_of_config_functions():
    """So may a config function, also that of an ingredient, which is named then."""
    data = Ingredient("data")

    @data.config
    def config():
        layers = [{"n": 3}]
        m = {"a.b": 4}
        raise InvalidConfigError("no", ENTRIES)

    experiment = Experiment("sample", ingredients=[data], interactive=True, observers=[])
    with pytest.raises(InvalidConfigError) as caught:
        experiment.run("print_config")
    assert shown(caught.value)[:4] == [f"data.{line}" for line in SHOWN[:4]]


def test_config_that_the_error_brings():
    """Values that the error itself brings are shown as well, before anybody knows more."""
    assert shown(InvalidConfigError("no", "a.b", config={"a": {"b": 3}})) == ["a.b = 3"]
