"""Which file systems may be written through memory."""

from __future__ import annotations

import os
import sys
from functools import cache

SAFE = frozenset(("ext2", "ext3", "ext4", "xfs", "tmpfs", "ramfs", "overlay"))
"""Where room that was taken stays taken, so that writing to memory cannot fail, and where all readers see it at once.

Not so over networks and in user space (other machines see it late), nor where each write takes new room (btrfs, zfs, apfs).
"""

_REMOTE = (
    "nfs",
    "cifs",
    "smb",
    "fuse",
    "9p",
    "lustre",
    "gpfs",
    "beegfs",
    "afs",
    "ceph",
    "virtiofs",
    "ocfs",
    "gfs",
    "pvfs",
)
"""How the names of file systems begin whose files other machines, or programs, may change and lock."""

_TABLE = "/proc/self/mountinfo"


def may_map(folder: str) -> bool:
    """Whether files in ``folder`` may be mapped into memory for writing; where nobody can say they may not."""
    if sys.platform != "linux":
        return os.name == "nt"
    return _kind(os.stat(folder).st_dev) in SAFE


def is_remote(folder: str) -> bool:
    """Whether files in ``folder`` lie on another machine, as far as the system tells."""
    return sys.platform == "linux" and _kind(os.stat(folder).st_dev).startswith(_REMOTE)


@cache
def _kind(device: int) -> str:
    """The type of the file system on a device, ``""`` if the system does not tell."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open(_TABLE, encoding="utf-8", errors="replace") as file:
            return next((kind for place, kind in map(_parsed, file) if place == wanted), "")
    except OSError:
        return ""


def _parsed(line: str) -> tuple[str, str]:
    """Device and type in a line of the table of mounts."""
    fields, _, rest = line.partition(" - ")
    return fields.split(" ", 3)[2], rest.partition(" ")[0]
