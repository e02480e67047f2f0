from sacred import Experiment

inner = Experiment("inner")


@inner.config
def inner_config():
    x = 4
    y = x * 2


@inner.named_config
def big():
    x = 100


@inner.main
def inner_main(x, y):
    print("inner", x, y)
    return x + y


outer = Experiment("outer", ingredients=[inner])


@outer.config
def outer_config(inner):
    z = inner["y"] + 1


@outer.automain
def outer_main(z):
    print("outer", z)
    return inner_main() + z
