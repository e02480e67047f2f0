"""Entries that nobody knows."""

import pytest

from expkit.config.dicts import ConfigDict
from expkit.errors import ConfigAddedError


def base():
    model = {
        "C": 1.0,
        "kernel": "rbf",
    }
    layers = [{"units": 64, "act": "relu"}, {"units": 32}]
    optim = {}
    lr = 0.1


LINE = base.__code__.co_firstlineno


def refusal(run, tokens, *nodes):
    with pytest.raises(ConfigAddedError) as caught:
        run(tokens, *nodes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ("model.CC=10", f"there is no config entry model.CC (command line); did you mean model.C? (defined at test_unknown.py:{LINE + 2})"),
        ("modell.C=10", f"there is no config entry modell.C (command line); did you mean model.C? (defined at test_unknown.py:{LINE + 2})"),
        ("C=10", f"there is no config entry C (command line); did you mean model.C? (defined at test_unknown.py:{LINE + 2})"),
        ("layers[0].unit=3", f"there is no config entry layers[0].unit (command line); did you mean layers[0].units? (defined at test_unknown.py:{LINE + 5})"),
        ("layers[-1].unit=3", "there is no config entry layers[-1].unit (command line)"),
        ("layer[0].units=3", f"there is no config entry layer (command line); did you mean layers? (defined at test_unknown.py:{LINE + 5})"),
        ("layers=[{'units':3},{'unit':5}]", f"there is no config entry layers[1].unit (command line); did you mean layers[1].units? (defined at test_unknown.py:{LINE + 5})"),
        ("~model.c", f"there is no config entry model.c (command line); did you mean model.C? (defined at test_unknown.py:{LINE + 2})"),
        ("~layers[7]", "there is no config entry layers[7] (command line)"),
        ("model.kernal=x", f"there is no config entry model.kernal (command line); did you mean model.kernel? (defined at test_unknown.py:{LINE + 3})"),
        ("lt.k=x", "there is no config entry lt.k (command line)"),
        ("zzz=1", "there is no config entry zzz (command line); there are model, layers, optim, lr"),
        ("model.zzz=1", "there is no config entry model.zzz (command line); there are model.C, model.kernel"),
    ],
)  # fmt: skip
def test_the_message_names_the_entry_who_asked_and_what_was_meant(node, run, update, message):
    """Unknown entries are refused, nested and in lists, with near names and their places."""
    assert refusal(run, update, node("", base)).startswith(message)


def test_several_near_names_are_told_with_their_places(node, run):
    """Best first, each with the place that defines it."""
    root = node("", {"rate": 1}, parameters={"rates": "train.py:3", "nowhere": ""})
    assert refusal(run, "ratee=1", root).endswith(
        "; did you mean rate (defined at settings.py:7) or rates (defined at train.py:3)?"
    )
    assert refusal(run, "nowher=1", root).endswith("; did you mean nowhere?")


def test_several_unknown_entries_are_told_at_once(node, run):
    """One error for all of them, a line each."""
    lines = refusal(run, "modle=1 lrr=2 data.m=3", node("data", {"n": 1}), node("", base, children=["data"])).split(
        "\n"
    )
    assert [line.split(" (")[0] for line in lines] == [
        "there is no config entry data.m",
        "there is no config entry modle",
        "there is no config entry lrr",
    ]
    assert "did you mean lr?" in lines[2]


def test_the_order_of_configs_makes_no_difference(node, run):
    """Dicts after functions, or before them, let nothing slip through."""
    for configs in ([base, {"x": 1}], [{"x": 1}, base], [{"x": 1}, {"model": {"C": 3}}]):
        assert "model.CC" in refusal(run, "model.CC=1", node("", *configs))


def test_parameters_of_captured_functions_are_known(node, run):
    """What a function asks for is an entry, with everything in it; suggestions know it, too."""
    root = node("", base, parameters={"steps": "train.py:12", "model.gamma": "train.py:20", "extra": "train.py:30"})
    resolution = run("steps=5 model.gamma=2 extra.a.b=3", root)
    assert resolution.config["extra"] == {"a": {"b": 3}}
    assert resolution.summary.added == {"steps", "model.gamma", "extra.a.b"}
    assert "did you mean steps? (defined at train.py:12)" in refusal(run, "step=5", root)
    assert "model.CC" in refusal(run, "model.CC=1", node("", base, parameters={"model": "train.py:9"}))


def test_empty_dicts_take_any_entry(node, run):
    """A dict that is empty by default is the user's to fill, also inside lists."""
    assert run("optim.lr=1 optim.x.y=2", node("", base)).config["optim"] == {"lr": 1, "x": {"y": 2}}
    assert run("rows[0].x=1", node("", {"rows": [{}]})).config["rows"] == [{"x": 1}]


def test_dicts_declared_open_take_any_entry(node, run):
    """A config added with extra="allow" refuses nothing."""
    root = node("", base, ConfigDict({"a": [{"b": 1}]}, extra="allow"))
    assert run("anything=1 model.CC=2 a[0].c=3", root).config["a"] == [{"b": 1, "c": 3}]


def test_a_list_given_as_a_whole_may_hold_other_keys(node, run):
    """Only keys that look like slips are refused there."""
    config = run("layers=[{'units':3,'act':'relu','unitz':1},{'kind':'pool'},7]", node("", base)).config
    assert config["layers"][1] == {"kind": "pool"}
    assert run("layers=5", node("", base)).config["layers"] == 5
    assert run("rows=[{'x':1}]", node("", {"rows": None})).config["rows"] == [{"x": 1}]


def test_force_gets_past(node, run):
    """Nothing is refused then, and nothing is warned about."""
    resolution = run("model.CC=10 zzz=1 layers[0].unit=3 layers[1]=x ~nix ~layers[0].act", node("", base), force=True)
    assert resolution.config["model"]["CC"] == 10
    assert resolution.config["zzz"] == 1
    assert resolution.config["layers"] == [{"units": 64, "unit": 3}, "x"]
    assert resolution.warnings == []


def test_names_in_the_source_that_are_no_entries_are_told_apart(node, run):
    """An entry that is set under a condition, and a private name, exist but not for this run."""

    def config():
        kind = "sgd"
        _cache = 1
        if kind == "adam":
            beta = 0.9

    line = config.__code__.co_firstlineno
    message = refusal(run, "beta=0.5", node("", config))
    assert message.endswith(f"; it is set at test_unknown.py:{line + 4}, but under a condition that does not hold")
    assert run("beta=0.5 kind=adam", node("", config)).config["beta"] == 0.5
    message = refusal(run, "_cache=2", node("", config))
    assert message.endswith(
        f"; the name at test_unknown.py:{line + 2} is no entry, as no captured function asks for it"
    )


def test_odd_keys_are_quoted(node, run):
    """Keys that are no names are shown as they have to be typed."""
    nodes = [node("", {"a": {"x.y": 1, "b c": 2}})]
    assert run('a."x.y"=2', *nodes).config["a"]["x.y"] == 2
    assert 'did you mean a."x.y"?' in refusal(run, 'a."x.z"=2', *nodes)
