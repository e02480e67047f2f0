from sacred import Experiment, Ingredient
from sacred.utils import InvalidConfigError

data = Ingredient("data")


@data.config
def data_config():
    n = 5
    split = {"train": 0.8, "test": 0.3}


@data.capture(prefix="split")
def split(train, test):
    if train + test > 1:
        raise InvalidConfigError("more than everything", ["train", "test"])
    return train


ex = Experiment("invalid", ingredients=[data])


@ex.config
def cfg():
    batch = 10
    size = 3
    if size > 100:
        raise InvalidConfigError("too large", ["size"])


@ex.capture
def check(batch, size):
    if batch % size:
        raise InvalidConfigError("batch must be a multiple of size", ("batch", "size"))


@ex.automain
def main(batch, size):
    if size == 2:
        return split()
    check()
