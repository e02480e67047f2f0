"""Named configs that build upon each other, and nested updates."""
from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("curriculum")
ex.observers.append(FileStorageObserver("runs"))
ex.add_config({"env": {"id": "maze", "kwargs": {"size": 3, "walls": True}}, "agent": {"lr": 1e-3, "layers": [8]}})


@ex.config
def cfg(env, agent):
    horizon = env["kwargs"]["size"] ** 2
    tag = "{}-{}".format(env["id"], len(agent["layers"]))


@ex.named_config
def large():
    env = {"kwargs": {"size": 9}}


@ex.named_config
def larger(env):
    env = {"kwargs": {"size": env["kwargs"]["size"] + 2}}


@ex.named_config
def open_field():
    env = dict(id="field", kwargs=dict(walls=False))
    agent = {"layers": [16, 16]}


ex.add_named_config("debug", {"agent": {"lr": 1.0}, "env": {"kwargs": {"size": 1}}})


@ex.automain
def main(env, agent, horizon, tag):
    print(env["id"], env["kwargs"]["size"], env["kwargs"]["walls"], agent["lr"], list(agent["layers"]), horizon, tag)
    return horizon
