"""Commands: several things that one script can do, with one config.

Try:
    python examples/commands.py help
    python examples/commands.py evaluate with model=large
    python examples/commands.py greet
"""

from expkit import Experiment

ex = Experiment("commands")


@ex.config
def config():
    model = "small"


@ex.command
def evaluate(model):
    """Evaluate a model; recorded like any other run."""
    print(f"evaluating the {model} model")
    return 0.9


@ex.command(unobserved=True)
def greet():
    """Only say hello; nothing is recorded."""
    print("hello")


@ex.automain
def train(model):
    """Train a model."""
    print(f"training a {model} model")
