"""A new captured function changes nobody else's random numbers."""
import sys

from sacred import Experiment, Ingredient

data = Ingredient("data")
more = Ingredient("more")
ex = Experiment("stable", ingredients=[more, data] if "more" in sys.argv else [data])
ex.add_config(seed=3)

if "more" in sys.argv:

    @ex.capture
    def early(_seed):
        return _seed


@data.capture
def shuffle(_seed):
    return _seed


@ex.capture
def draw(_rnd):
    return float(_rnd.random())


@ex.main
def main(_seed):
    print([shuffle(), shuffle(), draw(), _seed])


if __name__ == "__main__":
    ex.run_commandline(["stable.py", "-u"])
