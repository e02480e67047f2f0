"""Random numbers: reproducible from the root seed, in every ingredient."""
import random

import numpy as np
from sacred import Experiment, Ingredient

deepest = Ingredient("deepest")


@deepest.capture
def dig(_seed, _rnd):
    return _seed, int(_rnd.integers(10**6))


middle = Ingredient("middle", ingredients=[deepest])


@middle.capture
def roll(_rnd):
    return _rnd.normal() if False else float(_rnd.random())


ex = Experiment("randomness", ingredients=[middle])


@ex.config
def cfg():
    numbers = 1


@ex.capture
def draw(_seed):
    return _seed


@ex.capture
def draw_other(_seed):
    return _seed


@ex.main
def main(seed, _rnd, _seed):
    first, again = draw(), draw()
    assert first != again != draw_other()
    return {
        "seed": seed,
        "globals": [random.random(), float(np.random.rand())],
        "own": [_seed, float(_rnd.random()), first, again],
        "middle": roll(),
        "deepest": dig(),
    }


if __name__ == "__main__":
    one = ex.run(config_updates={"seed": 42}).result
    random.random()
    two = ex.run(config_updates={"seed": 42}).result
    three = ex.run(config_updates={"seed": 43}).result
    print("same", one["globals"] == two["globals"], one["own"] == two["own"])
    print("ingredients same", one["middle"] == two["middle"], one["deepest"] == two["deepest"])
    print("different", one["own"] != three["own"], one["globals"] != three["globals"])
    print("seeded", one["globals"][0] == random.Random(42).random())
    random.seed(1)
    free = ex.run().result["seed"], ex.run().result["seed"]
    print("free seeds differ", free[0] != free[1])
    print(type(ex.run(config_updates={"seed": 0}).result["seed"]).__name__)
