"""Randomness: one root seed, and everything else follows from it by name.

Try:
    python examples/randomness.py with seed=42
    python examples/randomness.py with seed=42 noisy=yes
"""

import random

from expkit import Experiment

ex = Experiment("randomness")


@ex.config
def config():
    noisy = "no"


@ex.capture
def shuffled(_rnd):
    return _rnd.permutation(5).tolist()


@ex.capture
def noise(_seed):
    return _seed


@ex.automain
def main(noisy, seed):
    if noisy == "yes":
        noise()  # other functions have streams of their own: what follows does not change
    print(f"root seed {seed}")
    print(f"two calls: {shuffled()} {shuffled()}")
    print(f"Python's own generator is seeded with the root seed: {random.random() == random.Random(seed).random()}")
