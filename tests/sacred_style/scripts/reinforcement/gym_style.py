"""Single-agent learning with a parser in front: options of its own are taken off before Sacred sees the rest."""
import argparse
import sys

from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("gym_style")


@ex.config
def base():
    env_name = "CartPole-v1"
    total_steps = 10
    gamma = 0.99
    network = {"hidden": [64, 64], "activation": "tanh"}
    eval_every = total_steps // 5


@ex.named_config
def atari():
    env_name = "PongNoFrameskip-v4"
    total_steps = 100
    network = {"activation": "relu"}


@ex.main
def train(env_name, total_steps, gamma, network, eval_every, _run):
    returns = []
    value = 0.0
    for step in range(1, total_steps + 1):
        value = gamma * value + 1.0
        if step % eval_every == 0:
            returns.append(round(value, 4))
            _run.log_scalar("eval/return", value, step)
    print(env_name, network["hidden"], network["activation"], returns)
    return {"returns": returns, "final": value}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--logdir", default="logs")
    parser.add_argument("--no-save", action="store_true")
    args, rest = parser.parse_known_args()
    if not args.no_save:
        ex.observers.append(FileStorageObserver.create(args.logdir))
    ex.run_commandline([sys.argv[0]] + rest)
