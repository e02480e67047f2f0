"""The untracked files of a project: which they are, and their bytes."""

from __future__ import annotations

import os
import stat
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple
from expkit.provenance.git.asking import Silent
from expkit.provenance.git.patch import PATIENCE, started
from expkit.provenance.git.stores import FOLDER, TINYDB, StorePaths
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

_LONGEST_ANSWER = 10_000_000  # bytes of names
_LIST = (
    "ls-files", "--others", "--exclude-standard", f"--exclude={FOLDER}/", f"--exclude={TINYDB}/", "-z", "--"
)  # fmt: skip
_LINK, _PROGRAM, _FILE = "120000", "100755", "100644"


class Untracked(NamedTuple):
    """An untracked file.

    Attributes:
        path: relative to the repository's root.
        mode: that git would give it.
        content: its bytes; those of a symbolic link are its target.
    """

    path: str
    mode: str
    content: bytes


class UntrackedFiles:
    """Git at work on a list of untracked files, from the moment on that this is made.

    Args:
        root: of the working tree.
        entries: untracked files and folders, as ``git status`` names them.
        stores: files and folders that are known to be of stores, absolute.

    Attributes:
        nested: folders that are repositories of their own, once the names are known.
    """

    def __init__(self, root: str, entries: Sequence[str], stores: Iterable[str]) -> None:
        self._root = root
        self._stores = StorePaths(root, stores)
        self.nested: list[str] = []
        self._entries = [entry for entry in entries if not self._stores.has(entry)]
        self._git = started(root, *_LIST, paths=self._entries)

    def names(self) -> list[str] | str:
        """Paths that count as the project's: neither ignored nor of a store or a repository of its own.

        A sentence's end where they cannot be told.
        """
        if not self._entries:
            return []
        try:
            output = self._git.read(_LONGEST_ANSWER, PATIENCE) if self._git else b""
        except Silent:
            output = b""
        if not output:
            return "they are too many" if output is None else "git does not list them"
        names = os.fsdecode(output).split("\0")
        self.nested = [name.rstrip("/") for name in names if name.endswith("/") and not self._stores.has(name)]
        return [name for name in names if name and not name.endswith("/") and self._counts(name)]

    def _counts(self, path: str) -> bool:
        ignored = any(fnmatchcase(f"/{path}", pattern) for pattern in SETTINGS.GIT.IGNORE)
        return not ignored and not self._stores.has(path)


def choose(root: str, paths: Sequence[str], first: Collection[str]) -> tuple[list[str], list[str]]:
    """(paths that are kept, paths that are not): small ones before large ones, as many as the settings allow.

    Args:
        root: of the working tree.
        paths: relative to it.
        first: paths that are kept before all others.
    """
    sizes = {path: size for path in paths if (size := _size(os.path.join(root, path))) is not None}
    room, most, largest = (
        SETTINGS.GIT.MAX_UNTRACKED_TOTAL,
        SETTINGS.GIT.MAX_UNTRACKED_FILES,
        SETTINGS.GIT.MAX_UNTRACKED_SIZE,
    )
    kept: list[str] = []
    left_out: list[str] = []
    for path in sorted(sizes, key=lambda path: (path not in first, sizes[path], path)):
        fits = sizes[path] <= min(room, largest) and len(kept) < most and path.isprintable()
        room -= sizes[path] if fits else 0
        (kept if fits else left_out).append(path)
    return kept, left_out


def read(root: str, paths: Sequence[str]) -> Iterator[Untracked]:
    """The files that can be read; no link is followed, and nothing is waited for."""
    for path in paths:
        try:
            yield _read(root, path)
        except OSError:  # gone, or not ours to read
            continue


def _read(root: str, path: str) -> Untracked:
    place = os.path.join(root, path)
    if os.path.islink(place):
        return Untracked(path, _LINK, os.fsencode(os.readlink(place)))
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(place, flags), "rb") as file:
        mode = _PROGRAM if os.fstat(file.fileno()).st_mode & stat.S_IXUSR else _FILE
        return Untracked(path, mode, file.read(SETTINGS.GIT.MAX_UNTRACKED_SIZE))


def _size(place: str) -> int | None:
    """In bytes; None for what is gone, and for what is neither a file nor a link."""
    try:
        found = os.lstat(place)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode) else None
