"""A config function that asks for the seed."""
import random

import numpy as np
from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("seed_in_config")
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg(seed):
    env_seed = seed + 1
    numbers = 3


@ex.automain
def main(seed, env_seed, numbers, _seed):
    print(seed, env_seed, isinstance(_seed, int))
    print([random.randint(0, 99) for _ in range(numbers)], np.random.randint(0, 99, numbers).tolist())
    return env_seed
