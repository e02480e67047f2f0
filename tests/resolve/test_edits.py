"""Updates that reach into lists, and removals."""

import pytest

from expkit.config.resolve import resolve
from expkit.config.updates import Update, parse_update
from expkit.errors import ConfigUpdateError


def base():
    layers = [{"units": 64}, {"units": 32}]
    depth = len(layers)
    first = layers[0]["units"]
    sizes = [first, depth]
    pair = (1, 2)
    model = {"C": 1, "gamma": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("updates", "changed"),
    [
        ("layers[0].units=1", {"layers": [{"units": 1}, {"units": 32}], "first": 1, "sizes": [1, 2]}),
        ("layers[-1]=5", {"layers": [{"units": 64}, 5]}),
        (
            "layers[+]={'units':8} layers[+]=9",
            {"layers": [{"units": 64}, {"units": 32}, {"units": 8}, 9], "depth": 4, "sizes": [64, 4]},
        ),
        ("~layers[0]", {"layers": [{"units": 32}], "depth": 1, "first": 32, "sizes": [32, 1]}),
        ("~layers[0].units layers[0].units=2", {"layers": [{"units": 2}, {"units": 32}], "first": 2, "sizes": [2, 2]}),
        ("sizes[0]=0 layers[0].units=1", {"layers": [{"units": 1}, {"units": 32}], "first": 1, "sizes": [0, 2]}),
        ("layers=[{'units':5}] layers[0].units=6", {"layers": [{"units": 6}], "depth": 1, "first": 6, "sizes": [6, 1]}),
        ("pair[1]=9", {"pair": (1, 9)}),
        ("~model.C ~model.gamma.x", {"model": {"gamma": {"y": 2}}}),
        ("~depth", {}),
    ],
)
def test_edits_and_what_depends_on_them(node, run, updates, changed):
    """Elements are set, appended and removed; what config functions derive from the list follows."""
    expected = {**run("", node("", base)).config, **changed}
    if updates == "~depth":
        del expected["depth"]
    assert run(updates, node("", base)).config == expected


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ("first[0]=1", r"first\[0\] cannot be set: first is 64"),
        ("layers[7]=1", r"layers\[7\] cannot be set: layers is a list of 2"),
        ("model[+]=1", r"model\[\+\] cannot be set: model is a dict"),
        ("model.C[0]=1", r"model.C is 1"),
        ("layers[+].units=1", r"layers"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_edits_that_cannot_be_done_say_what_is_there(node, run, update, says, force):
    """Reaching into something that is no list, or behind its end, is an error even with force."""
    with pytest.raises(ConfigUpdateError, match=says):
        run(update, node("", base), force=force)


def test_nothing_can_be_appended_to_what_is_not_there(node, run):
    """With force, too, an unknown list cannot be edited."""
    with pytest.raises(ConfigUpdateError, match="there is no nix"):
        run("nix[+]=1", node("", base), force=True)


def test_keys_that_are_numbers_can_be_set(node):
    """A dict with numbers as keys is no list."""
    updates = [parse_update("by_id[7]=x"), parse_update("by_id[8].y=2"), Update((3,), "c")]
    config = resolve([node("", {"by_id": {7: "a", 8: {"y": 1}}, 3: "b"})], updates).config
    assert config == {"by_id": {7: "x", 8: {"y": 2}}, 3: "c"}


def test_values_are_not_shared_with_edits(node):
    """The container that an edit gives is copied."""
    value = {"units": [1]}
    updates = [Update(("layers", 0), value)]
    resolve([node("", base)], updates, force=True)
    one = resolve([node("", {"layers": [1]})], updates)
    one.config["layers"][0]["units"].append(2)
    assert value == {"units": [1]}


def test_edits_of_ingredients(node, run):
    """Edits reach the ingredient that the list belongs to."""
    config = run("data.rows[0]=5 ~data.n", node("data", {"rows": [1, 2], "n": 1}), node("")).config
    assert config == {"data": {"rows": [5, 2]}}


def test_edits_are_tracked(node, run):
    """An edited element and the list around it are modified; a removed entry is gone from the summary."""
    summary = run("layers[0].units=1 ~model.C", node("", base)).summary
    assert {"layers", "layers[0].units"} <= summary.modified
    assert "C" not in summary["model"]


def test_edits_come_after_hooks(node, run):
    """A list that a hook gave is edited, not the default one."""

    def hook(config, command_name, logger):
        return {"sizes": [7, 8, 9]}

    assert run("sizes[0]=0", node("", base, hooks=[hook])).config["sizes"] == [0, 8, 9]
