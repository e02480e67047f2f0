"""The environment of demonstrations and of learners."""
import sacred

env_ingredient = sacred.Ingredient("env")


@env_ingredient.config
def defaults():
    name = "pendulum"  # The task
    horizon = 200
    make_kwargs = {}

    locals()


@env_ingredient.named_config
def half_cheetah():
    name = "half_cheetah"
    horizon = 1000


@env_ingredient.named_config
def short():
    horizon = 10


@env_ingredient.capture
def make(name, horizon, make_kwargs):
    return {"name": name, "horizon": horizon, **make_kwargs}
