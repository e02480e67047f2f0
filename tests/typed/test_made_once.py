"""Objects are made once and stay what they are: validators run once, instances keep their class and what they hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Generic, Literal, NamedTuple, Optional, TypedDict, TypeVar, Union

import attr
import attrs
import pytest
from pydantic import BaseModel, Field, field_validator

T = TypeVar("T")
seen = []


@dataclass
class Scaled:
    lr: float = 0.1
    batch: int = 512

    def __post_init__(self):
        self.lr *= self.batch / 256


@dataclass
class Argument:
    base: float = 1.0
    k: InitVar[int] = 2

    def __post_init__(self, k):
        self.base *= k


class Loud(BaseModel):
    text: str = "a"
    size: int = 1

    @field_validator("text")
    @classmethod
    def louder(cls, text):
        seen.append(text)
        return text + "!"

    @field_validator("size", mode="before")
    @classmethod
    def of_units(cls, size):
        return int(size[:-1]) * 1024 if isinstance(size, str) and size.endswith("k") else size


@dataclass
class Optim:
    lr: float = 0.1


@dataclass
class Adam(Optim):
    beta: float = 0.9


@dataclass
class Momentum(Optim):
    momentum: float = 0.9


@dataclass
class Inside:
    optim: Optim = field(default_factory=Adam)


class Base(BaseModel):
    a: int = 1


class Sub(Base):
    b: int = 2


class Holder(BaseModel):
    x: Base = Sub()
    many: list[Base] = [Sub(b=3), Base()]


@dataclass(eq=False)
class Unequal:
    n: int = 1


@attr.s(eq=False)
class OldStyle:
    a = attr.ib(default=1, type=int)


class Pair(NamedTuple):
    a: int = 1
    b: float = 0.5


@dataclass
class Root:
    root: Path = "here"
    n: int = 3


@dataclass
class Wrong:
    n: int = "many"


@dataclass
class Box(Generic[T]):
    x: T
    many: list[T] = field(default_factory=list)


class Plain(TypedDict):
    a: int


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    bark: int = 1


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    purr: int = 1


class Renamed(BaseModel):
    lr: float = Field(0.1, alias="learningRate", gt=0)


class Within(BaseModel):
    n: int = 3


class Needs(BaseModel):
    a: int
    b: Within


def objects(run, *names):
    return [run.plan.resolution.with_objects((name,), run.config[name]) for name in names]


def scaled():
    given: Scaled = Scaled()
    alone = Scaled()
    bare: Scaled


def test_changes_of_a_class_are_made_once(made):
    """An object that was given is that object; one of a class is made of its defaults; overrides make another one."""
    run = made(scaled).run()
    assert objects(run, "given", "alone", "bare") == [Scaled(), Scaled(), Scaled()]
    run = made(scaled).run(config_updates={"given.batch": 1024, "alone.batch": 1024, "bare.batch": 1024})
    assert [one.lr for one in objects(run, "given", "alone", "bare")] == pytest.approx([0.8, 0.8, 0.4])
    assert run.config["bare"] == {"lr": 0.1, "batch": 1024}


def test_a_saved_config_gives_the_same_objects(made):
    """A config holds what its objects can be made of again, so that it gives the same ones when it is used."""
    first = made(scaled).run(config_updates={"given.batch": 1024, "bare.lr": 0.3})
    again = made(scaled).run(config_updates=first.config)
    names = ("given", "alone", "bare")
    assert objects(again, *names) == objects(first, *names)
    assert again.config == first.config


def test_arguments_count_once(made):
    """A field that is only an argument is given again with overrides, and only then."""

    def config():
        given: Argument = Argument()
        bare: Argument

    run = made(config).run()
    assert [one.base for one in objects(run, "given", "bare")] == [2.0, 2.0]
    run = made(config).run(config_updates={"given.k": 3, "bare.k": 3})
    assert [one.base for one in objects(run, "given", "bare")] == [6.0, 3.0]
    assert run.config["bare"] == {"base": 1.0, "k": 3}


def test_validators_run_once(made):
    """Validators run when a value is given, once, however many functions get the object; never on defaults."""

    def config():
        loud: Loud = Loud()
        bare: Loud

    seen.clear()
    run = made(config).run()
    assert objects(run, "loud", "bare") == [Loud(), Loud()] and seen == []
    run = made(config).run(config_updates={"bare.size": "4k"})
    assert objects(run, "bare")[0].size == 4096 == run.config["bare"]["size"]
    run = made(config).run(config_updates={"bare.text": "b"})
    before = len(seen)
    assert {one.text for _ in range(3) for one in objects(run, "bare")} == {"b!"} and len(seen) == before
    assert run.config["bare"]["text"] == "b"


def test_what_lies_in_fields_is_shared(made):
    """Objects and their containers are copied, what lies in them is shared, as everywhere in a config."""

    @dataclass
    class Holds:
        thing: object = None
        many: list[object] = field(default_factory=list)

        def __post_init__(self):
            self.own = [1]

    thing = object()
    run = made({"holds": Holds(thing, [thing])}).run()
    one, other = objects(run, "holds", "holds")
    assert one.thing is one.many[0] is other.thing is thing
    assert one is not other and one.many is not other.many and one.own is not other.own


def test_objects_that_hold_themselves(made):
    """An object that holds itself stays the object that it is."""

    @dataclass
    class Loop:
        up: object = None

    loop = Loop()
    loop.up = loop
    assert made({"loop": loop}).run().config["loop"] is loop


def test_config_functions_change_objects(made):
    """What a config function changes in an object counts; what the class changed does not count again."""

    def config():
        bare: Scaled
        bare.batch = 3
        other = Scaled()
        other.lr = 7.0

    run = made(config).run()
    assert objects(run, "other") == [_with(Scaled(), lr=7.0)]
    assert run.config["other"] == {"lr": 7.0, "batch": 512}
    assert run.config["bare"]["batch"] == 3


def _with(value, **fields):
    for name, item in fields.items():
        setattr(value, name, item)
    return value


def test_objects_keep_their_class(made):
    """An object of a subclass is one of that subclass, with its fields, wherever it lies."""

    def config():
        optim: Optim = Adam(beta=0.5)
        inside: Inside = Inside()
        holder: Holder = Holder()
        many: list[Optim] = [Adam(beta=0.1), Optim()]

    run = made(config).run(config_updates={"optim.lr": 1, "inside.optim.beta": 0.3})
    optim, inside, holder, many = objects(run, "optim", "inside", "holder", "many")
    assert optim == Adam(1.0, 0.5) and run.config["optim"] == {"lr": 1.0, "beta": 0.5}
    assert inside == Inside(Adam(beta=0.3))
    assert type(holder.x) is Sub and [type(one) for one in holder.many] == [Sub, Base]
    assert many == [Adam(beta=0.1), Optim()]


def test_given_objects_keep_their_class(made):
    """So do objects that updates give."""

    def config():
        optim: Optim = Optim()

    run = made(config).run(config_updates={"optim": Adam(beta=0.2)})
    assert objects(run, "optim") == [Adam(beta=0.2)]


def test_a_given_object_replaces_one_of_another_class(made):
    """An object that an update or a named config gives is no mixture with what the config gave."""

    def config():
        optim: Optim = Momentum(momentum=0.3)
        many: list[Optim] = [Momentum()]

    ex = made(config)

    @ex.named_config
    def adam():
        optim = Adam(beta=0.7)

    assert objects(ex.run(config_updates={"optim": Adam(beta=0.2)}), "optim") == [Adam(beta=0.2)]
    assert objects(ex.run(config_updates={"optim": Optim(3.0)}), "optim") == [Optim(3.0)]
    assert objects(ex.run(named_configs=["adam"]), "optim") == [Adam(beta=0.7)]
    assert objects(ex.run(config_updates={"many": [Adam()]}), "many", "optim") == [[Adam()], Momentum(momentum=0.3)]
    assert objects(ex.run(config_updates={"many": [{"lr": 2}]}), "many") == [[Optim(2.0)]]


def test_a_config_that_is_an_object(made):
    """An object that is the whole config is not made again."""
    ex = made()
    ex.add_config(Loud(text="b"))
    seen.clear()
    run = ex.run()
    assert {name: run.config[name] for name in ("text", "size")} == {"text": "b!", "size": 1} and seen == []


def test_fields_of_a_subclass_are_checked(made, refused):
    """The fields of a subclass have types, too."""

    def config():
        optim: Optim = Adam()

    assert "optim.beta=much" in refused(config, words=["optim.beta=much"]).replace("'", "")


@pytest.mark.parametrize("value", [Unequal(3), OldStyle(3), attrs.make_class("Other", {"a": attrs.field(type=int)})(3)])
def test_objects_that_equal_no_other(made, value):
    """Objects that cannot be compared are entries by their fields as well."""
    run = made({"one": value}).run()
    name = next(iter(run.config["one"]))
    assert run.config["one"] == {name: 3}
    assert type(objects(run, "one")[0]) is type(value) and getattr(objects(run, "one")[0], name) == 3


@pytest.mark.parametrize(("kind", "word"), [(Unequal, "one.n=x"), (OldStyle, "one.a=x"), (Pair, "one.b=x")])
def test_fields_of_unannotated_objects_are_checked(made, refused, kind, word):
    """Whatever class an object is of, what is given to its fields has to fit."""

    def config():
        one = kind()

    assert "x (command line) does not fit" in refused(config, words=[word]).replace("'", "")


def test_fields_that_do_not_fit(made, refused):
    """A default that does not fit its annotation is converted, or refused by the name of the field; no dict comes of it."""

    def config():
        root = Root()

    assert objects(made(config).run(), "root") == [Root(Path("here"), 3)]

    def wrong():
        one = Wrong()

    assert "one.n=many" in refused(wrong).replace("'", "")


def test_unknown_fields(made, refused):
    """A field that no class has is refused wherever it would go, with what may be meant."""

    def config():
        maybe: Optional[Optim] = None
        pet: Union[Dog, Cat] = Dog()
        plain: Plain = {"a": 1}

    assert "did you mean lr?" in refused(config, words=["maybe.lrr=3"])
    assert "no config entry plain.c" in refused(config, words=["plain.c=3"])
    assert "pet.prr" in refused(config, words=["pet.prr=3"])
    assert "Cat has no field bark" in refused(config, words=["pet={'kind': 'cat', 'bark': 2}"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Iterable[int], [1, 2]),
        (Iterable[str], "ab"),
        (Collection[int], frozenset([1])),
        (Sequence[int], (1, 2)),
        (Mapping[str, int], {"a": 1}),
        (Set[int], {1}),
    ],
)
def test_open_containers(made, given, kind, value):
    """A type that leaves the container open keeps the one that is there."""

    def config():
        one: kind = value

    found = given(config)["one"]
    assert found == value and type(found) is type(value)


def test_aliases(made, refused, given):
    """Errors name the field and who gave the value, whatever the model calls it; its own name may be typed."""

    def config():
        model: Renamed = Renamed()

    assert "model.lr=-1.0 (command line) does not fit" in refused(config, words=["model.lr=-1"])
    assert given(config, words=["model.learningRate=0.3"])["model"] == {"lr": 0.3}


def test_generic_classes(made, refused):
    """Arguments of a class with type variables are the types of its fields."""

    def config():
        box: Box[int] = Box(1)

    assert objects(made(config).run(config_updates={"box.many": [2.0]}), "box") == [Box(1, [2])]
    assert "box.x=y (" in refused(config, words=["box.x=y"])


def test_classes_that_begin_by_themselves(given):
    """A field of a class that needs nothing need not be given."""

    def config():
        needs: Needs

    assert given(config, words=["needs.a=1"])["needs"] == {"a": 1, "b": {"n": 3}}


def test_removed_fields(given, refused):
    """A field that is removed is what the class makes it by itself; one that the class needs must be given."""

    def config():
        optim: Optim = Adam(lr=3, beta=0.5)
        needs: Needs = Needs(a=1, b=Within(n=5))

    assert given(config, words=["~optim.lr", "~needs.b.n"]) == {
        "optim": {"lr": 0.1, "beta": 0.5},
        "needs": {"a": 1, "b": {"n": 3}},
    }
    assert "needs.a: int" in refused(config, words=["~needs.a"])
