"""Which imported modules there are, and whose code they are: the user's or a library's."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SITE_FOLDERS = ("site-packages", "dist-packages", "__pypackages__")
"""Names of folders in which packages are installed."""

_DEBUGGERS = ("_pydev", "debugpy", "pycharm", "_pycharm", "pydev")
_OWN_FOLDER = os.path.abspath(__file__).rpartition(f"{os.sep}provenance{os.sep}")[0]


def loaded() -> Iterator[tuple[str, dict[str, Any]]]:
    """All entries of ``sys.modules`` with their names, see :func:`names_of`; those that are called by no text are left out."""
    entries: list[tuple[object, object]] = list(sys.modules.items())
    return ((name, names_of(module)) for name, module in entries if isinstance(name, str))


def names_of(module: object) -> dict[str, Any]:
    """What a module holds, without asking it: one that loads itself lazily would do so. Nothing for what is no module."""
    try:
        names = object.__getattribute__(module, "__dict__")
    except Exception:  # anything may be among the modules
        return {}
    return names if type(names) is dict else {}


def is_lazy(module: object) -> bool:
    """Whether a module will load itself when it is first used."""
    return type(module).__name__ == "_LazyModule"


def users_modules() -> list[tuple[str, str]]:
    """(module name, file) of all modules imported so far that are the user's own code, the main module included.

    That is: no installed package, nothing in a virtual environment, not the interpreter's, no debugger's, not expkit's.
    """
    return list(_users_modules(imported()))


def imported() -> tuple[int, ...]:
    """Which modules are imported: another answer after every change, and found out much faster than anything of them."""
    return tuple(map(id, list(sys.modules.values())))


@lru_cache(maxsize=1)
def _users_modules(_: tuple[int, ...]) -> list[tuple[str, str]]:
    return list(_each_of_the_users())


def _each_of_the_users() -> Iterator[tuple[str, str]]:
    for name, names in loaded():
        file = names.get("__file__")
        if isinstance(file, str) and not is_library(file) and not name.startswith(_DEBUGGERS):
            yield name, file


def is_library(file: str) -> bool:
    """Whether a file belongs to the standard library, an installed package, an environment, or expkit."""
    return _is_library(os.path.dirname(file if os.path.isabs(file) else os.path.abspath(file)))


def in_site_folder(path: str) -> bool:
    """Whether a path leads through a folder in which packages are installed."""
    return any(f"{os.sep}{site}{os.sep}" in path + os.sep for site in SITE_FOLDERS)


def is_virtualenv(folder: str) -> bool:
    """Whether the folder is the root of a virtual environment."""
    return os.path.exists(os.path.join(folder, "pyvenv.cfg"))


def real_path(file: str | os.PathLike[str]) -> str:
    """The absolute path of a file, without symbolic links on the way to it."""
    file = os.fspath(file)
    folder, base = os.path.split(file if os.path.isabs(file) else os.path.abspath(file))
    return os.path.join(real_folder(folder), base)


@lru_cache(maxsize=16384)
def real_folder(folder: str) -> str:
    """An absolute path of a folder without symbolic links, as it was when it was first asked for."""
    return os.path.realpath(folder)


@lru_cache(maxsize=16384)
def _is_library(folder: str) -> bool:
    return any(
        in_site_folder(place)
        or place in _program_folders()
        or any((place + os.sep).startswith(library + os.sep) for library in _library_folders())
        or _in_environment(place)
        for place in {folder, real_folder(folder)}
    )


def _in_environment(folder: str) -> bool:
    """Whether a folder lies in a virtual environment, and not only because the whole program does."""
    environment = _environment(folder)
    return bool(environment) and not (_main_folder() + os.sep).startswith(environment + os.sep)


@lru_cache(maxsize=16384)
def _environment(folder: str) -> str:
    """The virtual environment around a folder, or ``""``."""
    if is_virtualenv(folder):
        return folder
    parent = os.path.dirname(folder)
    return _environment(parent) if parent != folder else ""


def _main_folder() -> str:
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.dirname(real_path(main or "main"))


@lru_cache(maxsize=1)
def _library_folders() -> frozenset[str]:
    standard = os.path.dirname(os.path.abspath(os.__file__))
    compiled = os.path.join(sys.base_exec_prefix, sys.platlibdir, os.path.basename(standard))
    return frozenset({standard, os.path.realpath(standard), compiled, _OWN_FOLDER})


@lru_cache(maxsize=1)
def _program_folders() -> frozenset[str]:
    programs = os.path.dirname(os.path.abspath(sys.executable or os.curdir))
    return frozenset({programs, os.path.realpath(programs)})
