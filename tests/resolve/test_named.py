"""Which named config, or which file, a name means."""

import json

import pytest

from expkit.config.resolve import resolve
from expkit.config.updates import NamedConfigToken
from expkit.errors import ConfigFileError, NamedConfigNotFoundError


def small():
    a = 2


def nodes_with(node):
    return [
        node("data", {"n": 1}, named={"small": {"n": 2}, "tiny": {"n": 3}}),
        node("data.sub", {"k": 1}, named={"small": {"k": 2}}),
        node("", {"a": 1}, named={"small": small, "large": {"a": 3}}),
    ]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_names_of_the_experiment_and_of_ingredients(node, run):
    """An ingredient's named config is called by the ingredient's path and its name."""
    config = run("small data.small data.sub.small", *nodes_with(node)).config
    assert config == {"a": 2, "data": {"n": 2, "sub": {"k": 2}}}


def test_names_may_be_given_as_text(node):
    """The Python API takes plain names."""
    assert resolve(nodes_with(node), [], ["large"]).config["a"] == 3


def test_files_are_named_configs_of_the_experiment(node, run, empty_folder):
    """A file with a known extension is loaded, its entries reach ingredients, too."""
    (empty_folder / "my.json").write_text(json.dumps({"a": 7, "data": {"n": 8}}))
    (empty_folder / "my.yaml").write_text("a: 9\n")
    (empty_folder / "data.toml").write_text("a = 4\n")
    assert run("my.json", *nodes_with(node)).config == {"a": 7, "data": {"n": 8, "sub": {"k": 1}}}
    assert run("my.json ./my.yaml", *nodes_with(node)).config["a"] == 9
    assert run("data.toml", *nodes_with(node)).config["a"] == 4


def test_no_file_of_another_kind_shadows_a_named_config(node, run, empty_folder):
    """Files without a known extension, and folders, stand back."""
    (empty_folder / "small").write_text("anything")
    (empty_folder / "data.small").mkdir()
    assert run("small data.small", *nodes_with(node)).config["a"] == 2


def test_a_file_of_an_unknown_kind_says_which_kinds_there_are(node, run, empty_folder):
    """A file that is no named config is read as one, and refused for its extension."""
    (empty_folder / "notes.txt").write_text("a=1")
    with pytest.raises(ConfigFileError, match="notes.txt"):
        run("notes.txt", *nodes_with(node))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "smal",
            r"there is no named config 'smal' \(command line\); did you mean small \(defined at test_named.py:\d+\)",
        ),
        ("tiny", r"did you mean data.tiny \(defined at settings.py:7\)\?"),
        ("dta.small", r"did you mean data.small "),
        ("xyz", r"; there are small, large, data.sub.small, data.small, data.tiny$"),
        ("my.json", r"there is no config file 'my.json' in .*\(command line\)"),
        ("folder/my", r"there is no config file 'folder/my'"),
    ],
)
def test_what_is_not_found_is_told_with_near_names_and_places(node, run, name, says):
    """The message says what was asked, by whom, and what there is."""
    with pytest.raises(NamedConfigNotFoundError, match=says):
        run(name, *nodes_with(node))


def test_an_experiment_without_named_configs_says_so(node):
    """... and how to set an entry."""
    with pytest.raises(NamedConfigNotFoundError, match="no named configs; an entry is set with NAME=VALUE"):
        resolve([node("", {"a": 1})], [], [NamedConfigToken("smal")])
    many = {f"n{i}": {} for i in range(30)}
    with pytest.raises(NamedConfigNotFoundError, match="n11, ...$"):
        resolve([node("", {"a": 1}, named=many)], [], ["xyz"])


def test_unknown_entries_of_named_configs_are_errors(node, run):
    """A named config is checked like an update; the message names its place."""
    from expkit.errors import ConfigAddedError

    root = node("", {"model": {"C": 1}}, named={"bad": {"model": {"CC": 2}}})
    with pytest.raises(ConfigAddedError, match=r"model.CC \(settings.py:7\); did you mean model.C\?"):
        run("bad", root)
    assert run("bad", root, force=True).config["model"] == {"C": 1, "CC": 2}


def test_private_names_of_named_configs_reach_who_asks_for_them(node, run):
    """A private name of a named config counts if a captured function has such a parameter."""

    def config():
        _k = 1

    def named():
        _k = 2

    assert run("x", node("", config, named={"x": named}, parameters={"_k": "f.py:1"})).config == {"_k": 2}
    assert run("x", node("", config, named={"x": named})).config == {}


def test_reads_of_named_configs_are_known(node, run):
    """What a named config reads counts as read."""

    def first():
        a = 2

    def second(a):
        b = a

    assert run("first second", node("", {"a": 1, "b": 1}, named={"first": first, "second": second})).reads == {"a"}
