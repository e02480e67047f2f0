"""Annotated assignments in config functions declare types."""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NewType, Optional, Union

import pytest
from annotated_types import Ge, Len
from pydantic import AfterValidator, Field

from expkit import Experiment, Ingredient, Secret
from expkit.errors import ConfigTypeError, RequiredEntryError

Rate = NewType("Rate", float)


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Box:
    """Some class of the user's."""


def everything():
    lr: float = 1
    n: int = 3
    tag: str = "a"
    flag: bool = False
    raw: bytes = b""
    out: Path = Path("runs")
    maybe: Optional[float] = None
    either: Union[int, str] = 1
    pair: int | str | None = None
    opt: Literal["sgd", "adam"] = "sgd"
    step: Literal[1, "1", None] = None
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    rate: Rate = 0.5
    bounded: Annotated[int, Field(gt=0)] = 1
    half: Annotated[float, Ge(0.5), "a remark"] = 0.5
    some: Annotated[list[int], Len(1, 2)] = [1]
    numbers: list[int] = [1, 2]
    grid: list[list[float]] = [[1]]
    table: dict[str, float] = {"a": 1}
    keyed: dict[int, float] = {1: 1}
    size: tuple[int, int] = (1, 2)
    many: tuple[int, ...] = ()
    unique: set[int] = {1}
    seq: Sequence[int] = (1, 2)
    mapping: Mapping[str, int] = {}
    when: datetime = datetime(2020, 1, 1)
    span: timedelta = timedelta(1)
    exact: Decimal = Decimal(1)
    mark: uuid.UUID = uuid.UUID(int=1)
    pattern: re.Pattern[str] = re.compile("a")
    call: Callable[[int], int] = abs
    box: Box | None = None
    anything: Any = 1
    plain: list = [1]
    fixed: Final[int] = 1
    token: Secret = "abc"
    implicit: int = None


TYPED = [
    ("lr=2", {"lr": 2.0}),
    ("lr=1e-3", {"lr": 0.001}),
    ("lr='0.5'", {"lr": 0.5}),
    ("n=1e3", {"n": 1000}),
    ("tag=5", {"tag": "5"}),
    ("tag=001", {"tag": "001"}),
    ("tag=1.50", {"tag": "1.50"}),
    ("tag=True", {"tag": "True"}),
    ("tag='5'", {"tag": "5"}),
    ("tag=[1, 2]", {"tag": "[1, 2]"}),
    ("flag=yes", {"flag": True}),
    ("flag=on", {"flag": True}),
    ("flag=1", {"flag": True}),
    ("flag=true", {"flag": True}),
    ("flag=off", {"flag": False}),
    ("out=x/y", {"out": Path("x/y")}),
    ("out=5", {"out": Path("5")}),
    ("maybe=2", {"maybe": 2.0}),
    ("maybe=None", {"maybe": None}),
    ("maybe=null", {"maybe": None}),
    ("either=5", {"either": 5}),
    ("either=x", {"either": "x"}),
    ("pair=5", {"pair": 5}),
    ("opt=adam", {"opt": "adam"}),
    ("step=1", {"step": 1}),
    ("step='1'", {"step": "1"}),
    ("colour=b", {"colour": Colour.BLUE}),
    ("colour=BLUE", {"colour": Colour.BLUE}),
    ("level=2", {"level": Level.HIGH}),
    ("level=HIGH", {"level": Level.HIGH}),
    ("rate=1", {"rate": 1.0}),
    ("bounded=4", {"bounded": 4}),
    ("half=1", {"half": 1.0}),
    ("some=[1.0]", {"some": [1]}),
    ("numbers=[3, 4.0]", {"numbers": [3, 4]}),
    ("numbers=(3, 4)", {"numbers": [3, 4]}),
    ("numbers[0]=5.0", {"numbers": [5, 2]}),
    ("numbers[+]=5", {"numbers": [1, 2, 5]}),
    ("grid[0][0]=5", {"grid": [[5.0]]}),
    ("table.a=2", {"table": {"a": 2.0}}),
    ("table.b=2", {"table": {"a": 1.0, "b": 2.0}}),
    ("table={'c': 1}", {"table": {"a": 1.0, "c": 1.0}}),
    ("size=[3, 4]", {"size": (3, 4)}),
    ("many=[3]", {"many": (3,)}),
    ("unique=[3, 3]", {"unique": {3}}),
    ("mapping.k=1", {"mapping": {"k": 1}}),
    ("when=2021-02-03", {"when": datetime(2021, 2, 3)}),
    ("span=60", {"span": timedelta(seconds=60)}),
    ("exact=0.10", {"exact": Decimal("0.1")}),
    ("mark=00000000-0000-0000-0000-000000000002", {"mark": uuid.UUID(int=2)}),
    ("pattern=b+", {"pattern": re.compile("b+")}),
    ("anything=x", {"anything": "x"}),
    ("plain=(1, 'a')", {"plain": [1, "a"]}),
    ("fixed=2.0", {"fixed": 2}),
    ("token=5", {"token": Secret("5")}),
    ("implicit=5", {"implicit": 5}),
    ("implicit=None", {"implicit": None}),
]


@pytest.fixture(scope="module")
def defaults():
    """The config that nobody overrides."""
    ex = Experiment("typed", interactive=True, observers=[])
    ex.config(everything)
    ex.main(_main)
    return ex.run(options={"--unobserved": True}).config


def _main():
    pass


@pytest.mark.parametrize(("word", "expected"), TYPED, ids=[word for word, _ in TYPED])
def test_values_that_are_typed(given, defaults, word, expected):
    """A value on the command line becomes one of the declared type, and nothing else changes."""
    config = given(everything, words=[word])
    name, value = next(iter(expected.items()))
    assert config[name] == value
    assert type(config[name]) is type(value)
    assert {key: item for key, item in config.items() if key != name} == {
        key: item for key, item in defaults.items() if key not in (name, "seed")
    }


def test_defaults_are_converted(defaults):
    """What the config function itself assigns has the declared type, too."""
    assert repr(defaults["lr"]) == "1.0"
    assert defaults["grid"] == [[1.0]] and type(defaults["grid"][0][0]) is float
    assert type(defaults["token"]) is Secret


WRONG = [
    ("n=1.5", "it should be a whole number"),
    ("n=True", "it should be a whole number, not a bool"),
    ("n=abc", "it should be a whole number"),
    ("lr=True", "it should be a number, not a bool"),
    ("lr=abc", "it should be a number"),
    ("flag=maybe", "it should be True or False"),
    ("opt=adm", "choose one of 'sgd', 'adam'; did you mean 'adam'?"),
    ("colour=blu", "choose one of RED, BLUE; did you mean BLUE?"),
    ("colour=True", "choose one of RED, BLUE"),
    ("bounded=0", "it should be greater than 0"),
    ("half=0", "it should be greater than or equal to 0.5"),
    ("some=[]", "it should have at least 1 element, not 0"),
    ("numbers=5", "it should be a list, such as 'numbers=[1, 2]'"),
    ("numbers=[1, True]", "it should be a whole number, not a bool"),
    ("table=5", "it should be a dict, such as 'table={\"a\": 0.1}'"),
    ("table.a=x", "it should be a number"),
    ("lr.a=1", "there are no entries in lr"),
    ("opt.a=1", "there are no entries in opt"),
    ("size=[1]", "it should have 2 elements, not 1"),
    ("call=5", "it should be callable"),
    ("box=5", "it should be an instance of Box"),
]


@pytest.mark.parametrize(("word", "reason"), WRONG, ids=[word for word, _ in WRONG])
def test_values_that_do_not_fit(refused, word, reason):
    """A wrong value is refused before anything starts, with what was typed, the type, its line and the reason."""
    said = refused(everything, words=[word])
    assert "(command line) does not fit" in said
    assert "test_annotations.py:" in said
    assert said.endswith(f"; {reason}")


def test_the_whole_message(refused):
    """The message names the entry, the value, who gave it, the type as it was written, and what to choose."""

    def config():
        opt: Literal["sgd", "adam"] = "sgd"

    line = config.__code__.co_firstlineno + 1
    assert refused(config, words=["opt=adm"]) == (
        f'opt=adm (command line) does not fit opt: Literal["sgd", "adam"] (test_annotations.py:{line}); '
        "choose one of 'sgd', 'adam'; did you mean 'adam'?"
    )


def test_all_wrong_entries_at_once(refused):
    """Every wrong value has a line; --force does not switch that off."""

    def config():
        n: int = 1
        lr: float = 0.1
        wrong: int = "abc"

    ex_words = ["n=a", "lr=b"]
    lines = refused(config, words=ex_words).split("\n")
    assert [line.partition(" ")[0] for line in lines] == ["n=a", "lr=b", "wrong='abc'"]


def test_force_does_not_help(made):
    """--force is about unknown entries, not about types."""

    def config():
        n: int = 1

    with pytest.raises(ConfigTypeError):
        made(config).run(config_updates={"n": "x"}, options={"--force": True})


def test_a_wrong_default_points_at_its_line(refused):
    """A default that does not fit is told with its line."""

    def config():
        a = 1
        n: int = "abc"

    line = config.__code__.co_firstlineno + 2
    assert refused(config).startswith(f"n='abc' (test_annotations.py:{line}) does not fit its type int; ")


def test_dependents_follow(given):
    """A name holds the converted value from its assignment on."""

    def config():
        out: Path = Path("runs")
        log = out / "x.txt"
        size: tuple[int, int] = (1, 2)
        area = size[0] * size[1]

    found = given(config, words=["out=5", "size=[3, 4]"])
    assert found == {"out": Path("5"), "log": Path("5/x.txt"), "size": (3, 4), "area": 12}


def test_augmented_and_repeated_assignments(given):
    """A declared name stays what it is declared, however often it is assigned."""

    def config():
        lr: float = 1
        lr += 1
        n: int = 1
        n = 4.0

    assert repr(given(config)) == "{'lr': 2.0, 'n': 4}"


def test_a_bare_annotation_takes_what_is_given(given):
    """The name holds the given value where the annotation stands."""

    def config():
        path: Path  # where the data lies
        log = path / "log"

    assert given(config, words=["path=5"]) == {"path": Path("5"), "log": Path("5/log")}


def test_a_bare_annotation_wants_a_value(refused, made):
    """Without a value the run is refused, with the line and what to type; whatever needs it need not fail first."""

    def config():
        path: Path
        log = path / "log"
        n: int
        later = 1

    line = config.__code__.co_firstlineno + 1
    assert refused(config).splitlines() == [
        f"config entry path: Path (test_annotations.py:{line}) has no value and must be given",
        f"config entry n: int (test_annotations.py:{line + 2}) has no value and must be given; "
        "give it: with path=... n=...",
    ]
    with pytest.raises(RequiredEntryError):
        made(config).run()


def test_all_missing_entries_at_once(refused):
    """Every entry that must be given has a line, and the last one says what to type."""

    def config():
        path: Path
        n: int

    said = refused(config)
    assert said.count("must be given") == 2
    assert said.endswith("give it: with path=... n=...")


def test_unknown_entries_are_told_first(refused):
    """A slip of the pen in the name of an entry that must be given is told as such."""

    def config():
        path: Path
        log = path / "log"
        later = 1

    assert "did you mean path?" in refused(config, words=["pth=x", "later=2"])


def test_other_name_errors_come_through(made):
    """A name that is no entry to be given is Python's error."""

    def config():
        path: Path
        a = nothing  # noqa: F821

    with pytest.raises(NameError, match="nothing"):
        made(config).run()


@pytest.mark.parametrize("who", ["earlier", "named", "hook", "python"])
def test_who_may_give_an_entry(made, who):
    """Earlier configs, named configs, hooks and Python updates give entries as well as the command line."""

    def config():
        path: Path
        log = path / "log"

    ex = made({"path": "p"}, config) if who == "earlier" else made(config)
    if who == "hook":
        ex.config_hook(_path_hook)
    ex.add_named_config("there", path="p")
    run = ex.run(
        named_configs=["there"] if who == "named" else [], config_updates={"path": "p"} if who == "python" else {}
    )
    assert run.config["log"] == Path("p/log")


def _path_hook(config, command_name, logger):
    return {"path": "p"}


def test_conditional_annotations(given, refused):
    """Only an annotation that is reached asks for a value."""

    def config():
        mode = "a"
        if mode == "b":
            path: Path

    assert given(config) == {"mode": "a"}
    assert "path: Path" in refused(config, words=["mode=b"])
    assert given(config, words=["mode=b", "path=x"]) == {"mode": "b", "path": Path("x")}


@pytest.mark.parametrize("who", ["config", "named", "hook", "python", "file"])
def test_types_hold_whoever_gives_the_value(made, tmp_path, who):
    """Other configs, named configs, hooks, Python and files are converted alike."""

    def config():
        lr: float = 0.1
        out: Path = Path("runs")
        twice = lr * 2

    ex = made(config, *([{"lr": 1, "out": "x"}] if who == "config" else []))
    ex.add_named_config("there", lr=1, out="x")
    if who == "hook":
        ex.config_hook(lambda config, command_name, logger: {"lr": 1, "out": "x"})
    (tmp_path / "c.yaml").write_text("lr: 1\nout: x\n")
    named = {"named": ["there"], "file": [str(tmp_path / "c.yaml")]}.get(who, [])
    found = ex.run(named_configs=named, config_updates={"lr": 1, "out": "x"} if who == "python" else {}).config
    assert repr(found["lr"]) == "1.0"
    assert found["out"] == Path("x")
    assert repr(found["twice"]) == ("0.2" if who == "config" else "2.0")


@pytest.mark.parametrize("who", ["config", "named", "hook", "python", "file"])
def test_wrong_values_name_who_gave_them(made, tmp_path, who):
    """The message says where the wrong value comes from."""

    def config():
        lr: float = 0.1

    ex = made(config, *([{"lr": "x"}] if who == "config" else []))
    ex.add_named_config("there", lr="x")
    if who == "hook":

        @ex.config_hook
        def hook(config, command_name, logger):
            return {"lr": "x"}

    (tmp_path / "c.yaml").write_text("# first\nlr: x\n")
    named = {"named": ["there"], "file": [str(tmp_path / "c.yaml")]}.get(who, [])
    with pytest.raises(ConfigTypeError) as caught:
        ex.run(named_configs=named, config_updates={"lr": "x"} if who == "python" else {})
    place = {"config": "conftest.py:", "file": "c.yaml:2", "python": "(config_updates)"}.get(
        who, "test_annotations.py:"
    )
    assert place in str(caught.value).partition(" does not fit ")[0]


def test_a_named_config_declares_too(given, made):
    """Types that a named config declares hold for what is given on top of it."""
    ex = made({"lr": 0.1})

    @ex.named_config
    def precise():
        lr: Decimal = Decimal("0.5")

    found = given(ex, words=["precise", "lr=0.10"])
    assert found == {"lr": Decimal("0.10")}


def test_inside_named_configs_names_hold_typed_values(given, made):
    """A named config that assigns a declared entry works with the converted value."""

    def config():
        out: Path = Path("runs")
        log = "none"

    ex = made(config)

    @ex.named_config
    def there():
        out = "x"
        log = str(out / "y")

    assert given(ex, words=["there"]) == {"out": Path("x"), "log": str(Path("x/y"))}


def test_of_two_declarations_the_later_counts(given):
    """Where two configs declare an entry, overrides have to fit the later declaration."""

    def first():
        x: int = 1

    def second():
        x: str = "a"

    assert given(first, second, words=["x=5"]) == {"x": "5"}


def test_a_declaration_behind_the_value(given, refused):
    """A config may declare what an earlier one assigned."""

    def first():
        x = 1

    def second(x):
        x: float

    assert repr(given(first, second)) == "{'x': 1.0}"
    assert repr(given(first, second, words=["x=2"])) == "{'x': 2.0}"
    assert "x=a (command line) does not fit x: float" in refused(first, second, words=["x=a"])


def test_entries_of_ingredients(refused, given):
    """Types of an ingredient's entries count under its path."""
    part = Ingredient("part", interactive=True)

    @part.config
    def config():
        n: int = 1

    assert given({"a": 1}, ingredients=[part], words=["part.n=2.0"]) == {"a": 1, "part": {"n": 2}}
    assert refused({"a": 1}, ingredients=[part], words=["part.n=x"]).startswith(
        "part.n=x (command line) does not fit part.n: int"
    )


def test_annotations_use_variables(given, refused):
    """Names that the function assigned before can be used."""

    def config(more):
        _choices = Literal["a", more]
        pick: _choices = "a"
        need: _choices

    ex = {"more": "b"}
    assert given(ex, config, words=["pick=b", "need=b"]) == {"more": "b", "pick": "b", "need": "b"}
    assert "pick='c' (command line) does not fit" in refused(ex, config, words=["pick=c", "need=a"])


def test_text_annotations(given):
    """Annotations in quotes are read as types, also inside others."""

    def config():
        lr: "float" = 1
        maybe: Optional["Path"] = None

    found = given(config, words=["maybe=x"])
    assert repr(found["lr"]) == "1.0"
    assert found["maybe"] == Path("x")


def test_an_annotation_that_cannot_be_evaluated(refused):
    """The error names file, line and what is not there."""

    def config():
        model: Missing = 1  # noqa: F821

    line = config.__code__.co_firstlineno + 1
    said = refused(config)
    assert said.startswith(f"test_annotations.py:{line}: the type of model, Missing, cannot be evaluated")
    assert "'Missing'" in said
    assert "at the top level of the module" in said and "leave out 'from __future__ import annotations'" in said


def test_remarks_are_no_types(made, caplog):
    """An annotation that is no type is told once, and the entry is untyped."""

    def config():
        a: "the learning rate" = 1
        b: 5 = 2
        c: any = 3
        d: "rate" = 4

    run = made(config).run(config_updates={"a": 2, "b": 3, "c": 4, "d": 5})
    assert {key: run.config[key] for key in "abcd"} == {"a": 2, "b": 3, "c": 4, "d": 5}
    assert caplog.text.count("which is no type") == 4
    assert "test_annotations.py" in caplog.text


def test_types_do_not_change(made, caplog):
    """No warning about changed types where a type is declared."""

    def config():
        x: int | str = 1

    run = made(config).run(config_updates={"x": "a"})
    assert "x" in run.config_modifications.modified
    assert not run.config_modifications.typechanged
    assert "was int" not in caplog.text


def test_private_and_outer_names_are_left_alone(given):
    """Annotations of names that are no entries mean nothing."""

    def config():
        _private: int = "a"
        a = _private

    assert given(config) == {"a": "a"}


def test_called_by_itself():
    """A config function that is called alone converts, and refuses, too."""
    ex = Experiment("typed", interactive=True, observers=[])

    @ex.config
    def config():
        lr: float = 1
        n: int = 2

    assert repr(dict(config())) == "{'lr': 1.0, 'n': 2}"
    assert repr(dict(config(fixed={"n": 4.0}))) == "{'lr': 1.0, 'n': 4}"
    with pytest.raises(ConfigTypeError, match="n='x'"):
        config(fixed={"n": "x"})


def test_values_of_secrets_are_not_told(made):
    """Neither values of secret names nor those of secret types stand in messages."""

    def config():
        password: int = 1
        hidden: Secret = "a"

    with pytest.raises(ConfigTypeError) as caught:
        made(config).run(config_updates={"password": "hunter2", "hidden": ["hunter3"]})
    assert "hunter" not in str(caught.value)
    assert str(caught.value).count("***") == 2


def test_validators_that_transform_run_once(given):
    """A value goes through a validator of the user's once, however often it is looked at."""

    def config():
        n: Annotated[int, AfterValidator(lambda value: value * 2)] = 1

    assert given(config, words=["n=4"]) == {"n": 8}
    assert given(config) == {"n": 2}


def test_unset_and_removed_entries(given):
    """A declared entry may be deleted again, and removed by an update."""

    def config():
        a: int = 1
        b: int = 2
        del b

    assert given(config) == {"a": 1}
    assert given(config, words=["~a"]) == {}
