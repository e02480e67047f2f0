"""Which paths of a working tree lie in a store of runs: what runs write there is no change of the project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_INSIDE = ".expkit"  # what a folder of runs has inside


class StorePaths:
    """Knows the stores in a working tree.

    Args:
        root: of the working tree.
        named: paths relative to it, some of which may be of a store that is gone.
    """

    def __init__(self, root: str, named: Iterable[str] = ()) -> None:
        self._root = root
        self._known = {"": False}
        for path in named:
            store, inside, _ = f"/{path}".partition(f"/{_INSIDE}/")
            if inside and store:
                self._known[store[1:]] = True

    def has(self, path: str) -> bool:
        """Whether a path lies in a store; the working tree as a whole is none, but for what is a store's only."""
        return path.partition("/")[0] == _INSIDE or self._is_in_store(path.rpartition("/")[0])

    def _is_in_store(self, folder: str) -> bool:
        if folder not in self._known:
            parent = folder.rpartition("/")[0]
            self._known[folder] = os.path.isdir(os.path.join(self._root, folder, _INSIDE)) or self._is_in_store(parent)
        return self._known[folder]
