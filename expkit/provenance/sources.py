"""The source files that a run is made from."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from expkit._support.frozen import Frozen
from expkit.errors import SettingError
from expkit.provenance.modules import in_site_folder, is_virtualenv, users_modules
from expkit.provenance.projects import project_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STRATEGIES = ("none", "imported", "sys", "dir")
"""Values of ``SETTINGS.DISCOVER_SOURCES``."""

_SUFFIXES = (".py", ".ipynb", ".pyx", ".so", ".pyd", ".pyz", ".zip")
_CHUNK = 1 << 20


class SourceFile(Frozen, kw_only=False):
    """A source file as it is now.

    Attributes:
        path: where it lies, absolute.
        name: relative to ``root``, with forward slashes; unique among the sources of a run.
        root: ``project``; ``package`` for a module from elsewhere, named as it is imported; or ``elsewhere``.
        sha256, md5: hex digests of the bytes.
        size: in bytes.
        module: the name under which it is imported, or ``""``.
    """

    path: Path
    name: str
    root: str
    sha256: str
    md5: str
    size: int
    module: str = ""


def discover(
    strategy: str,
    base_dir: str | Path,
    mainfile: str | Path | None = None,
    extra: Iterable[str | Path] = (),
) -> list[SourceFile]:
    """The main file, the ``extra`` ones, and what ``strategy`` finds, sorted by name.

    Args:
        strategy: ``none``; ``imported`` or ``sys``: every module imported so far that is the user's own code, also
            from ``src/`` folders, editable installs and other places on the path, never from installed packages;
            ``dir``: all Python files below ``base_dir``, hidden folders and virtual environments left out.
        base_dir: of the experiment; names are relative to the project around it.
        mainfile: the experiment's file, or None where there is none.
        extra: files that the user named; those that are gone are left out.

    Raises:
        SettingError: there is no such strategy.
    """
    if strategy not in STRATEGIES:
        raise SettingError(f"SETTINGS.DISCOVER_SOURCES is {strategy!r}; it can be one of {', '.join(STRATEGIES)}")
    found: dict[str, str] = {}
    for module, file in _candidates(strategy, base_dir):
        found.setdefault(os.path.abspath(file), module)
    for named in (mainfile, *extra):
        if named is not None and (kept := _source_of(os.path.abspath(named))):
            found.setdefault(kept, "")
    naming = _Naming(project_root(base_dir))
    sources = [_source(path, module, naming) for path, module in sorted(found.items())]
    return sorted((source for source in sources if source is not None), key=lambda source: source.name)


def digests(path: str | Path) -> tuple[str, str, int]:
    """(sha256, md5, size) of a file; read again only after it has changed."""
    status = os.stat(path)
    return _digests(os.fspath(path), status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=16384)
def _digests(path: str, _modified: int, _size: int, _inode: int) -> tuple[str, str, int]:
    from hashlib import md5, sha256

    strong, weak, size = sha256(), md5(usedforsecurity=False), 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            strong.update(chunk)
            weak.update(chunk)
            size += len(chunk)
    return strong.hexdigest(), weak.hexdigest(), size


class _Naming:
    """Names for files: relative to the project where they lie in it, else by module, else by base name."""

    def __init__(self, project: Path) -> None:
        self._project = os.path.realpath(project)
        self._taken: set[str] = set()
        self._folders: dict[str, str] = {}

    def name(self, path: str, module: str) -> tuple[str, str]:
        """(root, name relative to it); a name that is taken already gets a number."""
        root, name = self._plain(path, module)
        stem, suffix = os.path.splitext(name)
        number = 1
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._taken.add(name)
        return root, name

    def _plain(self, path: str, module: str) -> tuple[str, str]:
        folder, base = os.path.split(path)
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder)
        if (real + os.sep).startswith(self._project.rstrip(os.sep) + os.sep) and not in_site_folder(real):
            return "project", os.path.relpath(os.path.join(real, base), self._project).replace(os.sep, "/")
        if module and module != "__main__":
            return "package", _module_path(module, base)
        return "elsewhere", base


def _module_path(module: str, base: str) -> str:
    parts = module.split(".")
    return "/".join([*(parts if base.startswith("__init__.") else parts[:-1]), base])


def _source(path: str, module: str, naming: _Naming) -> SourceFile | None:
    try:
        sha256, md5, size = digests(path)
    except OSError:  # gone since it was imported
        return None
    root, name = naming.name(path, module)
    return SourceFile(Path(path), name, root, sha256, md5, size, "" if module == "__main__" else module)


def _candidates(strategy: str, base_dir: str | Path) -> Iterator[tuple[str, str]]:
    """(module name, file) pairs; module names may be empty."""
    if strategy == "dir":
        return (("", file) for file in _python_files(os.path.abspath(base_dir)))
    modules = iter(()) if strategy == "none" else users_modules()
    kept = ((module, _source_of(file)) for module, file in modules)
    return ((module, file) for module, file in kept if file.endswith(_SUFFIXES))


def _source_of(file: str) -> str:
    """The file to keep for a module's ``__file__``: the source of bytecode, the archive around it, or ``""``."""
    if file.endswith(".pyc") and os.path.isfile(file[:-1]):
        return file[:-1]
    if os.path.isfile(file):
        return file
    while file != os.path.dirname(file):  # inside a zip archive the path goes on below a file
        file = os.path.dirname(file)
        if os.path.exists(file):
            return file if os.path.isfile(file) else ""
    return ""


def _python_files(base_dir: str) -> Iterator[str]:
    for folder, folders, files in os.walk(base_dir):
        folders[:] = [name for name in folders if _is_walked(name, os.path.join(folder, name))]
        yield from (os.path.join(folder, name) for name in files if name.endswith(".py"))


def _is_walked(name: str, path: str) -> bool:
    return not name.startswith((".", "__pycache__")) and not in_site_folder(path) and not is_virtualenv(path)
