"""What stores have on this machine's disk: nothing there was made by a run or changed in a project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit.provenance.code.modules import real_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def own_paths(stores: Iterable[object]) -> Iterator[str]:
    """The files and folders of stores, absolute, links followed and not; see :class:`expkit.stores.base.LiesInFiles`."""
    for store in stores:
        for path in _said(store):
            yield from absolute(path)


def own_paths_of(observers: Iterable[object]) -> list[str]:
    """Those of the stores that observers write into."""
    return list(own_paths(getattr(observer, "store", None) for observer in observers))


def absolute(path: str | os.PathLike[str]) -> set[str]:
    """The ways in which a file or folder may be named."""
    place = os.path.abspath(path)
    folder, name = os.path.split(place)
    return {place, os.path.join(real_folder(folder), name), real_folder(place)}


def _said(store: object) -> list[Any]:
    """What a store says; of one that says nothing its folder. Other objects may call anything so."""
    said = getattr(store, "own_paths", None)
    paths = said if isinstance(said, (list, tuple)) else [getattr(store, "root", None)]
    return [path for path in paths if isinstance(path, (str, os.PathLike))]
