from sacred import Experiment

ex = Experiment("prefix")


@ex.config
def cfg():
    epochs = 100
    optimizer = {"kind": "adam", "params": {"lr": 1e-3, "beta": 0.9}}
    model = dict(name="linear", units=3)


@ex.capture(prefix="optimizer.params")
def params(lr, beta, _config):
    return lr, beta, dict(_config)


@ex.capture(prefix="optimizer")
def describe(kind, params, verbose=False):
    return kind, dict(params), verbose


@ex.capture(prefix="nothing.here")
def nothing(_config, a=3):
    return _config, a


class Model:
    @ex.capture(prefix="model")
    def __init__(self, name, units):
        self.name, self.units = name, units

    @ex.capture
    def fit(self, epochs, bonus=0):
        return self.name, epochs + bonus

    @staticmethod
    @ex.capture(prefix="model")
    def static(units, factor=2):
        return units * factor

    @classmethod
    @ex.capture(prefix="model")
    def make(cls, name):
        return cls(name + "!")


def plain(epochs):
    return epochs


captured = ex.capture(plain)


@ex.automain
def main():
    print(params())
    print(params(lr=5)[:2], params(7, beta=8)[:2])
    print(describe(), describe(verbose=True), describe("x", {}))
    print(nothing())
    model = Model()
    print(model.name, model.units, Model(units=9).units)
    print(model.fit(), model.fit(3), model.fit(bonus=1))
    print(Model.static(), Model.static(5), Model.static(factor=10))
    print(Model.make().name)
    print(captured(), plain(3))
    print(params.__name__, describe.__doc__)
