"""The config as JSON Schema."""

import json
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, Flag, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict, Union

import attrs
import jsonschema
import pydantic
import pytest
import typing_extensions
from annotated_types import Ge, Gt, Le
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from expkit import Experiment, Ingredient, Secret
from expkit.record.masking import masked

from .. import console

Rate = NewType("Rate", float)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Inner:
    units: int = 3


@dataclass
class Opt:
    """The optimiser."""

    name: Literal["sgd", "adam"] = "sgd"
    lr: Annotated[float, Gt(0)] = 0.1  # the step
    inner: Inner = field(default_factory=Inner)


@dataclass
class Tree:
    name: str = ""
    kids: list["Tree"] = field(default_factory=list)


class Model(pydantic.BaseModel):
    width: int = pydantic.Field(3, ge=1, description="of a layer")
    api_key: str = "sk-a-very-secret-key"


@attrs.define
class Plan:
    steps: int = 3


class Point(NamedTuple):
    x: int
    y: int = 0


class Names(TypedDict):
    first: str


def experiment(*ingredients):
    return Experiment("schema", list(ingredients), interactive=True, observers=[])


def checked(schema):
    """The schema, which is one."""
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema, allow_nan=False)
    return schema


def accepts(schema, config):
    return jsonschema.Draft202012Validator(schema).is_valid(to_jsonable_python(config))


def properties(ex, **how):
    return checked(ex.config_schema(**how))["properties"]


def test_types():
    """Types, choices and bounds of declared entries are what JSON Schema has for them."""
    ex = experiment()

    @ex.config
    def config():
        lr: Annotated[float, Gt(0), Le(1)] = 0.1
        depth: int = 3
        kind: Literal["a", "b"] = "a"
        colour: Colour = Colour.RED
        out: Path = "runs"
        name: Optional[str] = None
        sizes: list[int] = [1, 2]
        weights: dict[str, float] = {}
        rate: Rate = 0.5
        pair: tuple[int, str] = (1, "x")

    found = properties(ex)
    del found["seed"]
    assert found == {
        "lr": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.1},
        "depth": {"type": "integer", "default": 3},
        "kind": {"enum": ["a", "b"], "default": "a"},
        "colour": {"enum": ["RED", "BLUE", "red", "blue"], "default": "red"},
        "out": {"type": "string", "format": "path", "default": "runs"},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "sizes": {"type": "array", "items": {"type": "integer"}, "default": [1, 2]},
        "weights": {"type": "object", "additionalProperties": {"type": "number"}, "default": {}},
        "rate": {"type": "number", "default": 0.5},
        "pair": {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "minItems": 2,
            "maxItems": 2,
            "default": [1, "x"],
        },
    }


def test_untyped_entries():
    """Entries of no type have default and description, dicts their entries; nothing is said about types."""
    ex = experiment()

    @ex.config
    def config():
        lr = 0.1  # the rate
        model = {"units": 3, "deep": {"act": "relu"}}
        anything = {}

    schema = checked(ex.config_schema())
    assert schema["properties"]["lr"] == {"description": "the rate", "default": 0.1}
    assert schema["properties"]["model"] == {
        "properties": {
            "units": {"default": 3},
            "deep": {"properties": {"act": {"default": "relu"}}, "additionalProperties": False},
        },
        "additionalProperties": False,
    }
    assert schema["properties"]["anything"] == {"default": {}}
    assert accepts(schema, {"lr": "high", "model": None, "anything": {"x": 1}})
    assert not accepts(schema, {"model": {"unitz": 1}})


def test_the_whole():
    """The document names its dialect and the experiment, and takes no other entries."""
    ex = experiment()
    ex.add_config(lr=0.1)
    schema = checked(ex.config_schema())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["type"]) == ("schema", "object")
    assert schema["description"] == "The config as JSON Schema."
    assert not accepts(schema, {"rl": 0.1})
    assert accepts(schema, {})


def test_names_that_functions_ask_for():
    """Entries that only captured functions know are properties, at their places, and so is what is open."""
    data = Ingredient("data", interactive=True)
    ex = experiment(data)
    ex.add_config({"model": {"units": 3}})
    data.add_config({"rows": 3}, extra="allow")

    @ex.capture(prefix="model")
    def build(depth): ...

    @data.capture
    def load(path): ...

    @ex.main
    def main(momentum=0.9): ...

    schema = checked(ex.config_schema())
    assert schema["properties"]["momentum"] == {}
    assert schema["properties"]["model"]["properties"]["depth"] == {}
    assert schema["properties"]["data"]["properties"]["path"] == {}
    assert "additionalProperties" not in schema["properties"]["data"]


def test_ingredients():
    """The config of an ingredient lies where the run's config has it, with its own types and docs."""
    inner = Ingredient("data.source", interactive=True)
    data = Ingredient("data", [inner], interactive=True)
    ex = experiment(data)

    @data.config
    def config():
        rows: int = 3  # how many

    @inner.config
    def config():
        path: Path = "x"

    schema = checked(ex.config_schema())
    found = schema["properties"]["data"]
    assert found["type"] == "object"
    assert found["properties"]["rows"] == {"type": "integer", "description": "how many", "default": 3}
    assert found["properties"]["source"]["properties"]["path"]["format"] == "path"
    assert accepts(schema, {"data": {"seed": 3}})
    assert not accepts(schema, {"data": {"seed": "x"}})
    assert not accepts(schema, {"data": {"source": {"way": 3}}})


def test_seed_has_no_default_unless_set():
    """A root seed that is only chosen for one run is no default, so that the document is always the same."""
    ex = experiment()
    ex.add_config(lr=0.1)
    assert "default" not in properties(ex)["seed"]
    assert properties(ex)["seed"]["type"] == ["integer", "null"]
    assert properties(ex, config_updates={"seed": 3})["seed"]["default"] == 3
    assert ex.config_schema() == ex.config_schema()


def test_entries_that_must_be_given():
    """They are required and have no default; given ones are neither."""
    ex = experiment()

    @ex.config
    def config():
        out: Path  # where to
        lr: float = 0.1

    schema = checked(ex.config_schema())
    assert schema["required"] == ["out"]
    assert schema["properties"]["out"] == {"type": "string", "format": "path", "description": "where to"}
    assert not accepts(schema, {})
    schema = checked(ex.config_schema({"out": "x"}))
    assert "required" not in schema
    assert schema["properties"]["out"]["default"] == "x"


def test_updates_and_named_configs():
    """Defaults are those of a run with these updates and named configs."""
    ex = experiment()
    ex.add_config(lr=0.1, depth=3)
    ex.add_named_config("deep", depth=9)
    found = properties(ex, config_updates={"lr": 0.5}, named_configs="deep")
    assert (found["lr"]["default"], found["depth"]["default"]) == (0.5, 9)


def test_classes():
    """An entry of a class is an object of its fields, with defaults of the entry and docs of the fields."""
    ex = experiment()

    @ex.config
    def config():
        opt: Opt = Opt(lr=0.5)
        model: Model = Model(width=4)
        plan: Plan = Plan()
        where: Point = Point(1)
        names: Names = {"first": "x"}

    schema = checked(ex.config_schema())
    found = schema["properties"]
    assert found["opt"] == {
        "title": "Opt",
        "description": "The optimiser.",
        "type": "object",
        "properties": {
            "name": {"enum": ["sgd", "adam"], "default": "sgd"},
            "lr": {"type": "number", "exclusiveMinimum": 0, "default": 0.5, "description": "the step"},
            "inner": {
                "title": "Inner",
                "type": "object",
                "properties": {"units": {"type": "integer", "default": 3}},
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    }
    assert found["model"]["properties"]["width"] == {
        "type": "integer",
        "minimum": 1,
        "description": "of a layer",
        "default": 4,
    }
    assert found["plan"]["properties"] == {"steps": {"type": "integer", "default": 3}}
    assert found["where"]["properties"]["x"] == {"type": "integer", "default": 1}
    assert found["names"]["properties"] == {"first": {"type": "string", "default": "x"}}
    assert accepts(schema, ex.run("print_config").config)


def test_classes_inside_other_types():
    """They are defined once and referred to."""
    ex = experiment()

    @ex.config
    def config():
        many: list[Opt] = [Opt(), Opt(name="adam")]
        best: Optional[Opt] = None
        by_name: dict[str, Inner] = {"a": Inner(5)}
        points: list[Point] = [Point(1, 2)]
        either: Model | Plan = Plan()

    schema = checked(ex.config_schema())
    assert set(schema["$defs"]) == {"Opt", "Inner", "Point", "Model", "Plan"}
    assert schema["properties"]["many"]["items"] == {"$ref": "#/$defs/Opt"}
    assert schema["properties"]["best"]["anyOf"] == [{"$ref": "#/$defs/Opt"}, {"type": "null"}]
    assert schema["$defs"]["Point"]["required"] == ["x"]
    assert accepts(schema, ex.run("print_config").config)
    assert accepts(schema, {"many": [{"name": "adam"}], "best": {"lr": 1}})
    assert not accepts(schema, {"many": [{"name": "adm"}]})
    assert not accepts(schema, {"many": [{"title": "x"}]})


def test_classes_as_configs():
    """The fields of a class that is a config are entries, with their bounds and docs."""
    data = Ingredient("data", interactive=True)
    ex = experiment(data)
    data.config(Model)
    ex.config(Opt)
    schema = checked(ex.config_schema())
    assert schema["properties"]["lr"] == {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "the step",
        "default": 0.1,
    }
    assert schema["properties"]["data"]["properties"]["width"] == {
        "type": "integer",
        "minimum": 1,
        "description": "of a layer",
        "default": 3,
    }
    assert accepts(schema, ex.run("print_config").config)


def test_what_lacks_inside():
    """Where something inside a class or an ingredient must be given, what lies around it must, too."""
    data = Ingredient("data", interactive=True)
    ex = experiment(data)

    @dataclass
    class Needy:
        path: Path
        depth: int = 3

    @ex.config
    def config():
        need: Needy

    @data.config
    def config():
        source: Path

    schema = checked(ex.config_schema())
    assert sorted(schema["required"]) == ["data", "need"]
    assert schema["properties"]["need"]["required"] == ["path"]
    assert schema["properties"]["data"]["required"] == ["source"]
    assert not accepts(schema, {"need": {}, "data": {"source": "x"}})
    assert accepts(schema, {"need": {"path": "x"}, "data": {"source": "x"}})


def test_open_configs():
    """A config that takes any entry says so; its ingredients speak for themselves."""
    data = Ingredient("data", interactive=True)
    ex = experiment(data)
    ex.add_config({"lr": 0.1}, extra="allow")
    data.add_config(rows=3)
    schema = checked(ex.config_schema())
    assert accepts(schema, {"whatever": 3})
    assert not accepts(schema, {"data": {"whatever": 3}})


def test_recursive_classes():
    """A class that contains itself is defined once."""
    ex = experiment()

    @ex.config
    def config():
        tree: Tree = Tree(kids=[Tree("x")])

    schema = checked(ex.config_schema())
    assert set(schema["$defs"]) == {"Tree"}
    assert accepts(schema, ex.run("print_config").config)


def test_bounds_of_containers():
    """Bounds around classes of fields count, and what a converter takes is not told."""
    ex = experiment()

    @attrs.define
    class Lenient:
        a: int = attrs.field(default=1, converter=int)
        b: int = 2

    @ex.config
    def config():
        some: Annotated[list[Inner], pydantic.Field(min_length=1)] = [Inner()]
        lenient: Lenient = Lenient()

    found = properties(ex)
    assert found["some"]["minItems"] == 1
    assert found["lenient"]["properties"] == {"a": {"default": 1}, "b": {"type": "integer", "default": 2}}


def test_classes_of_one_name():
    """Two classes of one name are two definitions."""
    ex = experiment()

    def made(kind):
        @dataclass
        class Same:
            value: kind

        return Same

    One, Other = made(int), made(str)

    @ex.config
    def config():
        ones: list[One] = []
        others: list[Other] = []

    schema = checked(ex.config_schema())
    assert [definition["properties"]["value"]["type"] for definition in schema["$defs"].values()] == [
        "integer",
        "string",
    ]


def test_secrets():
    """Secrets are masked wherever they would be a default, those of fields of classes as well."""
    ex = experiment()

    @ex.config
    def config():
        api_key = "sk-open-secret-one"
        token: str = "sk-typed-secret-two"
        where = "https://me:pass-word-three@host/x"
        hidden = Secret("secret-number-four")
        model: Model = Model()
        models: list[Model] = []

    text = json.dumps(checked(ex.config_schema()))
    assert not re.search(r"secret-|pass-word|very-secret", text)
    assert text.count("***") >= 5


def test_odd_values():
    """What JSON cannot say is no default, and never an error."""
    import numpy as np

    ex = experiment()

    @ex.config
    def config():
        nan = float("nan")
        top: float = float("inf")
        array = np.zeros(2)
        function: Any = print
        thing: np.ndarray = np.zeros(2)
        wait: timedelta = timedelta(seconds=3)
        numbers = {1: 2}
        both = {"a": {1, 2}, "b": b"\xff"}

    found = properties(ex)
    assert found["nan"] == found["array"] == found["function"] == found["thing"] == {}
    assert found["numbers"] == {"default": {"1": 2}}
    assert found["top"] == {"type": "number"}
    assert found["wait"] == {"type": "string", "format": "duration", "default": "PT3S"}


def test_only_looks(tmp_path, monkeypatch):
    """The method records nothing, tells nobody, opens nothing and leaves the current run alone."""
    monkeypatch.chdir(tmp_path)
    ex = Experiment("schema", interactive=True)
    ex.add_config(lr=0.1)
    ex.config_schema()
    assert ex.current_run is None
    assert list(tmp_path.iterdir()) == []


class Part(TypedDict, total=False):
    a: int


class Mixed(typing_extensions.TypedDict):
    a: int
    b: typing_extensions.NotRequired[str]


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Rights(Flag):
    READ = 1
    WRITE = 2


class Shapes(Enum):
    WIDE = (1, 2)


@pytest.mark.parametrize(
    ("kind", "value", "schema"),
    [
        (Part, {}, {"type": "object", "properties": {"a": {"type": "integer"}}}),
        (Mixed, {"a": 1}, {"type": "object"}),
        (list[Optional[Part]], [{"a": 1}, None], {"type": "array"}),
        (Level, Level.LOW, {"enum": ["LOW", "HIGH", 1, 2], "default": 1}),
        (Rights, Rights.READ | Rights.WRITE, {"default": 3}),
        (Shapes, Shapes.WIDE, {"enum": ["WIDE", [1, 2]], "default": [1, 2]}),
        (dict[Level, int], {Level.LOW: 1}, {"type": "object", "default": {"1": 1}}),
        (Literal[1, "a", None, Level.LOW], "a", {"enum": ["LOW", 1, "a", None]}),
        (Union[Literal["auto"], int], 3, {}),
        (tuple[Inner, int], (Inner(), 3), {"type": "array", "minItems": 2, "items": False}),
        (dict[str, list[Inner]], {"a": [Inner()]}, {"type": "object"}),
        (frozenset[str], frozenset("a"), {"type": "array", "uniqueItems": True, "default": ["a"]}),
        (Secret, Secret("abcdefghi"), {"type": "string", "format": "password", "default": "***"}),
        (Any, 3, {"default": 3}),
    ],
    ids=str,
)
def test_rarer_types(kind, value, schema):
    """Each has a schema that its own values fit."""
    ex = experiment()

    @ex.config
    def config():
        entry: kind = value

    found = checked(ex.config_schema())
    shown = found["properties"]["entry"]
    assert {key: shown[key] for key in schema if key != "properties"} == {
        key: schema[key] for key in schema if key != "properties"
    }
    assert accepts(found, masked(ex.run("print_config").config))


SCRIPT = """
    from pathlib import Path
    from expkit import Experiment

    ex = Experiment("shown")

    @ex.config
    def config():
        print("loading")
        out: Path  # where to, é
        lr: float = 0.1

    @ex.named_config
    def fast():
        lr = 1

    @ex.automain
    def main(out):
        pass
"""


def test_command(tmp_path):
    """The command prints the same document and nothing else to stdout, also while entries are missing."""
    (tmp_path / "shown.py").write_text(textwrap.dedent(SCRIPT), encoding="utf-8")

    def run(*words):
        command = [sys.executable, "shown.py", "config_schema", *words]
        env = {"PATH": "", "PYTHONPATH": str(console.ROOT), "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, env=env)
        assert done.returncode == 0, done.stderr
        return checked(json.loads(done.stdout))

    assert run()["required"] == ["out"]
    found = run("with", "fast", "out=x")["properties"]
    assert found["lr"]["default"] == 1.0
    assert found["out"] == {"type": "string", "format": "path", "description": "where to, é", "default": "x"}
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == ["shown.py"]


TYPES = {
    "int": (int, st.integers()),
    "float": (float, st.floats(allow_nan=False, allow_infinity=False)),
    "number": (float, st.integers(-(2**53), 2**53)),
    "str": (str, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)),
    "bool": (bool, st.booleans()),
    "bound": (Annotated[int, Ge(0)], st.integers(min_value=0)),
    "literal": (Literal["a", 3, None], st.sampled_from(["a", 3, None])),
    "colour": (Colour, st.sampled_from([*Colour, "red", "BLUE"])),
    "path": (Path, st.sampled_from(["a/b", ".", Path("c")])),
    "optional": (Optional[int], st.none() | st.integers()),
    "list": (list[int], st.lists(st.integers(), max_size=3)),
    "dict": (dict[str, float], st.dictionaries(st.sampled_from("abc"), st.floats(-1, 1))),
    "set": (set[int], st.sets(st.integers(), max_size=3)),
    "tuple": (tuple[int, ...], st.lists(st.integers(), max_size=3).map(tuple)),
    "opt": (Opt, st.builds(Opt, lr=st.floats(0.1, 1))),
    "opts": (list[Opt], st.lists(st.builds(Opt, name=st.sampled_from(["sgd", "adam"])), max_size=2)),
    "model": (Model, st.builds(Model, width=st.integers(1, 9))),
    "point": (Point, st.builds(Point, st.integers(), st.integers())),
    "union": (int | str, st.integers() | st.sampled_from(["x", "y"])),
    "free": (None, st.none() | st.integers() | st.lists(st.text(max_size=3))),
}


@st.composite
def configs(draw):
    names = draw(st.lists(st.sampled_from(sorted(TYPES)), unique=True, min_size=1, max_size=6))
    return {name: draw(TYPES[name][1]) for name in names}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(configs())
def test_resolved_configs_are_valid(values):
    """Whatever types are declared and whatever values are given: the document is a schema, and the config fits it."""
    source = ["def config():"]
    source += [
        f"    {name}: KINDS['{name}'] = VALUES['{name}']" if TYPES[name][0] else f"    {name} = VALUES['{name}']"
        for name in values
    ]
    scope = {"KINDS": {name: kind for name, (kind, _) in TYPES.items()}, "VALUES": values}
    text = "\n".join(source)
    import linecache

    linecache.cache["<made>"] = (len(text), None, text.splitlines(keepends=True), "<made>")
    exec(compile(text, "<made>", "exec"), scope)
    ex = experiment()
    ex.config(scope["config"])
    run = ex.run("print_config", options={"--loglevel": "ERROR"})
    schema = checked(ex.config_schema())
    jsonschema.Draft202012Validator(schema).validate(to_jsonable_python(run.config))
