"""The front doors say what is there."""

import ast
import importlib
import subprocess
import sys

import pytest

import expkit
import expkit.observers
import expkit.readers
import expkit.stores

DOORS = [expkit, expkit.observers, expkit.readers, expkit.stores]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_all(door):
    """``__all__`` is sorted, without repeats, and the same as the table of places."""
    assert door.__all__ == sorted(set(door.__all__), key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert set(door.__all__) == set(door._PLACES)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_every_name_is_there(door):
    """Every name is the object that its place has, under the same name."""
    for name, place in door._PLACES.items():
        module = importlib.import_module(f"{door.__name__}.{place}")
        assert getattr(door, name) is getattr(module, name)
        assert name in dir(door)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_type_checkers_see_the_same(door):
    """What type checkers are shown is what is loaded, from the same place."""
    with open(door.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    shown = {
        alias.name: node.module.removeprefix(f"{door.__name__}.")
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module.startswith("expkit")
        for alias in node.names
    }
    assert shown == door._PLACES


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_unknown_name(door):
    """A name that is not there is an AttributeError that names it."""
    with pytest.raises(AttributeError, match="has no attribute 'Experimnt'"):
        door.Experimnt  # noqa: B018


def test_star_import():
    """``from expkit import *`` brings exactly the public names."""
    found = {}
    exec("from expkit import *", found)
    assert found.keys() - {"__builtins__"} == set(expkit.__all__)


def test_every_public_name_is_documented():
    """Every public class and function has a docstring, and so have its public methods."""
    for name in set(expkit.__all__) - {"SETTINGS"}:
        thing = getattr(expkit, name)
        assert thing.__doc__, name
        for method, value in vars(thing).items() if isinstance(thing, type) else ():
            if not method.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{method}"


def test_import_loads_next_to_nothing():
    """Importing the package alone loads none of its rooms."""
    code = "import sys, expkit; print([name for name in sys.modules if name.startswith('expkit.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
