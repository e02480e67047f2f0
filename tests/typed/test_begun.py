"""What is shown of a config while entries that must be given are not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest


@dataclass
class Inner:
    depth: int = 2


@dataclass
class Model:
    units: int
    width: int = 7
    inner: Inner = field(default_factory=Inner)


def config():
    steps: int
    model: Model
    double = steps * 2
    fourfold: int = double * 2
    rate: float = 0.5
    for i in range(2):
        rate += 1
    if steps > 3:
        late = 3
    name = "free"


SCRIPT = """
from dataclasses import dataclass
from expkit import Experiment

@dataclass
class Model:
    units: int
    width: int = 7

ex = Experiment("begun")

@ex.config
def config():
    steps: int
    model: Model
    double = steps * 2
    name = "free"

@ex.automain
def main():
    pass
"""


def test_what_is_known_is_shown(script):
    """print_config shows defaults of fields, and entries that do not depend on what must be given."""
    shown = script(SCRIPT, "print_config").stdout
    assert "steps = (must be given)" in shown
    assert "units = (must be given)" in shown
    assert "width = 7" in shown
    assert "name = 'free'" in shown
    assert "double" not in shown


def test_help_and_schema_know_the_same(script):
    """So do help and the schema."""
    assert "model.width  int = 7" in script(SCRIPT, "help").stdout
    schema = json.loads(script(SCRIPT, "config_schema").stdout)
    assert schema["properties"]["model"]["properties"]["width"]["default"] == 7
    assert schema["properties"]["name"] == {"default": "free"}
    assert sorted(schema["required"]) == ["model", "steps"]


def test_a_run_names_all_that_lacks(refused):
    """A run is refused with a line for each entry that must be given, whatever depends on it."""
    said = refused(config)
    assert said.splitlines()[0].startswith("config entry steps: int")
    assert "config entry model.units: int" in said
    assert said.endswith("give it: with steps=... model.units=...")


def test_nothing_is_left_out_of_a_run(given):
    """Where everything is given, nothing of the function is left out."""
    found = given(config, words=["steps=4", "model.units=1"])
    assert (found["double"], found["fourfold"], found["late"]) == (8, 16, 3)
    assert found["model"] == {"units": 1, "width": 7, "inner": {"depth": 2}}


def test_other_name_errors_stay(made):
    """A name that nothing defines is an error of the function, beside entries that must be given, too."""

    def config():
        steps: int
        wrong = nobody  # noqa: F821

    with pytest.raises(NameError, match="nobody"):
        made(config).run()
