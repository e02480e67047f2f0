import sys
import numpy as np
from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("digits", save_git_info=False, interactive=False)
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def config():
    lr = 0.1
    layers = [64, 32]
    sizes = {"train": 3, "test": float("nan")}
    weights = np.arange(3)
    shape = (1, 2)


@ex.command
def broken(lr):
    raise ValueError("no data")


@ex.automain
def main(_run, lr):
    print("training")
    for step in range(4):
        _run.log_scalar("loss", 1.0 / (step + 1), step * 10)
        _run.log_scalar("acc", float("nan") if step == 0 else 0.25 * step)
    open("model.txt", "w").write("weights")
    open("data.csv", "w").write("1,2\n")
    ex.add_artifact("model.txt", "model.txt")
    ex.open_resource("data.csv").close()
    _run.info["epochs"] = 4
    return 0.75
