"""What no run names any more is removed, after a period of grace."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit.stores.disk import files
from expkit.stores.disk.unused import remove
from expkit.stores.named import named

if TYPE_CHECKING:
    from expkit.stores.tinydb.layout import DatabaseLayout
    from expkit.stores.tinydb.store import TinyDbStore


def sweep(store: TinyDbStore, layout: DatabaseLayout, before: float, *, dry_run: bool = False) -> int:
    """Remove what is unused and was last touched ``before`` (seconds since the epoch); return how many files went.

    A ``dry_run`` removes nothing, and returns how many would go.

    Raises:
        FormatError: a run cannot be read, so nobody knows what it names.
    """
    uids = {key.uid for key in store.ids()}
    used = named(store)
    unused = [path for path in _blobs(layout) if "".join(path.split("/")[-2:]) not in used]
    unused += files.entries(layout.scratch) + files.entries(layout.known)
    folders = files.entries(layout.runs) + files.entries(layout.annotated)
    unnamed = [folder for folder in folders if os.path.basename(folder) not in uids] + files.entries(layout.trash)
    return remove(unused, unnamed, before, dry_run=dry_run)


def _blobs(layout: DatabaseLayout) -> list[str]:
    return [path for folder in files.entries(layout.blobs) for path in files.entries(folder)]
