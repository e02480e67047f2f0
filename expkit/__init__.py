"""expkit: decorate a script, override its config on the command line, find every run's record in a folder.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from expkit._support.secrets import Secret
    from expkit._support.terminal import apply_backspaces_and_linefeeds
    from expkit.capture.marker import from_config
    from expkit.cli.option import cli_option
    from expkit.errors import ExpkitError, RunInterrupt, TimeoutInterrupt
    from expkit.experiment import Experiment, start_run
    from expkit.ingredient import Ingredient
    from expkit.observers.base import RunObserver
    from expkit.observers.file import FileStorageObserver
    from expkit.observers.store import StoreObserver
    from expkit.provenance.machine.host import host_info_gatherer
    from expkit.readers.opening import open_run, runs
    from expkit.run.handle import Run
    from expkit.settings import SETTINGS
    from expkit.stores.urls import open_store

__version__ = "0.1.0"

__all__ = [
    "SETTINGS",
    "Experiment",
    "ExpkitError",
    "FileStorageObserver",
    "Ingredient",
    "Run",
    "RunInterrupt",
    "RunObserver",
    "Secret",
    "StoreObserver",
    "TimeoutInterrupt",
    "apply_backspaces_and_linefeeds",
    "cli_option",
    "from_config",
    "host_info_gatherer",
    "open_run",
    "open_store",
    "runs",
    "start_run",
]

_PLACES = {
    "SETTINGS": "settings",
    "Experiment": "experiment",
    "ExpkitError": "errors",
    "FileStorageObserver": "observers.file",
    "Ingredient": "ingredient",
    "Run": "run.handle",
    "RunInterrupt": "errors",
    "RunObserver": "observers.base",
    "Secret": "_support.secrets",
    "StoreObserver": "observers.store",
    "TimeoutInterrupt": "errors",
    "apply_backspaces_and_linefeeds": "_support.terminal",
    "cli_option": "cli.option",
    "from_config": "capture.marker",
    "host_info_gatherer": "provenance.machine.host",
    "open_run": "readers.opening",
    "open_store": "stores.urls",
    "runs": "readers.opening",
    "start_run": "experiment",
}


_MODULES = ("errors", "observers", "readers", "run", "settings", "stores", "testing")


def __getattr__(name: str) -> Any:
    if name not in _PLACES and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from expkit._support.loading import loading, module_of

    if name in _MODULES:
        return module_of(f"{__name__}.{name}")
    with loading:
        module = module_of(f"{__name__}.{_PLACES[name]}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
