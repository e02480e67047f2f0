"""Runs that somebody looks for one folder too high or too low: :func:`elsewhere`."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from expkit.stores.disk.layout import RunLayout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.base import RunStore

_LOOKED_AT = 1000


def elsewhere(store: RunStore) -> str:
    """What messages add where a store has no run: ``; there are some in /home/ann/runs``, or nothing.

    Args:
        store: where runs were looked for. Of a folder those in it are looked at, and the one that it lies in.
    """
    root = getattr(store, "root", None)
    if root is None or any(True for _ in store.find(columns=["uid"], limit=1)):
        return ""
    beside = [str(root / name) for name in _folders(str(root)) if not name.startswith((".", "_"))]
    found = [path for path in (*sorted(beside), os.path.normpath(root / os.pardir)) if _has_runs(path)]
    return f"; there are some in {' and '.join(found)}" if found else ""


def _has_runs(path: str) -> bool:
    return any(os.path.isfile(RunLayout(path, name).record) for name in _folders(path))


def _folders(path: str) -> Iterator[str]:
    try:
        with os.scandir(path) as found:
            yield from [entry.name for entry in islice(found, _LOOKED_AT) if entry.is_dir()]
    except OSError:
        return
