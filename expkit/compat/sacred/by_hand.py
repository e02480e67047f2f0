"""Runs and random numbers made by hand."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from expkit.run.seeds import seed_globals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.experiment import Experiment
    from expkit.run.handle import Run

SEEDRANGE = (1, int(1e9))
"""Seeds that :func:`get_seed` gives, the upper end not included."""


def create_run(
    experiment: Experiment,
    command_name: str | None,
    config_updates: Mapping[str, Any] | None = None,
    named_configs: Sequence[str] = (),
    force: bool = False,
    log_level: str | int | None = None,
) -> Run:
    """An unstarted run; call it to start it."""
    options = {"--force": force, "--loglevel": log_level}
    return experiment._create_run(command_name, config_updates, named_configs, options=options)


def get_seed(rnd: Any = None) -> int:
    """A seed drawn from a generator of NumPy or Python; by default from Python's own."""
    low, high = SEEDRANGE
    if hasattr(rnd, "integers"):
        return int(rnd.integers(low, high))
    if rnd is None or isinstance(rnd, random.Random):
        return (rnd or random).randrange(low, high)
    return int(rnd.randint(low, high))


def set_global_seed(seed: int) -> None:
    """Seed the global generators of Python and of those libraries that are imported by now."""
    seed_globals(seed)
