"""A patch of what differs from the commit in tracked files."""

from __future__ import annotations

import os
from time import time_ns
from typing import TYPE_CHECKING

from expkit.provenance.git.asking import Git, Silent
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = 30.0
"""Seconds until git is given up."""

_LONGEST_LIST = 20_000  # characters; Windows takes no more than 32,767 on a command line

# What the user has set for looking at differences must not change what a patch looks like.
_DIFF = (
    "-c", "diff.suppressBlankEmpty=false", "-c", "core.safecrlf=false", "diff", "--binary", "--full-index",
    "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative", "--src-prefix=a/",
    "--dst-prefix=b/", "--unified=3", "--inter-hunk-context=0", "--submodule=short", "--ignore-submodules=dirty",
    f"-O{os.devnull}",
)  # fmt: skip


class Patch:
    """Git at work on a patch, from the moment on that this is made.

    Args:
        root: of the working tree.
        commit: to compare with.
        paths: that differ and go into the patch.
        private: that differ and must not.
    """

    def __init__(self, root: str, commit: str, paths: Sequence[str], private: Sequence[str]) -> None:
        self._root = root
        self._paths = paths
        self._began = time_ns()
        self._git = started(root, *_DIFF, commit, "--", paths=paths, private=private)

    def text(self) -> bytes | str:
        """The patch, which may be empty (a new file that is gone again), or why there is none."""
        limit = SETTINGS.GIT.MAX_PATCH_SIZE
        try:
            text = self._git.read(limit, PATIENCE) if self._git else ""
        except Silent:
            text = ""
        if text == "":
            return "git made no patch"
        return f"the patch is larger than {limit:,} bytes" if text is None else text

    @property
    def uncertain(self) -> bool:
        """Whether a file was written while git looked at it."""
        return any(is_newer(os.path.join(self._root, path), self._began) for path in self._paths)


def started(root: str, *command: str, paths: Sequence[str], private: Sequence[str] = ()) -> Git | None:
    """Git at work on these paths; None where there are none, or no git any more.

    So many paths that no command line takes them are all paths but the private ones.
    """
    if not paths:
        return None
    try:
        if sum(map(len, paths)) < _LONGEST_LIST:
            return Git(root, "--literal-pathspecs", *command, *paths, quiet=True).widen()
        return Git(root, *command, ".", *(f":(top,exclude,literal){path}" for path in private), quiet=True).widen()
    except OSError:
        return None


def is_newer(path: str, time: int) -> bool:
    """Whether the file was written after ``time``, in nanoseconds since the epoch."""
    try:
        return os.lstat(path).st_mtime_ns > time
    except OSError:
        return False
