"""The environment that agents act in."""
import contextlib
from typing import Any, Generator, Mapping

import sacred

environment_ingredient = sacred.Ingredient("environment")


@environment_ingredient.config
def config():
    gym_id = "seals/CartPole-v0"  # The environment to train on
    num_vec = 8  # number of environments in VecEnv
    parallel = True  # Use SubprocVecEnv rather than DummyVecEnv
    max_episode_steps = None  # Set to positive int to limit episode horizons
    env_make_kwargs = {}  # The kwargs passed to `spec.make`.

    locals()  # quieten flake8 unused variable warning


@environment_ingredient.capture
@contextlib.contextmanager
def make_env(
    gym_id: str,
    num_vec: int,
    env_make_kwargs: Mapping[str, Any],
    _run: sacred.run.Run,
    _rnd,
    **kwargs: Any,
) -> Generator[str, None, None]:
    print("open", gym_id, num_vec, dict(env_make_kwargs), sorted(kwargs), _run.status)
    try:
        yield gym_id
    finally:
        print("close")


@environment_ingredient.named_config
def fast():
    num_vec = 2
    parallel = False
    locals()  # quieten flake8 unused variable warning
