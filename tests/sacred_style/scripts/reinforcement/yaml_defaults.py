"""Defaults from a YAML file, by its path."""
import os

from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("yaml_defaults")
ex.add_config(os.path.join(os.path.dirname(os.path.abspath(__file__)), "yaml_defaults.yaml"))
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def derived(epochs, lr):
    steps = epochs * 100
    final_lr = lr / 10


@ex.capture(prefix="agent")
def make_agent(kind, buffer):
    return kind, buffer["size"], buffer["prioritized"]


@ex.automain
def main(lr, schedule, steps, final_lr, _config):
    print(make_agent(), lr, schedule, steps, final_lr)
    print(sorted(_config["agent"]))
