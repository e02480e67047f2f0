"""Helpers from Sacred's own modules, as training scripts use them."""
import sacred
from sacred import Experiment
from sacred.commands import print_config
from sacred.config import load_config_file, save_config_file
from sacred.observers import FileStorageObserver
from sacred.run import Run

ex = Experiment("helpers")
ex.observers.append(FileStorageObserver.create("runs"))
ex.add_config({"seed": 3, "lr": 0.1, "model": {"depth": 2}})


@ex.main
def main(_run: Run, _config, model):
    print_config(_run)
    save_config_file({"lr": 0.5, "model": dict(model)}, "helped.json")
    print(load_config_file("helped.json"))
    assert isinstance(_run, sacred.run.Run)
    assert isinstance(_run.observers[0], sacred.observers.FileStorageObserver)


if __name__ == "__main__":
    ex.run(config_updates={"lr": 0.2})
    ex.add_config("helped.json")
    print(ex.run().config["lr"])
