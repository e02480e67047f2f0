from sacred import Ingredient

model = Ingredient("model")


@model.config
def config():
    units = 4


@model.capture
def make(units):
    return [0.0] * units
