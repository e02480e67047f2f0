"""Which files count as a run's, and what they are called without absolute paths."""

from __future__ import annotations

import os
import re
import sys
from fnmatch import translate
from typing import TYPE_CHECKING

from expkit.provenance.code.modules import in_site_folder, is_library

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SYSTEM = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr/bin", "/usr/include",
    "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/sbin", "/usr/share", "/var/cache", "/var/lib", "/System",
    "/Library", "/opt/homebrew",
)  # fmt: skip
_WINDOWS = ("SYSTEMROOT", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMDATA")
_OF_PREFIX = ("bin", "etc", "include", "lib", "lib64", "share", "ssl", "Library", "DLLs", "Scripts")
_HOME = (".config", ".local/share", ".matplotlib", ".ipython", ".jupyter", ".fonts", ".nv", ".triton")


class Places:
    """Which files count, and their names.

    Args:
        project: the root of the project.
        ours: folders of stores and of expkit's own state.
        roots: folders below which files count; None: everywhere but in the system's, Python's and packages' folders.
        ignore: patterns of files that do not count; a file in the project is matched by its path from there.
    """

    def __init__(
        self,
        project: str | os.PathLike[str],
        ours: Iterable[str | os.PathLike[str]] = (),
        roots: Sequence[str | os.PathLike[str]] | None = None,
        ignore: Iterable[str] = (),
    ) -> None:
        named = {"project": os.path.abspath(project), "cwd": os.getcwd(), "home": os.path.expanduser("~")}
        self._named = [
            (root, place.rstrip(os.sep) + os.sep)
            for root, folder in named.items()
            for place in _both(folder)
            if _is_telling(place)
        ]
        self._ours = [place for folder in ours for place in _both(folder)]
        self._roots = None if roots is None else [place for root in roots for place in _both(root)]
        self._system = [place for folder in _system_folders(named["home"]) for place in _both(folder)]
        self._ignored = re.compile("|".join(translate(pattern) for pattern in ignore) or r"(?!)")
        self._judged: dict[str, bool] = {}

    def counts(self, path: str) -> bool:
        """Whether a file may be an input or output, judged by its absolute path."""
        folder = os.path.dirname(path)
        judged = self._judged.get(folder)
        if judged is None:
            judged = self._judged[folder] = self._folder_counts(path)
        return judged and not self._ignored.match(self._matched(path))

    def name(self, path: str) -> tuple[str, str]:
        """(named root, path from there with forward slashes); from elsewhere only the last folder is told."""
        for root, folder in self._named:
            if path.startswith(folder):
                return root, path[len(folder) :].replace(os.sep, "/")
        folder, base = os.path.split(path)
        return "elsewhere", "/".join(part for part in (os.path.basename(folder), base) if part)

    def _folder_counts(self, path: str) -> bool:
        if any(_is_below(path, folder) for folder in self._ours):
            return False
        if self._roots is not None:
            return any(_is_below(path, root) for root in self._roots)
        if in_site_folder(path) or is_library(path):
            return False
        return self._is_near(path) or not any(_is_below(path, folder) for folder in self._system)

    def _matched(self, path: str) -> str:
        root, name = self.name(path)
        return f"/{name}" if root in {"project", "cwd"} else path.replace(os.sep, "/")

    def _is_near(self, path: str) -> bool:
        return self.name(path)[0] in {"project", "cwd"}


def _both(folder: str | os.PathLike[str]) -> list[str]:
    """The folder as it is named, and where it really is."""
    named = os.path.abspath(os.path.expanduser(folder))
    return list(dict.fromkeys((named, os.path.realpath(named))))


def _is_telling(folder: str) -> bool:
    """Whether a path from there says less than an absolute one."""
    return os.path.dirname(folder) != folder


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _system_folders(home: str) -> list[str]:
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix}
    return [
        *(_SYSTEM if os.name == "posix" else ()),
        *(os.environ[name] for name in _WINDOWS if name in os.environ and os.name == "nt"),
        *(os.path.join(prefix, part) for prefix in sorted(prefixes) for part in _OF_PREFIX),
        *(os.path.join(home, part) for part in _HOME),
    ]
