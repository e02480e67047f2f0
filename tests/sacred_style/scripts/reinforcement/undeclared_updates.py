"""Names that only updates and named configs give, because captured functions ask for them."""
from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("undeclared_updates")
ex.observers.append(FileStorageObserver("runs"))


@ex.named_config
def ppo():
    algorithm = "ppo"
    clip = 0.2


@ex.named_config
def dqn():
    algorithm = "dqn"
    epsilon = {"start": 1.0, "end": 0.1}


@ex.capture
def build(algorithm, clip=None, epsilon=None):
    return algorithm, clip, epsilon and dict(epsilon)


@ex.automain
def main(algorithm, gamma=0.9):
    print(build(), gamma)
    return algorithm
