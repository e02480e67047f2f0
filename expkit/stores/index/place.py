"""Where the index of a folder lies, and whether there may be one."""

from __future__ import annotations

import os

from expkit._support.digests import sha256_of
from expkit._support.places import state_dir
from expkit.settings import SETTINGS
from expkit.stores.disk.mounts import is_remote, may_map

SUFFIX = ".sqlite"


def index_of(root: str) -> str | None:
    """The file of the index of the runs in ``root``; None where there shall be none, or cannot be a safe one.

    Locks of files on other machines cannot be trusted, so there is no index in a home folder that lies on a network.
    """
    if not SETTINGS.INDEX.USE:
        return None
    folder = os.fspath(SETTINGS.INDEX.FOLDER or state_dir() / "index")
    try:
        return None if is_remote(_standing(folder)) else f"{folder}/{_identity(root)}{SUFFIX}"
    except OSError:
        return None


def _standing(folder: str) -> str:
    """The folder, or the nearest one around it that is there."""
    while not os.path.isdir(folder) and (outer := os.path.dirname(folder)) != folder:
        folder = outer
    return folder or "."


def _identity(root: str) -> str:
    """A name of a folder: its path, and on disks of this machine its inode, so that one made anew is another one."""
    inode = os.stat(root).st_ino if may_map(root) else 0
    return sha256_of(os.fsencode(f"{os.path.realpath(root)}\n{inode}"))[:32]
