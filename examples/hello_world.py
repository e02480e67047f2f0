"""The smallest experiment."""

from expkit import Experiment

ex = Experiment("hello")


@ex.config
def config():
    greeting = "Hello"
    name = "world"
    message = f"{greeting}, {name}!"


@ex.automain
def main(message):
    print(message)
    return len(message)
