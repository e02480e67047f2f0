"""Removing what nothing names any more. How old it is, is asked right before it goes: a run may be about to name it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from expkit.stores.disk import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def remove(paths: Iterable[str], folders: Iterable[str], before: float, *, dry_run: bool = False) -> int:
    """Remove files, and folders with all that is in them, that were last touched ``before``; return how many files went.

    What another sweep has removed meanwhile is no error and does not count.

    Args:
        paths: of the files.
        folders: which ones.
        before: seconds since the epoch.
        dry_run: remove nothing, and return how many would go.
    """
    old, old_folders = _older(paths, before), _older(folders, before)
    if dry_run:
        return len([*old]) + sum(len(names) for folder in old_folders for _, _, names in os.walk(folder))
    return sum(map(_drop, old)) + sum(map(_drop_tree, old_folders))


def _older(paths: Iterable[str], before: float) -> Iterator[str]:
    """Those that are older, each asked when its turn comes."""
    for path in paths:
        with suppress(FileNotFoundError):
            if os.lstat(path).st_mtime < before:
                yield path


def _drop(path: str) -> int:
    try:
        files.remove(path)
    except FileNotFoundError:
        return 0
    return 1


def _drop_tree(folder: str) -> int:
    count = 0
    for place, folders, names in os.walk(folder, topdown=False):
        count += sum(_drop(os.path.join(place, name)) for name in names)
        for name in folders:
            _drop_folder(os.path.join(place, name))
    _drop_folder(folder)
    return count


def _drop_folder(path: str) -> None:
    """A link to a folder is a folder to ``os.walk``."""
    with suppress(FileNotFoundError):
        (os.unlink if os.path.islink(path) else os.rmdir)(path)
