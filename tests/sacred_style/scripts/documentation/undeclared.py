"""Names that no config declares, but captured functions ask for."""
from sacred import Experiment, Ingredient

data = Ingredient("data")


@data.capture
def load(path, limit=None):
    return path, limit


ex = Experiment("undeclared", ingredients=[data])


@ex.capture(prefix="opt")
def optimizer(lr, momentum=0.5):
    return lr, momentum


@ex.automain
def main(a, b=2):
    print(a, b)
    print(optimizer())
    print(load())
