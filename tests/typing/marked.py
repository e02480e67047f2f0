"""Read by mypy and pyright, never run: parameters that are marked with ``from_config``.

Where a call is wrong, both checkers must say so: they are told to report an ``ignore`` that nothing needs.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from typing_extensions import assert_type

from expkit import Experiment, Ingredient, from_config

data = Ingredient("data")
ex = Experiment("marked", ingredients=[data])


@dataclass
class Opt:
    name: Literal["sgd", "adam"] = "sgd"
    lr: float = 0.1


@ex.config
def config() -> None:
    lr: float = 0.1
    opt = Opt()


def plain(lr: float = from_config, *, opt: Opt = from_config) -> float:
    assert_type(lr, float)
    return lr * opt.lr


@ex.capture
def step(lr: float = from_config, *, opt: Opt = from_config) -> float:
    assert_type(opt.name, Literal["sgd", "adam"])
    return lr * opt.lr


@ex.capture
def report(out: Path = from_config) -> None:
    out.touch()


@ex.capture
def mixed(batch: list[int], lr: float = from_config) -> float:
    return len(batch) * lr


@data.capture(prefix="source")
def load(root: Path = from_config, rows: int = 3) -> list[str]:
    return [str(root)] * rows


@ex.command
def evaluate(lr: float = from_config) -> str:
    return str(lr)


@ex.pre_run_hook
def before(lr: float = from_config) -> None:
    assert lr


class Model:
    @ex.capture
    def __init__(self, width: int, lr: float = from_config) -> None:
        self.width = width
        self.lr = lr

    @ex.capture
    def fit(self, opt: Opt = from_config) -> float:
        return self.lr * opt.lr


@ex.capture
class Net:
    def __init__(self, depth: int, *, opt: Opt = from_config) -> None:
        self.depth = depth
        self.opt = opt


@ex.main
def main(opt: Opt = from_config) -> float:
    return opt.lr


assert_type(step(), float)
assert_type(step(0.2), float)
assert_type(step(lr=0.2, opt=Opt()), float)
assert_type(mixed([1]), float)
assert_type(mixed([1], lr=0.2), float)
assert_type(load(), list[str])
assert_type(load(rows=2), list[str])
assert_type(evaluate(), str)
assert_type(Model(3).fit(), float)
assert_type(Model(3).fit(Opt()), float)
assert_type(Net(3), Net)
assert_type(Net(3).opt, Opt)
assert_type(main(), float)
report()
report(Path("x"))

plain(lr="fast")  # type: ignore[arg-type]
step("fast")  # type: ignore[arg-type]
step(opt={"lr": 0.1})  # type: ignore[arg-type]
step(rl=0.1)  # type: ignore[call-arg]
report("x")  # type: ignore[arg-type]
load(rows="many")  # type: ignore[arg-type]
evaluate([])  # type: ignore[arg-type]
Net("deep")  # type: ignore[arg-type]
Net()  # type: ignore[call-arg]
wrong: int = step()  # type: ignore[assignment]
