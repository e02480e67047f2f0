"""Captured functions: what a call leaves out comes from the config.

Try:
    python examples/captured_functions.py with model.units=8
"""

from expkit import Experiment

ex = Experiment("captured")


@ex.config
def config():
    lr = 0.1
    model = {"units": 32, "activation": "relu"}


@ex.capture
def describe(lr, model, note="no note"):
    return f"lr {lr}, {model['units']} units, {note}"


@ex.capture(prefix="model")
def only_the_model(units, activation, _log):
    _log.info("this function sees only what is below `model`")
    return f"{units} units, {activation}"


@ex.capture
class Trainer:
    def __init__(self, lr, start=0):
        self.lr, self.start = lr, start


@ex.automain
def main(_run, _config):
    print(describe())
    print(describe(0.5, note="given by hand"))
    print(only_the_model())
    print(f"a trainer with lr {Trainer(start=3).lr} that starts at {Trainer(start=3).start}")
    print(f"the whole config of {_run.record.name}: {sorted(_config)}")
