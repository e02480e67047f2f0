"""Trains an agent.

Can be used as a CLI script, or the `train` function can be called directly.
"""
import pathlib

from sacred.observers import FileStorageObserver

from agents.algorithms.learner import Learner
from agents.scripts.config import train_ex
from agents.scripts.ingredients import environment, policy


@train_ex.capture
def make_learner(env, algorithm_kwargs, total_timesteps):
    return Learner(env, steps=total_timesteps, **algorithm_kwargs)


@train_ex.main
def train(_run, _config, log_root, checkpoint_interval, algorithm_specific):
    """Trains.

    Args:
        checkpoint_interval: how often.
    """
    with environment.make_env() as env:
        learner = make_learner(env)
        print(policy.make_policy())
        print(log_root, checkpoint_interval, dict(algorithm_specific))
        return learner.learn(_run.log_scalar)


def main_console():
    observer = FileStorageObserver(pathlib.Path("output") / "sacred" / "train")
    train_ex.observers.append(observer)
    train_ex.run_commandline()


if __name__ == "__main__":  # pragma: no cover
    main_console()
