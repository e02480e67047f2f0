"""Libraries that may be there: ``has_numpy``, and ``np`` where it is; each is looked for when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from expkit.compat.sacred.helpers import module_exists

if TYPE_CHECKING:
    from types import ModuleType

_SHORT = {"np": "numpy", "pandas": "pandas", "yaml": "yaml"}


def optional_import(*package_names: str) -> tuple[Any, ...]:
    """Whether all packages can be imported, and the packages, or None in their place."""
    try:
        return (True, *map(import_module, package_names))
    except ImportError:
        return (False, None)


def get_tensorflow() -> ModuleType:
    """TensorFlow.

    Raises:
        ImportError: it is not installed.
    """
    return import_module("tensorflow")


def __getattr__(name: str) -> Any:
    if name in _SHORT:
        return optional_import(_SHORT[name])[1]
    if name.startswith("has_"):
        return module_exists(name.removeprefix("has_"))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
