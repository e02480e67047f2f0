"""Older spellings."""
import warnings

from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("deprecated")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ex.observers.append(FileStorageObserver.create("my_runs"))
print([warning.category.__name__ for warning in caught])


@ex.config
def cfg():
    x = [1, {"y": (2, 3)}]
    empty = {}
    numbers = {"inf": float("inf"), "none": None}


@ex.automain
def main(x, _run):
    _run.log_scalar("nan", float("nan"))
    _run.info["unusual"] = {1: "int key"}
    return {"x": x, 3: 4}
