"""Adversarial learning: subclasses as commands, config by captured functions of commands, unobserved ones too."""
import functools
import logging

from sacred import Experiment, Ingredient
from sacred.observers import FileStorageObserver

logger = logging.getLogger("sacred.reward_model")
reward = Ingredient("reward")


@reward.config
def reward_config():
    net_cls = None
    net_kwargs = {}
    normalize = True


@reward.named_config
def normalize_disable():
    normalize = False


@reward.named_config
def ensemble():
    net_cls = "Ensemble"
    net_kwargs = {"num_members": 5}


@reward.capture
def make_reward_net(net_cls, net_kwargs, normalize, **extra):
    return net_cls or "Basic", dict(net_kwargs), normalize, sorted(extra)


ex = Experiment("adversarial", ingredients=[reward])
ex.observers.append(FileStorageObserver("output"))


@ex.config
def train_defaults():
    show_config = False
    total_timesteps = int(1e6)
    algorithm_kwargs = dict(demo_batch_size=1024, n_disc_updates_per_round=4)
    checkpoint_interval = 0


@ex.named_config
def plain():
    algorithm_kwargs = {"demo_batch_size": 8}


@ex.capture
def train_adversarial(kind, show_config, algorithm_kwargs, total_timesteps, _run):
    print(kind, make_reward_net(), sorted(algorithm_kwargs.items()), total_timesteps, _run.command)
    return kind


@ex.command
def gail():
    return train_adversarial(kind="gail")


@ex.command
def airl():
    return train_adversarial("airl")


@ex.command(unobserved=True)
def check(_config):
    print(sorted(_config), functools.reduce(lambda a, b: a + b, [1, 2]))


def main_console():
    ex.run_commandline()


if __name__ == "__main__":
    main_console()
