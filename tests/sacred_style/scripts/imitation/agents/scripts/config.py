"""Configuration of train, in a file of its own."""
import os

import sacred

from agents.scripts.ingredients.environment import environment_ingredient
from agents.scripts.ingredients.policy import policy_ingredient

train_ex = sacred.Experiment("train", ingredients=[environment_ingredient, policy_ingredient])


@train_ex.config
def train_defaults():
    algorithm_kwargs = {}
    total_timesteps = 3  # Num of environment transitions to sample
    log_root = None
    log_dir = None
    checkpoint_interval = 0  # Number of epochs between checkpoints (<0 disables)
    algorithm_specific = {}


@train_ex.config
def default_directories(log_root, environment):
    if log_root is None:
        log_root = os.path.join("output", environment["gym_id"].replace("/", "_"))


@train_ex.named_config
def half_cheetah():
    locals().update(checkpoint_interval=10)
    environment = {"gym_id": "HalfCheetah-v2", "env_make_kwargs": {"ctrl": 0.5}}
    algorithm_kwargs = {"lr": 0.5}


@train_ex.named_config
def fast():
    total_timesteps = 1


hyperparameters = os.path.join(os.path.dirname(__file__), "tuned.json")
train_ex.add_named_config("tuned", hyperparameters)
