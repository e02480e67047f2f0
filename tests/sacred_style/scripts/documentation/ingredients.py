"""Ingredients in one file, in the style of the documentation."""
from sacred import Experiment, Ingredient

paths = Ingredient("dataset.paths")


@paths.config
def paths_config():
    base = "/data"
    full = base + "/full"


@paths.capture
def where(full, base):
    return full, base


data_ingredient = Ingredient("dataset", ingredients=[paths])


@data_ingredient.config
def data_config(paths):
    filename = paths["base"] + "/my_dataset.npy"  # the file
    normalize = True
    sizes = {"train": 60, "test": 40}


@data_ingredient.named_config
def raw():
    normalize = False


@data_ingredient.capture
def load_data(filename, normalize, sizes, _log):
    _log.warning("loading %s", filename)
    return [filename, normalize, sizes["train"] + sizes["test"]]


model = Ingredient("model", ingredients=[data_ingredient])
model.add_config({"units": 5, "act": "relu"})


@model.config
def from_data(dataset, units):
    inputs = dataset["sizes"]["train"]
    weights = inputs * units


@model.capture
def build(units, weights, dataset, act="tanh"):
    return units, weights, dataset["filename"], act


ex = Experiment("my_experiment", ingredients=[data_ingredient, model])


@ex.config
def cfg(dataset, model):
    epochs = 3
    total = model["weights"] * epochs
    name = dataset["filename"].split("/")[-1]


@ex.named_config
def fast():
    epochs = 1
    dataset = {"sizes": {"train": 6}}


@ex.automain
def run(epochs, total, name, dataset, model):
    print(epochs, total, name)
    print(load_data(), load_data(normalize="maybe"))
    print(build(), build(1))
    print(where())
    print(sorted(dataset), sorted(model))
    return total
