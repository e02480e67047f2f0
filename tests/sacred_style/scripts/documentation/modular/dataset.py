import numpy as np
from sacred import Ingredient

data_ingredient = Ingredient("dataset")


@data_ingredient.config
def cfg():
    basepath = "./data/"
    filename = "foo.npy"
    normalize = True


@data_ingredient.capture
def load_data(basepath, filename, normalize):
    print("loading dataset from {}{}".format(basepath, filename))
    if normalize:
        print("normalize dataset")
    return np.ones(3)


@data_ingredient.command
def stats(filename, foo=12):
    """Print some statistics."""
    print("Statistics for dataset '{}':".format(filename))
    print("mean = 42.23, foo=%s" % foo)
