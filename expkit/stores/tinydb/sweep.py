"""What no run names any more is removed, after a period of grace."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit.stores.disk import files
from expkit.stores.named import named

if TYPE_CHECKING:
    from expkit.stores.tinydb.layout import DatabaseLayout
    from expkit.stores.tinydb.store import TinyDbStore


def sweep(store: TinyDbStore, layout: DatabaseLayout, before: float) -> int:
    """Remove what is unused and was last touched ``before`` (seconds since the epoch); return how many files went.

    Raises:
        FormatError: a run cannot be read, so nobody knows what it names.
    """
    uids = {key.uid for key in store.ids()}
    used = named(store)
    unused = [path for path in _blobs(layout) if "".join(path.split("/")[-2:]) not in used]
    unused += files.entries(layout.scratch) + files.entries(layout.known)
    folders = files.entries(layout.runs) + files.entries(layout.annotated)
    unnamed = [folder for folder in folders if os.path.basename(folder) not in uids] + files.entries(layout.trash)
    count = sum(_remove(path) for path in unused if _is_older(path, before))
    return count + sum(_remove_folder(folder) for folder in unnamed if _is_older(folder, before))


def _blobs(layout: DatabaseLayout) -> list[str]:
    return [path for folder in files.entries(layout.blobs) for path in files.entries(folder)]


def _is_older(path: str, before: float) -> bool:
    try:
        return os.lstat(path).st_mtime < before
    except FileNotFoundError:
        return False


def _remove(path: str) -> int:
    try:
        files.remove(path)
    except FileNotFoundError:
        return 0
    return 1


def _remove_folder(folder: str) -> int:
    count = sum(map(_remove, files.entries(folder)))
    os.rmdir(folder)
    return count
