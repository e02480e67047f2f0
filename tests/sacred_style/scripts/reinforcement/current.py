"""Reaching the run from everywhere."""
from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("current")
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    name = "agent"


class Logger:
    def __init__(self):
        self.run = ex.current_run

    def log(self, key, value, step):
        self.run.log_scalar(key, value, step)
        ex.info[key] = value


@ex.capture
def helper(_run, name):
    return _run is ex.current_run, name, _run._id


@ex.automain
def main(_run, _config):
    print(ex.current_run is _run, ex.current_run._id, ex.observers[0] is _run.observers[0])
    print(ex.path, _run.experiment_info["name"], ex.current_run.config["name"])
    logger = Logger()
    logger.log("reward", 3.5, 1)
    print(helper(), sorted(_run.info.items()), _run.status, _run.unobserved)
    ex.current_run.info["nested"] = {"a": [1, {"b": None}]}
    _run.result = 5
    return None
