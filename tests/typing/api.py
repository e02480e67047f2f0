"""Read by mypy and pyright, never run: what type checkers know about decorated functions of an experiment."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

from expkit import Experiment, Ingredient, Run, RunObserver, start_run

data = Ingredient("data")
ex = Experiment("typed", ingredients=[data], observers=["folder:runs"])


@data.capture
def load(path: str, rows: int) -> list[float]:
    return [float(len(path))] * rows


@ex.capture(prefix="model")
def fit(values: list[float], lr: float, _seed: int) -> float:
    return lr * len(values) * _seed


class Model:
    @ex.capture
    def __init__(self, width: int, depth: int) -> None:
        self.width = width * depth

    @ex.capture
    def size(self, scale: float) -> float:
        return self.width * scale

    @staticmethod
    @ex.capture
    def kind(name: str) -> str:
        return name


@ex.command(unobserved=True)
def look(a: int) -> str:
    return str(a)


@ex.pre_run_hook
def before(_run: Run) -> None:
    _run.info["x"] = 1


@ex.main
def main(_run: Run, epochs: int) -> float:
    values = load(rows=3)
    assert_type(values, list[float])
    assert_type(fit(values), float)
    model = Model()
    assert_type(model.size(), float)
    assert_type(Model.kind(), str)
    _run.log_scalar("loss", 0.5, step=epochs)
    _run.log_scalars({"a": 1.0}, 3)
    return fit(values, lr=0.1)


assert_type(look(), str)
assert_type(main(), float)

run = ex.run("look", config_updates={"a": 1}, named_configs=["small"], options={"--id": "x"})
assert_type(run, Run)
assert_type(run.result, Any)

with start_run("loose", {"lr": 0.1}) as handle:
    assert_type(handle, Run)


class Mine(RunObserver):
    def completed_event(self, stop_time: object, result: Any) -> None:
        self.last = result
