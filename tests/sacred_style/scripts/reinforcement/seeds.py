"""Seeds that scripts hand on to their libraries."""
import random

import numpy as np
from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("seeds")
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    seed = 4
    numbers = 3


@ex.capture
def set_seeds(seed):
    random.seed(seed)
    np.random.seed(seed)
    return seed


@ex.automain
def main(seed, numbers, _seed, _rnd):
    print(seed, isinstance(_seed, int), type(_rnd).__name__)
    print([random.randint(0, 99) for _ in range(numbers)], np.random.randint(0, 99, numbers).tolist())
    print(set_seeds(), [random.randint(0, 99) for _ in range(numbers)], np.random.randint(0, 99, numbers).tolist())
    return seed
