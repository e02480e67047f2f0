"""Dotted paths: how they are written, and where they lead."""

import pytest

from expkit.record.codec import encode
from expkit.record.fields import friendly, metric_of
from expkit.record.leaves import path_of
from expkit.record.paths import Path, join

from .strategies import Layer

TREE = encode(
    {
        "a.b": {"c": 1},
        "a": {"b": {"d": 2}},
        "net": {"layers": [{"units": 64, "seed": 1}, {"units": 32}]},
        "ints": {1: "one", 2: "two"},
        "layer": Layer(3, ["x"]),
    }
)


@pytest.mark.parametrize(
    ("text", "steps", "said"),
    [
        ("config.net.layers[0]", ("config", "net", "layers", "0"), "config.net.layers[0]"),
        ("""config["a.b"]['c d'].e""", ("config", "a.b", "c d", "e"), 'config."a.b"."c d".e'),
        ("config.'lr'", ("config", "lr"), "config.lr"),
        ("""config.'say "x"'""", ("config", 'say "x"'), """config.'say "x"'"""),
        ("metrics.val/acc.max", ("metrics", "val/acc", "max"), "metrics.val/acc.max"),
        ("", (), ""),
    ],
)
def test_texts(text, steps, said):
    """Keys stand in quotes with or without brackets; the text of a path has quotes only where they are needed."""
    path = Path.parse(text)
    assert (path.steps, str(path)) == (steps, said)
    assert Path.parse(said).steps == steps


def test_a_path_below_another():
    """A path is the same whether it is said in full or as seen from the tree that it leads into."""
    parent = Path.parse("config")
    assert str(Path.parse('config["a.b"].c').below(parent)) == '"a.b".c'
    assert str(Path.parse("lr").below(parent)) == "lr"
    assert str(Path.parse("config").below(parent)) == "config"
    assert Path.parse(join(join("config", "a.b"), 1)).steps == ("config", "a.b", "1")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a.b.c", {**TREE, "a.b": {}}),
        ('"a.b"', {name: item for name, item in TREE.items() if name != "a.b"}),
        ("a.b.d", {**TREE, "a": {"b": {}}}),
        ("net.layers[0].seed", {**TREE, "net": {"layers": [{"units": 64}, {"units": 32}]}}),
        ("net.layers.units", {**TREE, "net": {"layers": [{"seed": 1}, {}]}}),
        ("net.layers[1]", {**TREE, "net": {"layers": [{"units": 64, "seed": 1}]}}),
        ("ints.1", {**TREE, "ints": encode({2: "two"})}),
    ],
)
def test_what_is_left_out(text, left):
    """What a path finds is what is left out by it, whatever lies on the way."""
    assert Path.parse(text).without(TREE) == left
    fields = Path.parse("layer.units").without(TREE)["layer"]["value"]
    assert set(fields) == set(TREE["layer"]["value"]) - {"units"}


def test_nothing_is_left_out():
    """Where a path leads nowhere, the tree is the very same."""
    for text in ("x", "a.b.c.d", "net.layers[7]", "net.layers.x", "", "ints.3"):
        assert Path.parse(text).without(TREE) is TREE


def test_who_reads_paths():
    """Figures of metrics, what people call fields and what databases are told all know the ways to write a path."""
    for text in ('metrics["val.acc"].max', "metrics.'val.acc'.max", "metrics.val.acc.max"):
        assert metric_of(text) == ("val.acc", "max")
    assert (metric_of("metrics.loss"), metric_of("metrics"), metric_of("config.a.b")) == (None, None, None)
    assert (friendly("start"), friendly("config['lr']")) == ("start_time", "config.lr")
    assert (path_of("config['lr']"), path_of("config.a[0].b")) == ("config.lr", "config.a.0.b")
    assert (path_of("config['a.b']"), path_of("config")) == (None, None)
