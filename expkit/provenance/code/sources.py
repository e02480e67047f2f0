"""The source files that a run is made from."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple
from expkit.errors import SettingError
from expkit.provenance.code.executed import noted
from expkit.provenance.code.imported import content, recall_contents, remember_contents, was_imported
from expkit.provenance.code.modules import in_site_folder, is_virtualenv, real_path, users_modules
from expkit.provenance.projects import project_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from expkit._support.signature import Signature

STRATEGIES = ("none", "imported", "sys", "dir")
"""Values of ``SETTINGS.DISCOVER_SOURCES``."""

MANY = 100
"""Of more files than these, the digests are remembered for the next run."""

_NATIVE = (".so", ".pyd")
_SUFFIXES = (".py", ".ipynb", ".pyx", *_NATIVE, ".pyz", ".zip", ".egg", ".whl")
_COMPILED_FROM = (
    ".py", ".pyx", ".pxd", ".pxi", ".c", ".cc", ".cpp", ".cxx", ".cu", ".h", ".hpp", ".f", ".f90", ".rs",
)  # fmt: skip


class SourceFile(NamedTuple):
    """A source file as it was imported.

    Attributes:
        path: where it lies, absolute.
        name: relative to ``root``, with forward slashes; unique among the sources of a run.
        root: ``project``; ``package`` for a module from elsewhere, named as it is imported; or ``elsewhere``.
        sha256, md5: hex digests of the bytes.
        size: in bytes.
        module: the name under which it is imported, or ``""``.
        changed: these bytes are not those that were imported, or nobody can tell.
        data: the bytes, where the file has others by now.
    """

    path: str
    name: str
    root: str
    sha256: str
    md5: str
    size: int
    module: str = ""
    changed: bool = False
    data: bytes | None = None


class Sources:
    """Looks for the sources of one run, as often as asked; each look tells what is new.

    Args:
        strategy: ``none``; ``imported`` or ``sys``: every module imported so far that is the user's own code, also
            from ``src/`` folders, editable installs and other places on the path, never from installed packages;
            ``dir``: all Python files below ``base_dir``, hidden folders and virtual environments left out.
        base_dir: of the experiment; names are relative to the project around it.
        project: its root, if that is known.

    Attributes:
        problems: sentences on what the last look could not have as it was imported.

    Raises:
        SettingError: there is no such strategy.
    """

    def __init__(self, strategy: str, base_dir: str | Path, project: str | Path = "") -> None:
        if strategy not in STRATEGIES:
            raise SettingError(f"SETTINGS.DISCOVER_SOURCES is {strategy!r}; it can be one of {', '.join(STRATEGIES)}")
        self.problems: list[str] = []
        self._strategy = strategy
        self._base_dir = os.path.abspath(base_dir)
        self._project = os.path.realpath(project or project_root(base_dir))
        self._naming = _Naming(self._project)
        self._seen: dict[str, Signature | None] = {}
        self._executions = len(noted)
        self._news = (-1, "", -1)

    def has_news(self) -> bool:
        """Whether a look may find anything new; cheap."""
        return self._news != _news()

    def look(self, named: Iterable[str | Path] = ()) -> list[SourceFile]:
        """What is new since the last look, sorted by name; see :meth:`find`."""
        return self.read(self.find(named))

    def find(self, named: Iterable[str | Path] = ()) -> dict[str, str]:
        """The files that are new since the last look, absolute, and the modules that they make (or ``""``).

        Args:
            named: files that the user named; those that are gone are left out.
        """
        first, self._news, self.problems = self._news[0] < 0, _news(), []
        found: dict[str, str] = {}
        for module, file in self._candidates(first):
            found.setdefault(real_path(file), module)
        for name in named:
            if kept := _source_of(real_path(name)):
                found.setdefault(kept, "")
        return {path: found[path] for path in sorted(found.keys() - self._seen.keys())}

    def read(self, found: Mapping[str, str]) -> list[SourceFile]:
        """What :meth:`find` has found, and what was executed without an import, as it was then; sorted by name."""
        if len(found) > MANY:
            recall_contents(self._project)
        executed = self._new_executions()
        new = [self._source(path, module, executed.get(path)) for path, module in found.items()]
        new += [
            self._source(path, "", as_it_was) for path, as_it_was in executed.items() if self._is_new(path, as_it_was)
        ]
        return sorted((source for source in new if source is not None), key=lambda source: source.name)

    def remember(self) -> None:
        """Let the next run of a project of many files know what they consist of; for the background."""
        remember_contents(self._project, list(self._seen))

    def _candidates(self, first: bool) -> Iterator[tuple[str, str]]:
        if self._strategy == "none" or (self._strategy == "dir" and not first):
            return iter(())
        if self._strategy == "dir":
            return (("", file) for file in _python_files(self._base_dir))
        return _with_native_sources(users_modules())

    def _new_executions(self) -> dict[str, Signature]:
        """What was executed since the last look, and what it was like the last time."""
        new = list(noted)[self._executions :]
        self._executions += len(new)
        if self._strategy not in ("imported", "sys"):
            return {}
        return {real_path(file): signature for file, signature in new}

    def _is_new(self, path: str, signature: Signature) -> bool:
        return self._seen.get(path) != signature

    def _source(self, path: str, module: str, executed: Signature | None = None) -> SourceFile | None:
        self._seen[path] = executed
        try:
            known = content(path, module, executed)
        except OSError:  # inside an archive, or gone since it was imported
            return self._elsewhere(path, module)
        self._seen[path] = known.signature
        root, name = self._naming.name(path, module)
        if known.changed:
            self.problems.append(f"source {name} has changed since it was imported; what is kept was found later")
        module = "" if module == "__main__" else module
        return SourceFile(path, name, root, known.sha256, known.md5, known.size, module, known.changed, known.data)

    def _elsewhere(self, path: str, module: str) -> SourceFile | None:
        around = _source_of(path)
        if around:
            return None if around in self._seen else self._source(around, module)
        if was_imported(module):
            self.problems.append(f"source {os.path.basename(path)} is gone since it was imported")
        return None


def discover(
    strategy: str,
    base_dir: str | Path,
    mainfile: str | Path | None = None,
    extra: Iterable[str | Path] = (),
) -> list[SourceFile]:
    """The main file, the ``extra`` ones, and what ``strategy`` finds, sorted by name; see :class:`Sources`.

    Raises:
        SettingError: there is no such strategy.
    """
    named = extra if mainfile is None else (mainfile, *extra)
    return Sources(strategy, base_dir).look(named)


def _news() -> tuple[int, str, int]:
    """What is another one after an import, also where a module was removed: the last one is new, or was moved there."""
    modules = list(sys.modules)
    return len(modules), modules[-1], len(noted)


class _Naming:
    """Names for files: relative to the project where they lie in it, else by module, else by base name."""

    def __init__(self, project: str) -> None:
        self._project = project.rstrip(os.sep) + os.sep
        self._taken: dict[str, str] = {}
        self._folders: dict[str, str | None] = {}

    def name(self, path: str, module: str) -> tuple[str, str]:
        """(root, name relative to it); a name that another file has already gets a number."""
        root, name = self._plain(path, module)
        stem, suffix = os.path.splitext(name)
        number = 1
        while self._taken.setdefault(name, path) != path:
            number += 1
            name = f"{stem}-{number}{suffix}"
        return root, name

    def _plain(self, path: str, module: str) -> tuple[str, str]:
        folder, base = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = self._within(folder + os.sep)
        within = self._folders[folder]
        if within is not None:
            return "project", within + base
        if module and module != "__main__":
            return "package", _module_path(module, base)
        return "elsewhere", base

    def _within(self, folder: str) -> str | None:
        """The way from the project to a folder in it."""
        if not folder.startswith(self._project) or in_site_folder(folder):
            return None
        return folder[len(self._project) :].replace(os.sep, "/")


def _module_path(module: str, base: str) -> str:
    parts = module.split(".")
    return "/".join([*(parts if base.startswith("__init__.") else parts[:-1]), base])


def _with_native_sources(modules: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The modules whose files can be sources, and what lies beside a compiled one and has its name."""
    for module, file in modules:
        if file.endswith(_NATIVE):
            stem = os.path.join(os.path.dirname(file), os.path.basename(file).partition(".")[0])
            yield from (("", stem + suffix) for suffix in _COMPILED_FROM if os.path.isfile(stem + suffix))
        source = file[:-1] if file.endswith(".pyc") and os.path.isfile(file[:-1]) else file
        if source.endswith(_SUFFIXES) or module == "__main__":
            yield module, source


def _source_of(file: str) -> str:
    """The file, or the archive around it, or ``""``."""
    if os.path.isfile(file):
        return file
    while file != os.path.dirname(file):  # inside an archive the path goes on below a file
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
