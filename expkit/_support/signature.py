"""What tells whether a file's bytes may have changed, without reading them: :class:`Signature`."""

from __future__ import annotations

import os
from stat import S_ISREG

from expkit._support.blame import raise_foreign
from expkit._support.named import NamedTuple

_COARSE = 2 * 10**9
_FINE = 2 * 10**7
"""How far apart two changes must be to give two times, in nanoseconds, with room to spare."""


class Signature(NamedTuple):
    """What changes when a file's bytes change.

    Times are nanoseconds since the epoch. A program can set the time of modification back, as ``rsync -t`` does, but
    not that of the change.

    Attributes:
        size: in bytes.
        modified: when bytes were written.
        changed: when bytes, name or rights changed; on Windows, when the file was made.
        device, inode: where the file lies.
    """

    size: int
    modified: int
    changed: int
    device: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Signature:
        """The signature in what the system says about a file."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino)

    def is_sure(self, at: int) -> bool:
        """Whether bytes that were read from a time on (nanoseconds) have this signature, and no later ones can."""
        is_coarse = not self.changed % 10**9 or os.name == "nt"
        return at - max(self.modified, self.changed) > (_COARSE if is_coarse else _FINE)

    @property
    def latest(self) -> float:
        """When the file was last written to, as far as anything tells, in seconds since the epoch."""
        return max(self.modified, self.changed) / 1e9


def signature_of(path: str | os.PathLike[str]) -> Signature | None:
    """The signature of a regular file as it is now; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise_foreign(error)  # what a signal handler raises to tell of a timeout is an OSError
        return None
    return Signature.of(status) if S_ISREG(status.st_mode) else None
