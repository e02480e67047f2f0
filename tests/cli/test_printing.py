from types import SimpleNamespace

import pytest

from expkit.cli.printing import format_config, format_dependencies, format_explain, format_named_configs
from expkit.cli.values import pretty, short


class Optimiser:
    pass


def activation():
    pass


Optimiser.__module__ = activation.__module__ = "digits"

CONFIG = {
    "seed": 3,
    "lr": 0.1,
    "optimiser": Optimiser,
    "activation": activation,
    "layers": [{"units": 64, "activation": "relu", "dropout": 0.25, "name": f"layer{n}"} for n in range(3)],
    "empty": {},
    "augment": {"flip": True, "crop": {"size": 24}},
    "x.y": "awkward",
    "data": {"path": "digits.csv", "seed": 1, "loader": {"workers": 2}},
}


def summary(**facts):
    empty = {"added": set(), "modified": set(), "typechanged": {}, "docs": {}, "places": {}}
    return SimpleNamespace(**{**empty, **facts})


CHANGES = summary(
    added={"augment.flip", '"x.y"'},
    modified={"lr", "augment", "data.seed", "data"},
    typechanged={"data.path": (list, str), "layers": ("int", "list")},
    docs={"seed": "the root seed", "data.path": "where the data is", "layers": "from first to last", "augment": "how"},
)


def layer(value, kind, origin=""):
    return SimpleNamespace(value=value, kind=kind, origin=origin)


def test_a_config_is_grouped_marked_and_documented(golden):
    """Entries before sections, ingredients as groups; marks and docs say without colour what there is to say."""
    golden("config.txt", format_config(CONFIG, CHANGES, ["data.loader", "data"]))


def test_a_config_in_colour(golden):
    """Colour is put on top of the same text."""
    golden("config-colour.txt", format_config(CONFIG, CHANGES, ["data"], colour=True))


def test_an_empty_config_is_its_legend():
    """No entries, no groups: the legend alone."""
    text = "Configuration (+ added, * changed, ! type changed):\n"
    assert format_config({}, summary(), ["data", "data.loader"]) == text
    assert format_config({"data": 3}, summary(), ["data.loader"]) == f"{text}  data = 3\n"


def test_a_section_that_belongs_to_other_groups_is_not_shown_twice():
    """Where an ingredient lies below a name that is none itself, that name has no entries of its own."""
    text = format_config({"a": {"b": {"c": 1}}}, summary(), ["a.b"])
    assert text.splitlines()[1:] == ["", "a.b:", "  c = 1"]


def test_keys_of_mixed_types_can_be_printed():
    """Nothing needs to be comparable."""
    text = format_config({1: "a", "b": 2, (3, 4): None}, summary())
    assert [line.split(" = ")[-1] for line in text.splitlines()[1:]] == ["None", "'a'", "2"]


def test_explain_shows_the_chain_of_layers(golden):
    """Every layer with its value and place, the last one marked."""
    layers = [
        layer(1.0, "config", "digits.py:31"),
        layer("x" * 200, "named config small", "digits.py:44"),
        layer(10, "command line"),
    ]
    golden("explain.txt", format_explain("model.C", layers, {"model": {"C": 10}}))
    assert "\x1b[" in format_explain("model.C", layers, {"model": {"C": 10}}, colour=True)


def test_explain_says_when_an_entry_was_removed():
    """A removal is a layer without a value."""
    text = format_explain("model.C", [layer(1.0, "config", "digits.py:31"), layer(None, "removal", "command line")], {})
    assert text.splitlines()[0] == "model.C = (removed)"
    assert text.splitlines()[-1] == "  removal  command line  (removed)  <- counts"


def test_explain_of_what_no_config_set():
    """The seed that was drawn for a run has no layers."""
    assert format_explain("seed", [], {"seed": 7}) == "seed = 7\n  set by no config: chosen for this run\n"


def test_dependencies_sources_and_repositories(golden):
    """Columns as wide as they need to be; a repository is named once."""
    repository = {"url": "https://example.org/digits", "commit": "abcdef0", "dirty": True}
    clean = {"url": "https://example.org/tools", "commit": "0fedcba", "dirty": False}
    info = {
        "dependencies": ["numpy==1.26.4", "scikit-learn==1.5.0"],
        "sources": [("digits.py", "0123456789abcdef"), ["lib/data.py", "fedcba9876543210"]],
        "repositories": [repository, repository, clean],
    }
    golden("dependencies.txt", format_dependencies(info))


def test_no_dependencies():
    """What there is none of is said to be none; a project without repository is no news."""
    assert format_dependencies({}) == "Dependencies:\n  none\n\nSources:\n  none\n"


def test_named_configs(golden):
    """Names with their docs, of one line or several, or none."""
    golden(
        "named-configs.txt", format_named_configs({"small": "A small one.\n\n    For trying out.", "data.big": None})
    )
    assert format_named_configs({}) == "No named configs.\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (Optimiser, "digits:Optimiser"),
        (activation, "digits:activation"),
        ([activation, {"a": Optimiser}], "[digits:activation, {'a': digits:Optimiser}]"),
        (len, "builtins:len"),
        ({"b": 1, "a": 2}, "{'b': 1, 'a': 2}"),
    ],
)
def test_values_as_python_writes_them(value, text):
    """Classes and functions by module and name, at any depth."""
    assert pretty(value, 200) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97, "0.97"),
        ([1, 2], "[1, 2]"),
        (list(range(10**6)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...]"),
        (Optimiser, "digits:Optimiser"),
        (activation, "digits:activation"),
        (type("Shown", (), {"__repr__": lambda self: "two\n  lines"})(), "two lines"),
    ],
)
def test_values_on_one_line(value, text):
    """Cut where they are long, never broken."""
    assert short(value) == text


def test_long_values_are_cut():
    """Sixty characters are enough on a status line."""
    assert len(short([["x" * 50] * 10] * 10)) == 60


def test_a_broken_repr_is_no_reason_to_fail():
    """A value that cannot be shown is shown as such."""
    broken = type("Broken", (), {"__repr__": lambda self: 1 / 0})()
    assert short(broken).startswith("<Broken instance")
