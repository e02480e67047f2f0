"""Named configs: sets of changes that are applied together.

Try:
    python examples/named_configs.py print_named_configs
    python examples/named_configs.py with deep fast lr=0.5
"""

from expkit import Experiment

ex = Experiment("named")


@ex.config
def config():
    lr = 0.1
    layers = 2
    epochs = 100
    units = 256 // layers  # follows a named config, too


@ex.named_config
def deep():
    """Many thin layers."""
    layers = 8


@ex.named_config
def fast():
    """For a quick look."""
    epochs = 1
    lr = 1.0


ex.add_named_config("patient", epochs=1000)


@ex.automain
def main(lr, layers, units, epochs):
    print(f"lr {lr}, {layers} layers of {units} units, {epochs} epochs")
