"""The smallest experiment.

Try:
    python examples/hello_world.py
    python examples/hello_world.py with name=you
"""

from expkit import Experiment

ex = Experiment("hello")


@ex.config
def config():
    greeting = "Hello"
    name = "world"
    message = f"{greeting}, {name}!"  # follows the two above, unless it is set itself


@ex.automain
def main(message):
    print(message)
    return len(message)
