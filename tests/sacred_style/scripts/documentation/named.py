from sacred import Experiment

ex = Experiment("named")


@ex.config
def base():
    filters = 32
    depth = 2
    width = filters * depth
    optim = {"name": "sgd", "lr": 0.1, "extra": {"momentum": 0.9}}
    # a very long name for a comment
    tags = ["a", "b"]


@ex.config
def more(width, optim):
    double = width * 2
    kind = optim["name"].upper()


@ex.named_config
def wide():
    """Use many filters."""
    filters = 512
    optim = {"name": "adam"}


@ex.named_config
def deep():
    depth = 10


@ex.named_config
def deeper(depth):
    depth = depth + 5


ex.add_named_config("tiny", {"filters": 1, "optim": {"extra": {"momentum": 0}}})
ex.add_named_config("from_file", "named_small.json")
ex.add_named_config("keywords", depth=1)


@ex.automain
def main(filters, depth, width, double, optim, kind, tags):
    print(filters, depth, width, double, kind, tags)
    print(optim["name"], optim["lr"], optim["extra"]["momentum"])
    return double
