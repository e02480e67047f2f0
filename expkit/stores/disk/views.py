"""Kept bytes, shown under other names: :class:`Views`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit.stores.disk import files
from expkit.stores.disk.reserve import is_full

if TYPE_CHECKING:
    from collections.abc import Callable

_FICLONE = 0x40049409


class Views:
    """Shows files at other places, in the best way that the file system knows."""

    def __init__(self) -> None:
        self._reflinks = True

    def show(self, blob: str, target: str) -> None:
        """Let the file ``blob`` appear at ``target``, taking no second space where that is possible.

        Raises:
            OSError: the disk is full, or ``target`` cannot be made in any way.
        """
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if self._reflinks:
            self._reflinks = _place(_reflink, blob, target)
        if not self._reflinks and not any(_place(way, blob, target) for way in (_hard_link, _symlink)):
            _place(_copy, blob, target)


def clone_into(source: str, target: int) -> bool:
    """Let an open empty file share all blocks of another one; false where the file system cannot do it."""
    try:
        with open(source, "rb") as file:
            _clone(file.fileno(), target)
    except (OSError, ImportError):
        return False
    return True


def _clone(source: int, target: int) -> None:
    import fcntl

    fcntl.ioctl(target, _FICLONE, source)


def _place(way: Callable[[str, str], None], blob: str, target: str) -> bool:
    """Make ``target`` show ``blob`` in one ``way``; false where the file system cannot do it."""
    try:
        way(blob, target)
    except FileExistsError:
        return _is_same(blob, target) or _place_over(way, blob, target)
    except (OSError, AttributeError, ImportError) as error:
        if way is _copy or is_full(error):
            raise
        return False
    return True


def _place_over(way: Callable[[str, str], None], blob: str, target: str) -> bool:
    aside = f"{os.path.dirname(target)}/.{files.fresh_name()}"
    if not _place(way, blob, aside):
        return False
    files.move(aside, target)
    return True


def _is_same(blob: str, target: str) -> bool:
    try:
        return os.path.samefile(blob, target)
    except OSError:  # a link whose target is gone
        return False


def _reflink(blob: str, target: str) -> None:
    with open(blob, "rb") as source, open(target, "xb") as clone:
        try:
            _clone(source.fileno(), clone.fileno())
        except BaseException:
            os.unlink(target)
            raise


def _hard_link(blob: str, target: str) -> None:
    os.link(blob, target)


def _symlink(blob: str, target: str) -> None:
    os.symlink(os.path.relpath(os.path.realpath(blob), os.path.realpath(os.path.dirname(target))), target)


def _copy(blob: str, target: str) -> None:
    if os.path.lexists(target):
        raise FileExistsError(target)
    import shutil  # knows the fastest way of each system, and is loaded for this only

    try:
        shutil.copyfile(blob, target)
    except BaseException:
        files.remove(target)
        raise
