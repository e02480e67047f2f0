"""How the name ``sacred`` is answered: modules that look each of their names up in the table, when it is asked for."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec

from expkit.compat.sacred.names import FILE, MODULES, STARS, resolve, submodules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader as _Loader
    from types import ModuleType
    from typing import Any
else:
    _Loader = object  # the real one takes milliseconds to import

ROOT = "sacred"
WORKERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "workers")
"""A folder with a module ``sacred``: multiprocessing hands its path on, so that worker processes find the names, too."""


class Loader(_Loader):
    """Makes the modules; nothing is loaded before a name is asked for."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:  # noqa: ARG002
        """Leave it to the interpreter."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Give a module the names that its predecessor had."""
        name = module.__name__
        table = MODULES[name]
        module.__doc__ = f"The names of {name}, answered by expkit; the map is in {FILE}."
        module.__getattr__ = lambda wanted: _found(module, wanted)  # type: ignore[method-assign]
        module.__dir__ = lambda: sorted({*vars(module), *table, *submodules(name)})  # type: ignore[method-assign]
        stars = [entry for entry in table if not entry.startswith("_")]
        module.__all__ = [*stars, *STARS.get(name, ())]  # type: ignore[attr-defined]

    def is_package(self, name: str) -> bool:
        """Whether a module has modules below it."""
        return bool(submodules(name))

    def get_source(self, name: str) -> str:  # noqa: ARG002
        """The table: there is no other source."""
        with open(FILE, encoding="utf-8") as file:
            return file.read()


class Finder:
    """Stands first on ``sys.meta_path`` and knows the modules of the table."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """How to load a module; None for one that is not in the table."""
        if fullname not in MODULES:
            return None
        spec = ModuleSpec(fullname, LOADER, origin=FILE, is_package=LOADER.is_package(fullname))
        spec.has_location = True
        return spec


LOADER = Loader()
FINDER = Finder()


def install() -> None:
    """Answer to the name ``sacred`` from now on.

    Raises:
        ImportError: another ``sacred`` was imported before.
    """
    present = sys.modules.get(ROOT)
    if present is not None and not _is_ours(present):
        where = getattr(present, "__file__", None) or "somewhere"
        raise ImportError(
            f"`sacred` was imported before `import expkit.compat.sacred`, from {where}, and one program cannot use both: "
            "import expkit.compat.sacred first, or start the script with `python -m expkit.compat.sacred SCRIPT`",
            name=ROOT,
            path=where,
        )
    if FINDER not in sys.meta_path:
        sys.meta_path.insert(0, FINDER)
    if WORKERS not in sys.path:
        sys.path.insert(1, WORKERS)


def _is_ours(module: ModuleType) -> bool:
    """Whether we made it, or it is the one that finds us in a worker process."""
    return getattr(module, "__loader__", None) is LOADER or getattr(module, "__file__", "") == _worker_file()


def _worker_file() -> str:
    return os.path.join(WORKERS, f"{ROOT}.py")


def _found(module: ModuleType, name: str) -> Any:
    value = _value(module.__name__, name)
    setattr(module, name, value)
    return value


def _value(module: str, name: str) -> Any:
    from importlib import import_module

    place = MODULES[module].get(name)
    if place is not None:
        return resolve(place, name)
    if name in submodules(module):
        return import_module(f"{module}.{name}")
    raise AttributeError(f"module {module!r} (of expkit) has no attribute {name!r}")
