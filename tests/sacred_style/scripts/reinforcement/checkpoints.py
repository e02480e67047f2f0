"""Artifacts from files that are gone at once, in a loop."""
import json
import os
import tempfile

from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("checkpoints")
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    every = 2
    epochs = 4


@ex.capture
def save(state, epoch, _run):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        with open(path, "w") as f:
            json.dump(state, f)
        _run.add_artifact(path, name="model_{}.json".format(epoch))


@ex.automain
def main(epochs, every, _run):
    for epoch in range(1, epochs + 1):
        if epoch % every == 0:
            save({"epoch": epoch}, epoch)
    path = os.path.join(ex.observers[0].dir, "run.json")
    with open(path) as f:
        record = json.load(f)
    print(record["status"], sorted(record["artifacts"]), record["command"])
    with open("model_2.txt", "w") as f:
        f.write("last")
    ex.add_artifact("model_2.txt")
    os.remove("model_2.txt")
