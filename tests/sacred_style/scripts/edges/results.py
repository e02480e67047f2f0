"""Results and info of many kinds."""
import numpy as np
from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("results")
ex.observers.append(FileStorageObserver("runs"))
ex.add_config(kind="int")

KINDS = {
    "int": 3,
    "float": 1.5,
    "none": None,
    "text": "text",
    "list": [1, [2, "a"], None],
    "dict": {"a": {"b": [True, False]}},
    "numpy": np.arange(3),
    "scalar": np.int64(4),
    "bool": np.bool_(True),
}


@ex.automain
def main(kind, _run):
    _run.info["kind"] = {"kind": kind, "value": KINDS[kind]}
    return KINDS[kind]
