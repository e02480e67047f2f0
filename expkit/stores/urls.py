"""From a URL to a store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from expkit._support.nearest import did_you_mean
from expkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.stores.base import RunStore

GROUP = "expkit.stores"
"""Entry points of this group add schemes: their name is the scheme, they load to a callable of the URL."""


def open_store(url: str | Path) -> RunStore:
    """Open a store; what it keeps is touched only when it is used.

    Args:
        url: ``folder:PATH`` or a plain path; ``memory:`` (a new, empty one); or a scheme that an installed package
            adds by an entry point of the group ``expkit.stores``. ``~`` is the home folder.

    Raises:
        StoreError: nobody knows the scheme.
    """
    scheme, rest = _split(os.fspath(url)) if not isinstance(url, Path) else ("folder", str(url))
    opener = _OPENERS.get(scheme)
    return opener(rest) if opener else _plugin(scheme)(str(url))


def _split(url: str) -> tuple[str, str]:
    """Scheme and rest; a plain path (also one with a drive letter) has the scheme ``folder``."""
    scheme, colon, rest = url.partition(":")
    if not colon or len(scheme) == 1 or not scheme.replace("+", "").replace("-", "").isalnum():
        return "folder", url
    return scheme.lower(), rest


def _open_folder(path: str) -> RunStore:
    from expkit.stores.folder.store import FolderStore

    if not path:
        raise StoreError("the URL of a folder store needs a path: folder:runs")
    return FolderStore(Path(path).expanduser())


def _open_memory(_: str) -> RunStore:
    from expkit.stores.memory import MemoryStore

    return MemoryStore()


_OPENERS: dict[str, Callable[[str], RunStore]] = {"folder": _open_folder, "memory": _open_memory}


def _plugin(scheme: str) -> Callable[[str], RunStore]:
    from importlib.metadata import entry_points

    plugins = {point.name: point for point in entry_points(group=GROUP)}
    if scheme in plugins:
        opener: Callable[[str], RunStore] = plugins[scheme].load()
        return opener
    known = sorted({*_OPENERS, *plugins})
    # Without the rest of the URL: it may hold a password.
    raise StoreError(
        f"no store knows the scheme {scheme!r}{did_you_mean(scheme, known)};"
        f" there are {', '.join(f'{name}:' for name in known)} and plain paths ('folder:{scheme}:...' for a path)."
        f" Packages add schemes by entry points of the group {GROUP!r}"
    )
