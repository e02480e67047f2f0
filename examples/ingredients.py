"""Ingredients: parts with a config, functions, commands and named configs of their own, used by several experiments.

Try:
    python examples/ingredients.py with data.normalize=no
    python examples/ingredients.py print_config with data.tiny
    python examples/ingredients.py data.stats
"""

from expkit import Experiment, Ingredient

paths = Ingredient("paths")


@paths.config
def paths_config():
    root = "/data"


data = Ingredient("data", ingredients=[paths])


@data.config
def data_config(paths):
    file = f"{paths['root']}/digits.csv"
    size = 1000
    normalize = "yes"


@data.named_config
def tiny():
    """A handful, to try things out."""
    size = 10


@data.capture
def load(file, size, normalize):
    return f"{size} rows of {file}, {'' if normalize == 'yes' else 'not '}normalized"


@data.command(unobserved=True)
def stats():
    """Show what would be loaded."""
    print(load())


ex = Experiment("ingredients", ingredients=[data])


@ex.config
def config(data):
    steps = data["size"] * 2  # entries of ingredients can be used


@ex.automain
def main(steps):
    print(f"{steps} steps on {load()}")
