"""The policy, depending on the environment's config."""
import logging

import sacred

policy_ingredient = sacred.Ingredient("policy")
logger = logging.getLogger(__name__)


@policy_ingredient.config
def config():
    # Training
    policy_cls = "base.FeedForward32"
    policy_kwargs = {}
    locals()


@policy_ingredient.named_config
def normalize():
    policy_kwargs = {"normalize_class": "RunningNorm"}
    locals()


@policy_ingredient.config_hook
def config_hook(config, command_name, logger):
    """Sets defaults that depend on the other ingredients."""
    del logger
    res = {}
    if config["environment"]["gym_id"].startswith("seals/"):
        res["from_seals"] = command_name
    return res


@policy_ingredient.capture
def make_policy(policy_cls, policy_kwargs, from_seals=None):
    return policy_cls, dict(policy_kwargs), from_seals
