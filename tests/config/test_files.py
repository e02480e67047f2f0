"""Config files."""

from __future__ import annotations

import datetime
import decimal
import enum
import math
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.config.checks import refuse_opaque
from expkit.config.files import (
    is_config_file,
    load_config_file,
    read_config_file,
    save_config_file,
)
from expkit.errors import ConfigFileError, NotRestorableError
from expkit.record.codec import Opaque

FORMATS = [".json", ".yaml", ".yml", ".toml"]


class Kind(enum.Enum):
    SMALL = "small"


VALUES = {
    "int": 1,
    "big": 10**30,
    "float": 1e-3,
    "large": 1e22,
    "nan_like": "nan",
    "inf": math.inf,
    "flag": True,
    "text": 'line\nwith "quotes", #, \x7f and größe',
    "number as text": "1e-3",
    "on": "on",
    "tuple": (1, (2, 3)),
    "set": {1, 2},
    "bytes": b"ab",
    "date": datetime.date(2024, 1, 2),
    "moment": datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    "path": pathlib.PurePosixPath("a/b"),
    "kind": Kind.SMALL,
    "exact": decimal.Decimal("1.10"),
    "layers": [{"units": 1, "inner": {"x": []}}, {}],
    "model": {"C": 1.0, "empty": {}, "a.b": {"": 1}},
    "keys": {1: "x", (1, 2): "y"},
    "!expkit": "tuple",
}


@pytest.mark.parametrize("extension", FORMATS)
def test_saved_config_comes_back(tmp_path, extension):
    """What is saved is loaded as the same values of the same types."""
    file = tmp_path / f"config{extension}"
    save_config_file(VALUES, file)
    loaded = load_config_file(str(file))
    assert loaded == VALUES
    assert {key: type(value) for key, value in loaded.items()} == {key: type(value) for key, value in VALUES.items()}


@pytest.mark.parametrize("extension", [".json", ".yaml"])
def test_order_is_kept(tmp_path, extension):
    """Entries come back in the order in which they were defined."""
    file = tmp_path / f"config{extension}"
    save_config_file({"b": 1, "a": {"d": 1, "c": 2}}, file)
    assert str(load_config_file(file)) == "{'b': 1, 'a': {'d': 1, 'c': 2}}"


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6)
leaves = (
    st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | texts
    | st.binary(max_size=3)
    | st.dates()
)
trees = st.dictionaries(
    texts,
    st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(texts | st.integers(), inner, max_size=3) | st.tuples(inner)
        ),
    ),
    max_size=4,
)


@pytest.mark.parametrize("extension", FORMATS)
@settings(max_examples=60, deadline=None)
@given(config=trees)
def test_any_config_comes_back(tmp_path_factory, extension, config):
    """Every format gives back every config of the closed set."""
    file = tmp_path_factory.getbasetemp() / f"any{extension}"
    save_config_file(config, file)
    assert load_config_file(file) == config


@pytest.mark.parametrize("extension", FORMATS)
def test_half_a_surrogate_pair(tmp_path, extension):
    """A text that is no Unicode text is saved all the same."""
    file = tmp_path / f"config{extension}"
    save_config_file({"a": "\ud800"}, file)
    assert load_config_file(file) == {"a": "\ud800"}


@pytest.mark.parametrize("extension", FORMATS)
def test_empty_config(tmp_path, extension):
    """An empty config is a config, too."""
    file = tmp_path / f"config{extension}"
    save_config_file({}, file)
    assert load_config_file(file) == {}


def test_empty_yaml_file(tmp_path):
    """A YAML file without any content holds no entries."""
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert load_config_file(tmp_path / "empty.yaml") == {}


def test_none_in_toml(tmp_path):
    """TOML has no null: saving says which entry is in the way, and writes nothing."""
    file = tmp_path / "config.toml"
    for config, name in [({"a": {"b": None}}, "a.b"), ({"l": [{"x": None}]}, "l[0].x"), ({"l": [1, None]}, "l[1]")]:
        with pytest.raises(ConfigFileError) as caught:
            save_config_file(config, file)
        assert f"{name} is None; save as .json or .yaml" in str(caught.value)
    assert not file.exists()


def test_yaml_numbers(tmp_path):
    """Numbers with an exponent are numbers, as YAML 1.2 has it."""
    (tmp_path / "c.yaml").write_text("a: 1e-3\nb: 1.5e3\nc: -.5E2\nd: '1e3'\ne: 12e\nf: 0x10\n")
    assert load_config_file(tmp_path / "c.yaml") == {
        "a": 0.001,
        "b": 1500.0,
        "c": -50.0,
        "d": "1e3",
        "e": "12e",
        "f": 16,
    }


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.json", '{"a": 1,\n "b": }', "2:7: Expecting value"),
        ("a.json", "[1]", "1:1: a config file holds entries with names, not a list"),
        ("a.json", "3", "1:1: a config file holds entries with names, not 3"),
        ("a.json", '{"a": ' + "9" * 5000 + "}", "1:1: "),
        ("a.yaml", "a: 1\nb: [1,\nc: 2: 3", "3:5: "),
        ("a.yml", "a: 1\nb: !!python/name:os.system x", "2:4: could not determine a constructor"),
        ("a.yaml", "a: \x01", "1:1: "),
        ("a.yaml", "- 1", "1:1: a config file holds entries with names, not a list"),
        ("a.toml", "a = 1\nb = \n", "2:5: Invalid value"),
        ("a.toml", "a = 1\n[b", "2:1: Expected ']' at the end of a table declaration"),
    ],
)
def test_errors_show_the_place(tmp_path, name, text, place):
    """What cannot be read is told with file, line and column."""
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(ConfigFileError) as caught:
        load_config_file(file)
    assert str(caught.value).startswith(f"{file}:{place}")


def test_deep_nesting(tmp_path):
    """Absurd nesting is an error that names the file."""
    for extension in FORMATS:
        file = tmp_path / f"deep{extension}"
        file.write_text(("a = " if extension == ".toml" else "") + "[" * 3_000)
        with pytest.raises(ConfigFileError, match=f"deep{extension}:"):
            load_config_file(file)


def test_not_text(tmp_path):
    """Bytes that are no text are an error that names the file."""
    (tmp_path / "a.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ConfigFileError, match=r"a.json:1:1: not UTF-8 text"):
        load_config_file(tmp_path / "a.json")


def test_byte_order_mark(tmp_path):
    """A byte order mark is no part of the text."""
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert load_config_file(tmp_path / "a.json") == {"a": 1}


@pytest.mark.parametrize("name", ["a.pickle", "a.pkl"])
def test_pickles_are_refused(tmp_path, name):
    """Pickles are refused with the reason, for reading and writing, before the file is touched."""
    for use in (lambda: load_config_file(tmp_path / name), lambda: save_config_file({}, tmp_path / name)):
        with pytest.raises(ConfigFileError, match="runs whatever code its author put"):
            use()
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["a.txt", "a"])
def test_other_files_are_refused(name):
    """Other extensions are refused with the known ones."""
    with pytest.raises(ConfigFileError, match=r"end in .json, .yaml, .yml, .toml"):
        load_config_file(name)


def test_missing_file(tmp_path):
    """A missing file is Python's own error."""
    with pytest.raises(FileNotFoundError):
        load_config_file(tmp_path / "none.json")


def test_names_of_config_files():
    """A name is told by its extension, in any case of letters."""
    assert [is_config_file(name) for name in ("a.yaml", "b/c.JSON", "small", "data.small", "a.pickle")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_what_cannot_be_restored(tmp_path):
    """A saved object comes back as what it is: opaque; starting from it is refused by name unless overridden."""
    file = tmp_path / "config.json"
    save_config_file({"a": 1, "opt": {"cls": object(), "l": [1, lambda: 1]}, "other": object()}, file)
    loaded = load_config_file(file)
    assert isinstance(loaded["opt"]["cls"], Opaque)
    with pytest.raises(NotRestorableError) as caught:
        refuse_opaque(loaded, overridden=["other"])
    assert "opt.cls, opt.l[1]" in str(caught.value)
    assert "opt.cls=..." in str(caught.value)
    assert "other" not in str(caught.value)
    refuse_opaque(loaded, overridden=["other", "opt"])
    refuse_opaque({"a": 1})


@pytest.mark.parametrize("extension", FORMATS)
def test_entries_know_their_lines(tmp_path, extension):
    """The config in a file tells the line of each entry."""
    file = tmp_path / f"c{extension}"
    save_config_file({"a": 1, "text": "a model = 3", "model": {"C": 1, "a": 2}, "x.y": {"a": 3}}, file)
    config = read_config_file(file, "allow")
    assert config() == load_config_file(file)
    assert config().open == {""}
    assert (config.origin.file, str(config.origin)) == (str(file), f"c{extension}")
    lines = file.read_text().splitlines()
    for path, origin in config.places.items():
        key = path.split(".")[-1].strip('"')
        assert key in lines[origin.line - 1]
        assert str(origin) == f"c{extension}:{origin.line}"
    order = [config.places[path].line for path in ("a", "text", "model", "model.C", "model.a", '"x.y"', '"x.y".a')]
    assert order == sorted(set(order))


def test_lines_of_escaped_keys(tmp_path):
    """A key that stands in the file in other signs has the file as its place."""
    (tmp_path / "c.json").write_text('{"a": 1, "gr\\u00f6\\u00dfe": 2, "b": 3}')
    config = read_config_file(tmp_path / "c.json")
    assert [str(config.places[path]) for path in ("a", "größe", "b")] == ["c.json:1", "c.json", "c.json:1"]


def test_yaml_alias_in_itself(tmp_path):
    """An alias inside of what it stands for is refused, in its line and column."""
    path = tmp_path / "c.yaml"
    path.write_text("a: 1\nb: &b\n  c: [1, *b]\n")
    with pytest.raises(ConfigFileError, match=r"c\.yaml:3:10: \*b is inside of what it stands for"):
        load_config_file(path)


def test_yaml_aliases_that_explode(tmp_path):
    """A few lines of nested aliases that stand for billions of values are refused at once."""
    path = tmp_path / "c.yaml"
    lines = ["a0: &a0 [1, 2, 3]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20))]
    path.write_text("\n".join(lines))
    with pytest.raises(
        ConfigFileError, match=r"c\.yaml:6:\d+: with \*a4, the aliases stand for more than 100,000 values"
    ):
        load_config_file(path)


def test_yaml_aliases(tmp_path):
    """Aliases and merge keys are read as what they stand for."""
    path = tmp_path / "c.yaml"
    path.write_text("a: &a {x: 1}\nb: {<<: *a, y: *a}\n")
    assert load_config_file(path) == {"a": {"x": 1}, "b": {"x": 1, "y": {"x": 1}}}
