"""Who demonstrates; needs the environment's ingredient."""
import sacred

from demonstrations.ingredients import env

expert_ingredient = sacred.Ingredient("expert", ingredients=[env.env_ingredient])


@expert_ingredient.config
def defaults(env):
    policy_type = "ppo"
    loader_kwargs = dict(path="experts/{}".format(env["name"]))
    episodes = 50


@expert_ingredient.named_config
def small():
    episodes = 2


@expert_ingredient.named_config
def random():
    policy_type = "random"
    loader_kwargs = {"path": None}


@expert_ingredient.config_hook
def hook(config, command_name, logger):
    del logger
    return {"steps": config["expert"]["episodes"] * config["env"]["horizon"]}


@expert_ingredient.capture
def demonstrate(policy_type, loader_kwargs, episodes, _rnd, steps=None):
    assert _rnd is not None
    return [policy_type, loader_kwargs["path"], episodes, steps]
