"""Captured functions get objects for entries of classes; everybody else sees plain data."""

import copy
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Optional, TypedDict

import attrs
import pydantic
import pytest

from expkit import SETTINGS, Experiment, Ingredient, from_config
from expkit.errors import ReadOnlyConfigError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Inner:
    units: int = 3


@dataclass
class Opt:
    name: str = "sgd"
    lr: float = 0.1
    out: Path = Path("x")
    layers: list[int] = field(default_factory=lambda: [1, 2])
    inner: Inner = field(default_factory=Inner)


class Model(pydantic.BaseModel):
    width: int = 3

    @property
    def twice(self):
        return 2 * self.width


@attrs.define
class Plan:
    steps: int = 3


class Point(NamedTuple):
    x: int
    y: int = 0


class Names(TypedDict):
    first: str


PLAIN = {"name": "sgd", "lr": 0.1, "out": Path("x"), "layers": [1, 2], "inner": {"units": 3}}


@pytest.fixture
def data():
    return Ingredient("data", interactive=True)


@pytest.fixture
def ex(data):
    return Experiment("objects", [data], interactive=True, observers=[])


def test_every_kind_of_class(ex):
    """Data classes, pydantic models, attrs classes, named tuples and typed dicts arrive as what they are."""

    @ex.config
    def config():
        opt: Opt = Opt()
        model: Model = Model()
        plan: Plan = Plan()
        point: Point = Point(1)
        names: Names = {"first": "a"}

    @ex.main
    def main(opt, model, plan, point, names):
        assert type(opt.inner) is Inner
        assert model.twice == 2 * model.width
        return opt, model, plan, point, names

    found = ex.run(
        config_updates={"opt.lr": 1, "model.width": 5, "plan": {"steps": 7}, "point.y": 2, "names.first": "b"}
    ).result
    assert found == (Opt(lr=1.0), Model(width=5), Plan(7), Point(1, 2), {"first": "b"})
    assert [type(value) for value in found] == [Opt, Model, Plan, Point, dict]


def test_inside_other_values(ex):
    """So do those in lists, dicts and optional entries, and those inside other objects."""

    @ex.config
    def config():
        many: list[Inner] = [Inner(1), Inner(2)]
        best: Optional[Inner] = None
        by_name: dict[str, Inner] = {"a": Inner(3)}

    @ex.main
    def main(many, best, by_name, _config):
        return many, best, by_name, _config["many"]

    run = ex.run(config_updates={"best": {"units": 9}})
    assert run.result == ([Inner(1), Inner(2)], Inner(9), {"a": Inner(3)}, [{"units": 1}, {"units": 2}])


def test_plain_data_elsewhere(ex):
    """`_config`, `run.config` and the record are plain; leaves keep their types in the first two."""
    seen = {}

    @ex.config
    def config():
        opt: Opt = Opt()
        colour: Colour = Colour.RED

    @ex.capture
    def look(_config, colour):
        return _config["opt"], colour

    @ex.main
    def main(_config, _run, opt):
        seen.update(config=copy.deepcopy(_config), run=_run.config["opt"])
        return look()

    run = ex.run(config_updates={"colour": "blue"})
    assert seen["config"]["opt"] == PLAIN
    assert seen["config"]["colour"] is Colour.BLUE
    assert seen["run"] == run.config["opt"] == PLAIN
    assert run.result == (PLAIN, Colour.BLUE)


def test_prefix(ex):
    """Below a prefix that leads into an object, its fields are entries; objects further inside arrive as such."""

    @ex.config
    def config():
        model = {"opt": 3}
        opt: Opt = Opt()

    @ex.capture(prefix="opt")
    def inside(lr, inner: Inner = from_config):
        return lr, inner

    @ex.main
    def main():
        return inside()

    assert ex.run(config_updates={"opt.lr": 2, "opt.inner.units": 8}).result == (2.0, Inner(8))


def test_ingredients(ex, data):
    """An ingredient's function gets its object; the experiment gets a dict with that object in it."""

    @data.config
    def config():
        opt: Opt = Opt()
        rows = [1]

    @data.capture
    def load(opt, rows):
        return opt, rows

    @ex.capture(prefix="data")
    def below(opt):
        return opt

    @ex.main
    def main(data):
        return load(), data, below()

    (opt, rows), whole, under = ex.run(config_updates={"data.opt.name": "adam"}).result
    assert opt == whole["opt"] == under == Opt(name="adam")
    assert len({id(opt), id(whole["opt"]), id(under)}) == 3
    assert (rows, whole["rows"]) == ([1], [1])


def test_ingredients_of_ingredients(ex, data):
    """An ingredient that uses another one sees that one's objects under its path."""
    paths = Ingredient("paths", interactive=True)
    data.ingredients.append(paths)

    @paths.config
    def config():
        opt: Opt = Opt(lr=3.0)

    @data.capture
    def load(paths):
        return paths["opt"]

    @ex.main
    def main():
        return load()

    assert ex.run().result == Opt(lr=3.0)


def test_hooks_methods_and_classes(ex):
    """Pre-run hooks, methods and captured classes get objects, too; config hooks see plain data."""
    seen = {}

    @ex.config
    def config():
        opt: Opt = Opt()

    @ex.config_hook
    def hook(config, command_name, logger):
        seen["config_hook"] = isinstance(config["opt"], dict)
        return {}

    @ex.pre_run_hook
    def before(opt):
        seen["pre"] = opt

    @ex.post_run_hook
    def after(opt):
        seen["post"] = opt

    class Trainer:
        @ex.capture
        def __init__(self, opt):
            self.opt = opt

        @ex.capture
        def fit(self, opt):
            return opt

    @ex.capture
    class Whole:
        def __init__(self, opt: Opt = from_config):
            self.opt = opt

    @ex.main
    def main():
        trainer = Trainer()
        return [trainer.opt, trainer.fit(), Whole().opt]

    found = ex.run().result
    assert found == [Opt()] * 3
    assert seen == {"config_hook": True, "pre": Opt(), "post": Opt()}
    assert len({id(opt) for opt in [*found, seen["pre"], seen["post"]]}) == 5


def test_changes_stay_with_the_function(ex, caplog):
    """What a function changes in its object, nobody else sees, nor the record; at the end it is told."""

    @ex.config
    def config():
        opt: Opt = Opt()
        box = {"a": [1]}

    @ex.capture
    def spoil(opt, box):
        opt.lr = 99
        opt.layers.append(3)
        opt.inner.units = 99

    @ex.capture
    def look(opt):
        return opt

    @ex.main
    def main(opt, _config):
        spoil()
        assert look() == opt == Opt()
        return _config["opt"]

    run = ex.run()
    assert run.result == run.config["opt"] == PLAIN
    told = [line.split()[2] for line in caplog.messages if "changed in place" in line]
    assert told == ["opt.inner.units", "opt.layers", "opt.lr"]


def test_one_object_per_function_and_run(ex):
    """A function keeps its object through a run, as it keeps its containers, and gets another one in the next."""

    @ex.config
    def config():
        opt: Opt = Opt()

    @ex.capture
    def count(opt):
        opt.lr += 1
        return opt.lr

    @ex.main
    def main():
        return count(), count()

    assert ex.run().result == ex.run().result == (1.1, 2.1)


def test_changed_containers_are_reported(ex, data, caplog):
    """Containers around objects are watched as ever, and so are the objects in them."""

    @data.config
    def config():
        opt: Opt = Opt()
        rows = [1]

    @ex.main
    def main(data):
        data["opt"].layers.append(9)
        data["rows"].append(2)

    ex.run()
    assert "config entry data.rows was changed in place" in caplog.text
    assert "config entry data.opt.layers was changed in place" in caplog.text


def test_read_only(ex, data, monkeypatch):
    """Read-only containers hold objects as these are."""
    monkeypatch.setattr(SETTINGS.CONFIG, "READ_ONLY_CONFIG", True)

    @data.config
    def config():
        opt: Opt = Opt()
        rows = [1]

    @ex.main
    def main(data, _config):
        data["opt"].lr = 5
        with pytest.raises(ReadOnlyConfigError):
            data["rows"].append(1)
        with pytest.raises(ReadOnlyConfigError):
            _config["data"]["opt"]["lr"] = 3
        return data["opt"].lr

    assert ex.run().result == 5


def test_arguments_win(ex):
    """An object that a call gives is passed as it is."""
    mine = Opt(lr=7)

    @ex.config
    def config():
        opt: Opt = Opt()

    @ex.capture
    def look(opt):
        return opt

    @ex.main
    def main():
        return look(mine) is mine and look(opt=mine) is mine

    assert ex.run().result


def test_save_config_gives_the_same_run(ex, tmp_path):
    """A config with paths, members and objects that was saved gives the same run when it is used."""

    @ex.config
    def config():
        opt: Opt = Opt()
        colour: Colour = Colour.RED
        out: Path = "runs"
        sizes: tuple[int, ...] = (1, 2)
        best: Optional[Inner] = None
        many: list[Inner] = []

    @ex.main
    def main(opt, colour, out, sizes, best, many):
        return opt, colour, out, sizes, best, many

    updates = {
        "opt.lr": 3,
        "opt.out": "y",
        "colour": "blue",
        "out": "z",
        "best": {"units": 4},
        "many": [{"units": 5}],
        "seed": 3,
    }
    for name in ("saved.json", "saved.yaml"):
        file = str(tmp_path / name)
        ex.run("save_config", config_updates={**updates, "config_filename": file})
        first, again = ex.run(config_updates=updates), ex.run(named_configs=[file])
        assert again.result == first.result
        assert again.result[0] == Opt(lr=3.0, out=Path("y"))
        assert again.config == first.config
