"""Kept bytes under names that people gave: the store knows them by hash alone."""

from __future__ import annotations

import os


class NamedBytes:
    """A temporary folder with a link for each file that was asked for; gone with this object."""

    def __init__(self) -> None:
        self._folder = ""

    def path(self, blob: os.PathLike[str], sha256: str, name: str) -> str:
        """Where these bytes lie under this name.

        Args:
            blob: where they are kept.
            sha256: their hash.
            name: without folders.
        """
        self._folder = self._folder or self._made()
        target = os.path.join(self._folder, sha256, name)
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _link(os.path.abspath(blob), target)
        return target

    def _made(self) -> str:
        import tempfile
        from weakref import finalize

        folder = tempfile.mkdtemp(prefix="expkit-")
        finalize(self, _remove, folder, os.getpid())
        return folder


def _remove(folder: str, pid: int) -> None:
    if os.getpid() == pid:  # a forked child has no folder of its own
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def _link(blob: str, target: str) -> None:
    try:
        os.symlink(blob, target)
    except FileExistsError:  # another thread was faster
        pass
    except (OSError, NotImplementedError):  # Windows lets few users make links
        import shutil

        shutil.copyfile(blob, target)
