"""Which imported modules there are, and whose code they are: the user's or a library's."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SITE_FOLDERS = ("site-packages", "dist-packages")
_DEBUGGERS = ("_pydev", "debugpy", "pycharm", "_pycharm", "pydev")
_NO_NAMES: dict[str, object] = {}
_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def users_modules() -> Iterator[tuple[str, str]]:
    """(module name, file) of all modules imported so far that are the user's own code, the main module included.

    That is: no installed package, not the interpreter's, no debugger's, not expkit's.
    """
    for name, module in list(sys.modules.items()):
        # Through the dict: attribute access would trigger modules that load themselves lazily.
        file = getattr(module, "__dict__", _NO_NAMES).get("__file__")
        if isinstance(file, str) and not is_library(file) and not name.startswith(_DEBUGGERS):
            yield name, file


@lru_cache(maxsize=16384)
def is_library(file: str) -> bool:
    """Whether a file belongs to the standard library, an installed package, the interpreter's programs or expkit."""
    folder = os.path.dirname(os.path.abspath(file))
    if in_site_folder(folder) or folder in _program_folders():
        return True
    return any((folder + os.sep).startswith(library + os.sep) for library in _library_folders())


def in_site_folder(path: str) -> bool:
    """Whether a path leads through a folder in which packages are installed."""
    return any(f"{os.sep}{site}{os.sep}" in path + os.sep for site in _SITE_FOLDERS)


def is_virtualenv(folder: str) -> bool:
    """Whether the folder is the root of a virtual environment."""
    return os.path.exists(os.path.join(folder, "pyvenv.cfg"))


@lru_cache(maxsize=1)
def _library_folders() -> frozenset[str]:
    standard = os.path.dirname(os.path.abspath(os.__file__))
    return frozenset({standard, os.path.realpath(standard), _OWN_FOLDER})


@lru_cache(maxsize=1)
def _program_folders() -> frozenset[str]:
    programs = os.path.dirname(os.path.abspath(sys.executable or os.curdir))
    return frozenset({programs, os.path.realpath(programs)})
