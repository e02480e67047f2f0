"""Where a user's project begins, and where its runs go by default."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from expkit._support.urls import folder_of, mistyped, placed, split_url
from expkit.errors import ConfigFileError
from expkit.settings import SETTINGS

STORE_VARIABLE = "EXPKIT_STORE"
"""Environment variable that names the default store."""


def project_root(start: str | Path) -> Path:
    """The nearest folder from ``start`` upwards with a ``pyproject.toml`` or ``.git``.

    If none has, it is the folder from which ``python -m`` imported the package around ``start``, else ``start`` itself.
    """
    folder = os.path.abspath(start)
    return Path(_nearest(folder, "pyproject.toml", ".git") or _outside_of_package(folder))


def default_store(cwd: str | Path | None = None) -> Path | str:
    """Where runs go that name no observer: a folder, or a store's URL.

    The first of: ``SETTINGS.DEFAULT_STORE``, the environment variable ``EXPKIT_STORE``, ``store`` in the table
    ``[tool.expkit]`` of the nearest ``pyproject.toml``, ``runs`` beside that file, ``runs`` in ``cwd``.

    Args:
        cwd: where to start looking, the current folder by default; relative answers start here, too. What
            ``pyproject.toml`` says starts at its own folder: ``runs``, ``sqlite:///lab.db``, ``tinydb:lab``.

    Raises:
        ConfigFileError: the table in ``pyproject.toml`` cannot be read.
    """
    here = os.path.abspath(cwd or os.getcwd())
    chosen = SETTINGS.DEFAULT_STORE or os.environ.get(STORE_VARIABLE)
    if chosen:
        return _place(chosen, here)
    project = _nearest(here, "pyproject.toml")
    if not project:
        return Path(here, "runs")
    return placed(_table(Path(project, "pyproject.toml")).get("store", "runs"), project)


def _outside_of_package(folder: str) -> str:
    """The folder itself, unless it lies in the package that ``python -m`` runs."""
    main = sys.modules.get("__main__")
    package = getattr(getattr(main, "__spec__", None), "parent", "") or ""
    home = os.path.dirname(os.path.abspath(getattr(main, "__file__", None) or ""))
    for _ in package.split(".") if package else ():
        home = os.path.dirname(home)
    top = os.path.join(home, package.partition(".")[0])
    return home if package and f"{folder}{os.sep}".startswith(f"{top}{os.sep}") else folder


def _nearest(folder: str, *markers: str) -> str:
    """The first folder upwards that holds one of ``markers``, or ``""``."""
    while not any(os.path.lexists(os.path.join(folder, marker)) for marker in markers):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent
    return folder


def _place(chosen: str | os.PathLike[str], base: str) -> Path | str:
    scheme, rest = split_url(chosen)
    is_path = scheme == "folder" and rest and not mistyped(rest)
    return folder_of(rest, base) if is_path else os.fspath(chosen)


def _table(pyproject: Path) -> dict[str, Any]:
    """``[tool.expkit]``; the parser is loaded only if there seems to be one."""
    try:
        content = pyproject.read_bytes()
    except OSError as error:
        raise ConfigFileError(f"{pyproject}: cannot be read: {error.strerror}") from error
    if b"expkit" not in content:
        return {}
    table = _parsed(pyproject, content).get("tool", {}).get("expkit", {})
    if not isinstance(table.get("store", ""), str):
        raise ConfigFileError(f'{pyproject}: [tool.expkit] store must be a text, for example store = "runs"')
    return dict(table)


def _parsed(pyproject: Path, content: bytes) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return dict(tomllib.loads(content.decode()))
    except ValueError as error:
        raise ConfigFileError(f"{pyproject}: {error}") from error
