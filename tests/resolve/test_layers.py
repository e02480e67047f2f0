"""The layers that set an entry."""

import pytest


def base():
    a = 1
    b = a * 10
    model = {"C": 1.0}
    layers = [1, 2]


def more(model):
    model["C"] = 2.0
    c = 3


def small():
    a = 5
    data = {"n": 6}


def layers_of(resolution, name):
    return [(layer.kind, layer.value) for layer in resolution.layers[name]]


def test_every_layer_that_set_an_entry_is_listed(node, run):
    """Lowest first, with the value that each meant to give, and its place; the last one counts."""

    def hook(config, command_name, logger):
        return {"a": 4}

    root = node("", base, more, {"a": 2}, hooks=[hook], named={"small": small}, children=["data"])
    resolution = run("small a=7", node("data", {"n": 1}), root)
    assert layers_of(resolution, "a") == [
        ("config", 1), ("config", 2), ("hook", 4), ("named config small", 5), ("update", 7)
    ]  # fmt: skip
    places = [str(layer.origin) for layer in resolution.layers["a"]]
    assert places[0] == f"test_layers.py:{base.__code__.co_firstlineno + 1}"
    assert places[1] == "settings.py:7"
    assert places[2] == f"test_layers.py:{hook.__code__.co_firstlineno}"
    assert places[4] == "command line"
    assert layers_of(resolution, "data.n") == [("config", 1), ("named config small", 6)]
    assert layers_of(resolution, "model.C") == [("config", 1.0), ("config", 2.0)]
    assert layers_of(resolution, "c") == [("config", 3)]


def test_the_last_layer_is_the_value(node, run):
    """What counts is what the config has."""
    nodes = [node("data", {"n": 1}), node("", base, more, children=["data"], named={"small": small})]
    resolution = run("small model.C=9 layers[0]=5 data.n=3 b=1", *nodes)
    for name, layers in resolution.layers.items():
        value = resolution.config
        for key in name.replace("[0]", "").split("."):
            value = value[key]
        assert layers[-1].value == (value[0] if "[0]" in name else value)


def test_removals_and_edits_are_layers(node, run):
    """A removed entry is still explained, an edited list as a whole and by element."""
    resolution = run("~a layers[0]=5", node("", base))
    assert layers_of(resolution, "a") == [("config", 1), ("removal", None)]
    assert layers_of(resolution, "layers") == [("config", [1, 2]), ("update", [5, 2])]
    assert layers_of(resolution, "layers[0]") == [("update", 5)]


def test_entries_without_a_line_get_the_place_of_their_config(node, run):
    """What a function writes into locals() is placed at the function."""

    def config():
        locals().update(x=1)

    assert str(run("", node("", config)).layers["x"][0].origin).startswith("test_layers.py:")


def test_entries_that_only_updates_know(node, run):
    """A parameter of a function has no config layer."""
    assert layers_of(run("n=3", node("", base, parameters={"n": "x.py:1"})), "n") == [("update", 3)]


def nets():
    net = {"layers": [{"units": 3}, {"units": 4}]}


@pytest.mark.parametrize(
    ("updates", "path", "layers"),
    [
        ("", (0, "units"), [("config", 3)]),
        ("", (1,), [("config", {"units": 4})]),
        ("net.layers[0].units=9", (0, "units"), [("config", 3), ("update", 9)]),
        ("net.layers[0].units=9", (0,), [("config", {"units": 3}), ("update", {"units": 9})]),
        ("net.layers[0].units=9", (1, "units"), [("config", 4)]),
        ("net.layers[-1].units=9", (1, "units"), [("config", 4), ("update", 9)]),
        ("net.layers[1].units=9", (-1, "units"), [("config", 4), ("update", 9)]),
        ("net.layers[+]=7", (2,), [("update", 7)]),
        ("net.layers=[1]", (0,), [("config", {"units": 3}), ("update", 1)]),
        ("deep", (0, "units"), [("config", 3), ("named config deep", 8)]),
        ("deep net.layers[0].units=9", (0, "units"), [("config", 3), ("named config deep", 8), ("update", 9)]),
        ("net.layers[0]=7", (0, "units"), [("config", 3)]),
    ],
)
def test_layers_inside_lists(node, run, updates, path, layers):
    """What is in a list comes from what set the list, and then from updates that reach into it."""
    root = node("", nets, named={"deep": {"net": {"layers": [{"units": 8}]}}})
    found = run(updates, root).layers_inside(("net", "layers", *path))
    assert [(layer.kind, layer.value) for layer in found] == layers
