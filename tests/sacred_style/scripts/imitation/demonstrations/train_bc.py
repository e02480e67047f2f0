"""Behavioural cloning: ingredients of several modules, each with named configs."""
import os

import sacred
from sacred.observers import FileStorageObserver

from demonstrations.ingredients import env, expert

bc_ex = sacred.Experiment("bc", ingredients=[env.env_ingredient, expert.expert_ingredient])


@bc_ex.config
def defaults():
    bc = dict(batch_size=32, l2_weight=3e-5, optimizer_kwargs=dict(lr=1e-3))
    n_epochs = 2
    agent_path = None


@bc_ex.config
def directories(env):
    log_dir = os.path.join("output", env["name"])


@bc_ex.named_config
def fast():
    n_epochs = 1
    env = dict(horizon=5)
    expert = dict(episodes=1)


@bc_ex.capture(prefix="bc")
def make_trainer(batch_size, l2_weight, optimizer_kwargs):
    return batch_size, l2_weight, dict(optimizer_kwargs)


@bc_ex.command
def evaluate(n_epochs, _run):
    """Only looks at the policy."""
    _run.log_scalar("eval", n_epochs)
    return env.make()


@bc_ex.main
def train(n_epochs, log_dir, agent_path, _run):
    print(make_trainer(), env.make(), expert.demonstrate(), log_dir, agent_path)
    for epoch in range(n_epochs):
        _run.log_scalar("bc/loss", 1 / (1 + epoch), epoch)
    return {"imit_stats": {"monitor_return_len": 2, "return_mean": 1.5}, "expert_stats": {}}


if __name__ == "__main__":
    bc_ex.observers.append(FileStorageObserver("output/sacred/bc"))
    bc_ex.run_commandline()
