"""The installed packages that a run uses, with their versions.

Reads the folders of installed metadata itself: ``importlib.metadata`` takes 40 ms to import and half a second to
map modules to the packages of a usual environment.
"""

from __future__ import annotations

import json
import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from expkit._support.frozen import Frozen
from expkit.errors import SettingError
from expkit.provenance.code.helpers import HELPERS, only_ours
from expkit.provenance.code.modules import SITE_FOLDERS, imported, in_site_folder, loaded
from expkit.provenance.code.remembered import recall, remember

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STRATEGIES = ("none", "imported", "sys", "pkg")
"""Values of ``SETTINGS.DISCOVER_DEPENDENCIES``."""

_HEAD = 4096  # name and version stand among the first lines; the text below them may be long

UNKNOWN = "<unknown>"
"""Version of a module that lies among the installed packages but belongs to none."""


elsewhere: dict[str, str] = {}
"""Top-level modules that worker processes have imported, with the file of one module below."""


def package_module(file: str) -> str:
    """The top-level module of an installed package that a file of code belongs to, or ``""``."""
    for site in SITE_FOLDERS:
        _, found, way = file.partition(f"{os.sep}{site}{os.sep}")
        if found and file.endswith((".py", ".pyc", ".so", ".pyd")):
            return way.removeprefix(f"__pycache__{os.sep}").partition(os.sep)[0].partition(".")[0]
    return ""


def package_files() -> list[str]:
    """Of each top-level module of an installed package that is imported by now, the file of one module below."""
    return [file for file in _top_modules(imported()).values() if in_site_folder(file)]


def note_elsewhere(file: str) -> None:
    """A worker process has imported a module of an installed package; what expkit uses itself does not count."""
    module = package_module(file)
    if module and module not in HELPERS and module[:1] != "_" and module not in sys.stdlib_module_names:
        elsewhere.setdefault(module, file)


class Package(Frozen, kw_only=False):
    """An installed package, named as its metadata spells it.

    Attributes:
        home: the folder, or file, of its metadata; ``""`` for one that only the user knows.
    """

    name: str
    version: str
    home: str = ""

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def discover_packages(strategy: str, explicit: Iterable[tuple[str, str]] = ()) -> list[str]:
    """``name==version`` of the packages that are in use, sorted.

    Args:
        strategy: ``none``; ``imported`` or ``sys``: packages of which a module is imported by now; ``pkg``: all that
            are installed.
        explicit: (name, version) of packages that the user named; they win over what is found.

    Raises:
        SettingError: there is no such strategy.
    """
    if strategy not in STRATEGIES:
        raise SettingError(f"SETTINGS.DISCOVER_DEPENDENCIES is {strategy!r}; it can be one of {', '.join(STRATEGIES)}")
    chosen = {_normal(package.name): package for package in _found(strategy)}
    chosen.update((_normal(name), Package(name, version)) for name, version in explicit)
    return sorted(map(str, chosen.values()), key=str.lower)


def installed() -> list[Package]:
    """All installed packages, sorted by name; of two with one name the one that is imported."""
    found: dict[str, Package] = {}
    for shelf in _shelves():
        for name, dist in shelf.dists.items():
            if name not in found:
                found[name] = _package(dist)
    return sorted(found.values(), key=lambda package: str(package).lower())


def places() -> tuple[tuple[str, int], ...]:
    """The folders of the path with installed packages, and when each changed last (nanoseconds since the epoch)."""
    return tuple((shelf.folder, _modified(shelf.folder)) for shelf in _shelves() if shelf.dists)


def remember_owners() -> None:
    """Let later processes know which package brought which module; for the background."""
    for shelf in _shelves():
        shelf.remember()


def has_new_owners() -> bool:
    """Whether :func:`remember_owners` would have anything to do."""
    return any(shelf.is_new for shelf in _shelves())


def _shelves() -> list[_Shelf]:
    return [_shelf(folder, _modified(folder)) for folder in _folders()]


def _found(strategy: str) -> Iterable[Package]:
    if strategy == "none":
        return ()
    return installed() if strategy == "pkg" else _in_use(_shelves())


def _folders() -> dict[str, None]:
    return dict.fromkeys(os.path.abspath(entry) for entry in sys.path)


def _in_use(shelves: list[_Shelf]) -> Iterator[Package]:
    installed: dict[_Shelf, list[str]] = {}
    ours = only_ours()
    for module, file in {**elsewhere, **_top_modules(imported())}.items():
        if module in ours:
            continue
        if in_site_folder(file):
            around = [shelf for shelf in shelves if file.startswith(shelf.folder + os.sep)]
            if around:
                shelf = max(around, key=lambda shelf: len(shelf.folder))
                installed.setdefault(shelf, []).append(_brought_as(module, file[len(shelf.folder) + 1 :]))
        else:  # the user's own code counts only if it is installed in place
            yield from _in_place(_normal(module), shelves)
    for shelf, modules in installed.items():
        yield from (_package(dist) if dist else Package(module, UNKNOWN) for module, dist in shelf.owners(modules))


@lru_cache(maxsize=1)
def _top_modules(_: tuple[int, ...]) -> dict[str, str]:
    """Top-level names in use to the file of one module below; standard library and private names left out."""
    tops: dict[str, str] = {}
    for name, names in loaded():
        top = name.partition(".")[0]
        if top in tops or top in sys.stdlib_module_names or top[:1] == "_":
            continue
        file = names.get("__file__")
        if isinstance(file, str):
            tops[top] = file
    return tops


def _brought_as(module: str, way: str) -> str:
    """What lies first on the way to a module's file: some packages bring others that are theirs alone."""
    first = way.partition(os.sep)[0].partition(".")[0]
    return module if first in ("", "__pycache__") else first


class _Shelf:
    """One folder of the path: the packages whose metadata lie in it."""

    def __init__(self, folder: str, modified: int, dists: Mapping[str, str]) -> None:
        self.folder = folder
        self.dists = dists  # normalised name -> its metadata
        self._owners: dict[str, str] = {}  # top-level module -> metadata of the package that brought it, or ""
        self._key = ("owners", folder, modified)
        self.is_new = False

    def owners(self, modules: list[str]) -> list[tuple[str, str]]:
        """Each module with the metadata of the package that brought it, or ``""`` where none did."""
        for module in modules:
            if _normal(module) in self.dists:
                self._owners.setdefault(module, self.dists[_normal(module)])
        if not self._owners.keys() >= set(modules):
            self._recall()
        self._search([module for module in modules if module not in self._owners])
        return [(module, self._owners[module]) for module in modules]

    def remember(self) -> None:
        """Let later processes know what had to be searched for."""
        if self.is_new:
            self.is_new = False
            names = {module: os.path.basename(dist) for module, dist in self._owners.items() if dist}
            remember(self._key, json.dumps(names))

    def _recall(self) -> None:
        try:
            names = json.loads(recall(self._key) or "{}")
        except ValueError:
            return
        homes = {os.path.basename(dist): dist for dist in self.dists.values()}
        for module, name in names.items() if isinstance(names, dict) else ():
            if name in homes:
                self._owners.setdefault(module, homes[name])

    def _search(self, modules: list[str]) -> None:
        """Look through the packages' lists of files, likely names first, each list once."""
        wanted = dict.fromkeys(modules)
        self.is_new |= bool(wanted)
        for _, dist in sorted(
            self.dists.items(), key=lambda item: not any(_normal(module) in item[0] for module in wanted)
        ):
            if not wanted:
                return
            for module in _brought(dist, wanted):
                self._owners[module] = dist
                del wanted[module]
        self._owners.update(dict.fromkeys(wanted, ""))


@lru_cache(maxsize=64)
def _shelf(folder: str, modified: int) -> _Shelf:
    dists = {}
    for entry in _listing(folder):
        stem, suffix = os.path.splitext(entry)
        if suffix in (".dist-info", ".egg-info"):
            dists[_normal(stem.split("-")[0])] = os.path.join(folder, entry)
    return _Shelf(folder, modified, dists)


def _in_place(name: str, shelves: list[_Shelf]) -> list[Package]:
    dists = [shelf.dists[name] for shelf in shelves if name in shelf.dists]
    return [_package(dist) for dist in dists if _is_in_place(dist)][:1]


@lru_cache(maxsize=4096)
def _package(dist: str) -> Package:
    """What the metadata say, which may spell the name otherwise than their folder does."""
    headers = dict(_headers(dist))
    stem = os.path.splitext(os.path.basename(dist))[0].split("-")
    version = headers.get("Version", stem[1] if len(stem) > 1 else UNKNOWN)
    return Package(headers.get("Name", stem[0]), version, dist)


def _headers(dist: str) -> Iterator[tuple[str, str]]:
    text = next(filter(None, (read(dist, name, _HEAD) for name in ("METADATA", "PKG-INFO", ""))), "")
    for line in text.partition("\n\n")[0].splitlines():
        key, colon, value = line.partition(": ")
        if colon and key in ("Name", "Version"):
            yield key, value.strip()


def _brought(dist: str, modules: Iterable[str]) -> list[str]:
    """Which of these top-level modules a package brought, by its list of files."""
    files = "\n" + (read(dist, "RECORD") or read(dist, "top_level.txt")) + "\n"
    return [module for module in modules if any(f"\n{module}{end}" in files for end in "/.\n")]


@lru_cache(maxsize=4096)
def _is_in_place(dist: str) -> bool:
    return not in_site_folder(dist) or '"editable": true' in read(dist, "direct_url.json").replace('":true', '": true')


def read(dist: str, name: str, limit: int = -1) -> str:
    """The text of a file among the metadata of a package, up to so many bytes; ``""`` where there is none."""
    try:
        with open(os.path.join(dist, name) if name else dist, "rb", buffering=0) as file:
            return file.read(limit).decode(errors="replace").replace("\r\n", "\n")
    except OSError:
        return ""


def _listing(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _modified(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _normal(name: str) -> str:
    """One spelling for all ways to write a package's name."""
    return name.lower().replace("-", "_").replace(".", "_")
