"""Classes of fields: as entries, and as configs of their own."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Optional, TypedDict, Union

import attrs
import pydantic
import pytest

from expkit import Experiment, Ingredient
from expkit.errors import ConfigError, ConfigTypeError


@dataclass
class Sched:
    gamma: float = 0.9  # decay per step
    steps: list[int] = field(default_factory=lambda: [1, 2])


@dataclass
class Data:
    lr: float = 0.1
    kind: Literal["sgd", "adam"] = "sgd"
    out: Path = Path("runs")
    sched: Sched = field(default_factory=Sched)

    def __post_init__(self):
        if self.lr <= 0:
            raise ValueError("lr must be positive")


@attrs.define
class Attrs:
    lr: float = attrs.field(default=0.1, validator=attrs.validators.gt(0))
    kind: Literal["sgd", "adam"] = "sgd"
    out: Path = attrs.field(default="runs", converter=Path)
    sched: Sched = attrs.field(factory=Sched)
    _hidden: int = 1


class Model(pydantic.BaseModel):
    lr: float = pydantic.Field(0.1, gt=0, description="how fast")
    kind: Literal["sgd", "adam"] = "sgd"
    out: Path = Path("runs")
    sched: Sched = pydantic.Field(default_factory=Sched)

    @pydantic.field_validator("kind")
    @classmethod
    def only(cls, value):
        return value


@pydantic.dataclasses.dataclass
class Checked:
    lr: float = pydantic.Field(0.1, gt=0)
    kind: Literal["sgd", "adam"] = "sgd"
    out: Path = Path("runs")
    sched: Sched = field(default_factory=Sched)


class Named(NamedTuple):
    lr: float = 0.1
    kind: Literal["sgd", "adam"] = "sgd"
    out: Path = Path("runs")
    sched: Sched = Sched()


class Typed(TypedDict):
    lr: float
    kind: Literal["sgd", "adam"]
    out: Path
    sched: Sched


Old = namedtuple("Old", "lr kind", defaults=[0.1, "sgd"])

OBJECTS = [Data, Attrs, Model, Checked, Named]
VALIDATED = [Data, Attrs, Model, Checked]


def objects_of(run, name):
    """What captured functions get for an entry."""
    return run.plan.resolution.with_objects((name,), run.config[name])


@pytest.mark.parametrize(
    ("kind", "how"),
    [(kind, how) for kind in OBJECTS for how in ["annotated", "bare", "assigned", "dict", "optional"]],
)
def test_entries_of_a_class(made, kind, how):
    """However an object becomes an entry, its fields are plain entries, and it comes back as an object."""

    def annotated():
        opt: kind = kind()
        rate = opt.lr * 2

    def bare():
        opt: kind
        rate = opt.lr * 2

    def assigned():
        opt = kind()
        rate = opt.lr * 2

    def optional():
        opt: Optional[kind] = None
        rate = opt.lr * 2 if opt else None

    # annotations of a module with future annotations do not bring names into the closure: `kind` is used beside them
    config = {"annotated": annotated, "bare": bare, "assigned": assigned, "optional": optional}.get(how)
    bare.__globals__["kind"] = kind
    ex = made({"opt": kind(), "rate": None} if how == "dict" else config)
    run = ex.run(config_updates={"opt.lr": 1, "opt.sched.gamma": 2})
    assert run.config["opt"] == {
        "lr": 1.0,
        "kind": "sgd",
        "out": Path("runs"),
        "sched": {"gamma": 2.0, "steps": [1, 2]},
        **({"_hidden": 1} if kind is Attrs else {}),
    }
    assert type(run.config["opt"]["lr"]) is float
    assert run.config["rate"] == (None if how == "dict" else 2.0)
    assert objects_of(run, "opt") == kind(lr=1.0, sched=Sched(gamma=2.0))
    assert type(objects_of(run, "opt").sched) is Sched
    assert ("opt" if how == "optional" else "opt.lr") in run.config_modifications.modified
    assert not run.config_modifications.added


@pytest.mark.parametrize("kind", [*VALIDATED, Named])
def test_fields_are_checked(refused, kind):
    """A field that does not fit is told by its path."""
    said = refused({"opt": kind()} if kind is not Named else _named_config, words=["opt.kind=adm", "opt.lr=abc"])
    assert "opt.kind=" in said and "opt.lr=" in said
    assert said.count("does not fit") == 2


def _named_config():
    opt: Named = Named()


@pytest.mark.parametrize("kind", VALIDATED)
def test_validators_count(refused, kind):
    """What validators of a class raise is an error of config."""
    said = refused({"opt": kind()}, words=["opt.lr=-1"])
    assert "(command line) does not fit opt" in said
    assert "lr must be positive" in said or "greater than 0" in said or "'lr' must be > 0" in said


@pytest.mark.parametrize("kind", OBJECTS)
def test_misspelt_fields(refused, kind):
    """A field that is not there is an unknown entry."""
    _only.__globals__["kind"] = kind
    assert "there is no config entry opt.lrr (command line); did you mean opt.lr?" in refused(
        _only, words=["opt.lrr=1"]
    )


def _only():
    opt: kind = kind()  # noqa: F821


@pytest.mark.parametrize("kind", [Data, Attrs, Model, Checked])
def test_objects_are_fresh(made, kind):
    """Whoever gets an object gets one of its own."""
    run = made({"opt": kind()}).run()
    first, second = objects_of(run, "opt"), objects_of(run, "opt")
    assert first == second and first is not second
    first.sched.steps.append(3)
    assert run.config["opt"]["sched"]["steps"] == [1, 2]


def test_typed_dicts(given, refused):
    """A typed dict is an entry with typed keys; all of them must be given."""

    def config():
        opt: Typed

    words = ["opt.lr=1", "opt.kind=adam", "opt.out=x", "opt.sched.gamma=1"]
    assert given(config, words=words) == {
        "opt": {"lr": 1.0, "kind": "adam", "out": Path("x"), "sched": {"gamma": 1.0, "steps": [1, 2]}}
    }
    said = refused(config, words=["opt.lr=1"])
    assert [line.split(" ")[2] for line in said.split("\n")] == ["opt.kind:", "opt.out:"]
    assert "opt.lr=x (command line) does not fit" in refused(config, words=[*words, "opt.lr=x"])


def test_old_named_tuples(made):
    """Named tuples without types have fields, too."""

    def config():
        opt: Old = Old()

    run = made(config).run(config_updates={"opt.lr": 1})
    assert run.config["opt"] == {"lr": 1, "kind": "sgd"}
    assert objects_of(run, "opt") == Old(1, "sgd")


@dataclass
class Needy:
    name: str
    lr: float = 0.1


def test_required_fields(given, refused):
    """Of a class without defaults the fields must be given, one by one or in named configs."""

    def config():
        opt: Needy
        shout = opt.name.upper()

    assert "opt.name: str" in refused(config)
    assert "opt.name: str" in refused(config, words=["opt.lr=2"])
    assert given(config, words=["opt.name=a"]) == {"opt": {"name": "a", "lr": 0.1}, "shout": "A"}


def test_entries_that_hold_objects(made, refused):
    """Objects in lists, dicts and optional entries are made, too."""

    def config():
        many: list[Data] = [Data(), Data(lr=2)]
        named: dict[str, Data] = {"a": Data()}
        none: Optional[Data] = None
        rates = [one.lr for one in many]

    ex = made(config)
    run = ex.run(config_updates={"many": [{"lr": 3}], "named.b.lr": 4, "none.lr": 5})
    assert run.config["rates"] == [3.0]
    assert objects_of(run, "many") == [Data(lr=3.0)]
    assert objects_of(run, "named") == {"a": Data(), "b": Data(lr=4.0)}
    assert objects_of(run, "none") == Data(lr=5.0)
    run = ex.run()
    assert objects_of(run, "many") == [Data(), Data(lr=2.0)]
    assert objects_of(run, "none") is None
    assert "many[0].lrr=1 (command line) does not fit" in refused(ex, words=["many=[{'lrr': 1}]"])
    assert "did you mean lr?" in refused(ex, words=["many=[{'lrr': 1}]"])


@dataclass
class Adam:
    kind: Literal["adam"] = "adam"
    lr: float = 0.001
    beta: float = 0.9


@dataclass
class Sgd:
    kind: Literal["sgd"] = "sgd"
    lr: float = 0.1
    momentum: float = 0.0


def test_one_of_several_classes(made, refused):
    """Which class of a union is meant is told by the fields that are given."""

    def config():
        opt: Adam | Sgd = Adam()
        rate = opt.lr

    ex = made(config)
    assert objects_of(ex.run(), "opt") == Adam()
    assert objects_of(ex.run(config_updates={"opt.lr": 1}), "opt") == Adam(lr=1.0)
    run = ex.run(config_updates={"opt.kind": "sgd"})
    assert objects_of(run, "opt") == Sgd() and run.config["rate"] == 0.1
    assert objects_of(ex.run(config_updates={"opt.momentum": 0.5}), "opt") == Sgd(momentum=0.5)
    assert objects_of(ex.run(config_updates={"opt": Sgd(lr=5)}), "opt") == Sgd(lr=5.0)
    assert "did you mean opt.beta?" in refused(ex, words=["opt.betaa=1"])


class Cat(pydantic.BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(pydantic.BaseModel):
    kind: Literal["dog"] = "dog"
    age: int = 1


def test_discriminated_unions(made):
    """A discriminator decides."""

    def config():
        pet: Annotated[Union[Cat, Dog], pydantic.Field(discriminator="kind")] = Cat()

    ex = made(config)
    assert objects_of(ex.run(config_updates={"pet.kind": "dog"}), "pet") == Dog()
    assert objects_of(ex.run(), "pet") == Cat()


@pytest.mark.parametrize("kind", [Data, Attrs, Model, Checked, Named])
@pytest.mark.parametrize("how", ["config", "add_config", "object"])
def test_a_class_is_a_config(made, kind, how):
    """The fields of a class are the entries."""
    ex = made()
    if how == "config":
        assert ex.config(kind) is kind
    else:
        ex.add_config(kind if how == "add_config" else kind(lr=0.5))
    run = ex.run(config_updates={"kind": "adam", "sched.gamma": 1})
    assert run.config["lr"] == (0.5 if how == "object" else 0.1)
    assert run.config["kind"] == "adam"
    assert run.config["sched"] == {"gamma": 1.0, "steps": [1, 2]}
    assert objects_of(run, "sched") == Sched(gamma=1.0)
    assert not run.config_modifications.added
    for wrong in ({"kind": "adm"}, {"lr": "abc"}, *([] if kind is Named else [{"lr": -1}])):
        with pytest.raises(ConfigTypeError):
            ex.run(config_updates=wrong)


def test_required_fields_of_a_config_class(refused, made, given):
    """Fields without defaults must be given, by whomever."""
    ex = made(Needy)
    assert "config entry name: str (test_classes.py:" in refused(ex)
    assert given(ex, words=["name=5"]) == {"name": "5", "lr": 0.1}
    ex.add_named_config("there", {"name": "b"})
    assert given(ex, words=["there"]) == {"name": "b", "lr": 0.1}
    ex.add_named_config("whole", Needy("c", lr=2))
    assert given(ex, words=["whole"]) == {"name": "c", "lr": 2.0}


def test_decorated_named_configs(made, given):
    """A class can be a named config as well."""
    ex = made({"lr": 1.0})

    @ex.named_config
    @dataclass
    class Big:
        lr: float = 5

    assert Big().lr == 5
    assert given(ex, words=["Big"]) == {"lr": 5.0}


def test_checks_over_several_fields_of_a_config_class(refused, made):
    """Validators of a class that is the config run, too."""

    class Both(pydantic.BaseModel):
        low: int = 1
        high: int = 2

        @pydantic.model_validator(mode="after")
        def order(self):
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    assert "low is above high" in refused(made(Both), words=["low=3"])


def test_later_configs_over_classes(made):
    """A later dict changes single fields; a later object all of them."""
    ex = made({"opt": Data(lr=5)}, {"opt": {"kind": "adam"}})
    assert objects_of(ex.run(), "opt") == Data(lr=5.0, kind="adam")
    ex.add_config({"opt": Data(lr=7)})
    assert objects_of(ex.run(), "opt") == Data(lr=7.0)


def test_later_config_functions_get_objects(made):
    """A parameter that is an entry of a class is an object; changes of it count, but not over updates."""

    def first():
        opt: Data = Data()

    def second(opt):
        opt.lr = 3
        opt.kind = "adam"

    ex = made(first, second)
    assert objects_of(ex.run(), "opt") == Data(lr=3.0, kind="adam")
    assert objects_of(ex.run(config_updates={"opt.lr": 4}), "opt") == Data(lr=4.0, kind="adam")


def test_changes_after_the_assignment(made):
    """Attributes that the function sets count, but not over updates."""

    def config():
        opt: Data = Data()
        opt.lr = 3
        opt.sched.gamma = 4

    ex = made(config)
    assert objects_of(ex.run(), "opt") == Data(lr=3.0, sched=Sched(gamma=4.0))
    run = ex.run(config_updates={"opt.sched.gamma": 5})
    assert objects_of(run, "opt") == Data(lr=3.0, sched=Sched(gamma=5.0))


def test_ingredients_of_classes(made):
    """An ingredient's config can be a class; its entries can be."""
    part = Ingredient("part", interactive=True)
    part.config(Data)
    run = made({"a": 1}, ingredients=[part]).run(config_updates={"part.sched.gamma": 1})
    assert run.config["part"]["sched"]["gamma"] == 1.0
    whole = run.plan.resolution.with_objects((), run.config)
    assert whole["part"]["sched"] == Sched(gamma=1.0)
    assert run.config["part"]["sched"] == {"gamma": 1.0, "steps": [1, 2]}
    assert run.plan.resolution.with_objects(("part", "sched", "gamma"), 1.0) == 1.0


def test_config_functions_see_objects_of_ingredients(made):
    """A config function that uses an ingredient gets objects in its entries."""
    part = Ingredient("part", interactive=True)
    part.add_config({"opt": Data(lr=2)})

    def config(part):
        rate = part["opt"].lr * 2

    ex = made(config, ingredients=[part])
    assert ex.run().config["rate"] == 4.0
    assert ex.run(config_updates={"part.opt.lr": 3}).config["rate"] == 6.0


def test_objects_that_are_not_made_of_their_fields(made):
    """An object that cannot be made by giving its fields stays the object that it is."""

    @dataclass(init=False)
    class Handle:
        n: int = 1

        def __init__(self, other):
            self.n = other

    handle = Handle(2)
    run = made({"handle": handle}).run()
    assert run.config["handle"] is handle
    assert not run.plan.resolution.declared


def test_what_is_declared(made):
    """Entries of a class are declared with their fields: type, doc, place, choices."""

    def config():
        opt: Data = Data()  # how it learns
        path: Path

    declared = made(config).run(config_updates={"path": "x"}).plan.resolution.declared
    assert list(declared) == [
        "opt", "opt.lr", "opt.kind", "opt.out", "opt.sched", "opt.sched.gamma", "opt.sched.steps", "path",
    ]  # fmt: skip
    assert declared["opt"].doc == "how it learns"
    assert declared["opt.sched.gamma"].doc == "decay per step"
    assert declared["opt.kind"].choices == ("sgd", "adam")
    assert declared["opt.sched.gamma"].path == ("opt", "sched", "gamma")
    assert declared["opt.lr"].annotation is float and declared["opt.lr"].text == "float"
    assert declared["path"].required and not declared["opt"].required


def test_docs_of_fields():
    """Docs come from descriptions, metadata, annotations, and texts and comments beside the field."""
    ex = Experiment("typed", interactive=True, observers=[])

    @ex.config
    @dataclass
    class Config:
        a: int = field(default=1, metadata={"help": "by metadata"})
        b: int = 1  # behind
        # above
        c: int = 1
        d: int = 1
        """below"""
        e: Annotated[int, pydantic.Field(description="by annotation")] = 1

    ex.main(_nothing)
    docs = ex.run().config_modifications.docs
    assert {name: docs[name] for name in "abcde"} == {
        "a": "by metadata", "b": "behind", "c": "above", "d": "below", "e": "by annotation",
    }  # fmt: skip


def _nothing():
    pass


@dataclass
class Odd:
    scale: InitVar[int] = 2
    given: int = 1
    derived: int = field(init=False, default=0)

    def __post_init__(self, scale):
        self.derived = self.given * scale


def test_odd_fields(made):
    """Fields that the class makes by itself are no entries; those that are only arguments are."""

    def config():
        odd: Odd = Odd()

    run = made(config).run(config_updates={"odd.scale": 5.0})
    assert run.config["odd"] == {"scale": 5, "given": 1}
    assert objects_of(run, "odd").derived == 5


class Aliased(pydantic.BaseModel):
    rate: float = pydantic.Field(0.1, alias="lr")
    more: dict[str, int] = {}

    model_config = pydantic.ConfigDict(extra="allow")


def test_aliases_and_extra_fields(made):
    """Entries are called like the fields; a model that takes more takes more."""

    def config():
        opt: Aliased = Aliased()

    run = made(config).run(config_updates={"opt.rate": 1, "opt.other": 2})
    assert run.config["opt"] == {"rate": 1.0, "more": {}, "other": 2}
    assert objects_of(run, "opt").rate == 1.0
    assert objects_of(run, "opt").other == 2


class Early(pydantic.BaseModel):
    rate: float = 1.0

    @pydantic.field_validator("rate", mode="before")
    @classmethod
    def words(cls, value):
        return 2.0 if value == "fast" else value


def test_models_that_convert_by_themselves(made):
    """A model may take what its annotation does not say."""

    def config():
        opt: Early = Early()

    run = made(config).run(config_updates={"opt.rate": "fast"})
    assert objects_of(run, "opt").rate == 2.0
    with pytest.raises(ConfigTypeError, match=r"opt.rate='slow' \(config_updates\) does not fit opt.rate: float"):
        made(config).run(config_updates={"opt.rate": "slow"})


@dataclass
class Login:
    password: str = "nothing-yet"
    port: int = 1

    def __post_init__(self):
        if self.port > 10:
            raise ValueError(f"no port of {self.password}")


def test_secret_fields_are_not_told(made):
    """What a class says about its fields is shown without secrets."""
    with pytest.raises(ConfigTypeError) as caught:
        made({"login": Login()}).run(config_updates={"login.port": 11, "login.password": "hunter2hunter2"})
    assert "no port of ***" in str(caught.value)
    assert "hunter2" not in str(caught.value)


class Plain:
    a: int = 1


@pytest.mark.parametrize("kind", [Plain, int])
def test_classes_without_fields(made, kind):
    """A class that has no fields is refused, with what to do."""
    with pytest.raises(ConfigError, match=r"@dataclass stands below @ex.config"):
        made().config(kind)
    with pytest.raises(ConfigError):
        made().add_config(kind)


@dataclass
class Tree:
    name: str = "root"
    child: Optional[Tree] = None


def test_classes_that_contain_themselves(made):
    """A class can hold one of its own kind."""

    def config():
        tree: Tree = Tree(child=Tree("leaf"))

    run = made(config).run(config_updates={"tree.child.child.name": "deep"})
    assert objects_of(run, "tree") == Tree(child=Tree("leaf", child=Tree("deep")))
    assert "tree.child.child.name" in run.plan.resolution.declared


def test_a_wrong_default_object(made):
    """A default in a class that does not fit is told as well."""

    @dataclass
    class Wrong:
        n: int = "abc"

    with pytest.raises(ConfigTypeError, match=r"n='abc' \(test_classes.py:\d+\) does not fit its type int"):
        made(Wrong).run()
