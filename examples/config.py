"""Where config comes from: functions, dicts, files, and a hook that looks at all of it.

Try:
    python examples/config.py print_config with layers[0].units=64
    python examples/config.py explain steps with batch=10
    python examples/config.py with big.yaml
"""

from pathlib import Path

from expkit import Experiment
from expkit.errors import InvalidConfigError

ex = Experiment("config")

# A dict; entries that are not in it are mistakes, except below `options`: it is empty.
ex.add_config({"optimizer": {"name": "sgd", "momentum": 0.9}, "options": {}})

# A file: JSON, YAML or TOML.
ex.add_config(Path(__file__).with_name("config_defaults.toml"))


@ex.config
def config(images):  # `images` comes from the file
    batch = 20  # images per step
    steps = images // batch  # follows an override of either
    layers = [{"units": units} for units in (32, 16)]
    if steps > 100:
        patience = 10


@ex.config_hook
def check(config, command_name, logger):
    if config["batch"] > config["images"]:
        raise InvalidConfigError("a batch cannot be larger than the data", ["batch", "images"], config=config)
    return {"optimizer": {"momentum": 0.0}} if config["optimizer"]["name"] == "adam" else {}


@ex.automain
def main(steps, layers, optimizer):
    print(f"{steps} steps of {optimizer['name']} on layers of {[layer['units'] for layer in layers]} units")
    return steps
