"""Config that depends on the machine: by a hook and by the environment."""
import os

from sacred import Experiment, Ingredient
from sacred.observers import FileStorageObserver

env = Ingredient("env")


@env.config
def env_config():
    name = "cartpole"
    workers = 2


@env.config_hook
def scaled(config, command_name, logger):
    return {"total": config["env"]["workers"] * 10}


ex = Experiment("host_values", ingredients=[env])
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    scale = 10
    device = "cpu"


@ex.config_hook
def on_cluster(config, command_name, logger):
    if "HOME_OF_JOB" in os.environ:
        return {"device": "cuda"}
    return {"device": config["device"] + ":" + command_name, "log_dir": os.path.join("logs", config["env"]["name"])}


@ex.automain
def main(device, env, log_dir):
    print(device, env["total"], log_dir)
