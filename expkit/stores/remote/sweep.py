"""Removing bytes that nothing names any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from expkit.stores.named import named
from expkit.stores.remote import layout
from expkit.stores.remote.drivers import ASIDE

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.stores.remote.media import Item, Media
    from expkit.stores.remote.store import RemoteStore

_BROKEN_OFF = timedelta(minutes=10)
"""After which an upload that has not moved does not go on."""

_COARSE = timedelta(seconds=1)
"""Places give the times of objects in whole seconds."""


def sweep(store: RemoteStore, grace: float, *, dry_run: bool = False) -> int:
    """Remove blobs that no run names, uploads that were broken off, and pieces of runs that are gone, once they are old enough.

    Args:
        store: whose.
        grace: seconds that they must be old; 0: all.
        dry_run: remove nothing, and only say how many would go.

    Returns:
        How many files with bytes went.
    """
    media, before = store.media, store.now() - timedelta(seconds=grace) + (_COARSE if not grace else timedelta())
    items = media.items(layout.BLOBS, aside=True)
    broken = [item.name for item in items if _is_aside(item) and _is_old(item, min(before, store.now() - _BROKEN_OFF))]
    old = [item for item in items if not _is_aside(item) and _is_old(item, before)]
    used = named(store) if old else set()
    unused = [item.name for item in old if _hash_of(item) not in used] + broken
    if dry_run:
        return len(unused)
    gone = 0
    for name in unused:
        if _is_still_old(media, name, before):
            media.remove([name])
            gone += 1
    _remove_pieces(media, {key.uid for key in store.ids()}, before)
    return gone


def _is_still_old(media: Media, name: str, before: datetime) -> bool:
    """Whether nobody has used it since the look; asked right before it goes, because a run may be about to name it."""
    try:
        written = media.modified(name)
    except FileNotFoundError:
        return False
    return written is not None and written <= before


def _remove_pieces(media: Media, uids: set[str], before: datetime) -> None:
    pieces = [item for item in media.items(layout.STREAMS) if _is_old(item, before)]
    media.remove(item.name for item in pieces if item.name.split("/")[2] not in uids)


def _is_aside(item: Item) -> bool:
    return item.name.endswith(ASIDE)


def _is_old(item: Item, before: datetime) -> bool:
    return item.modified is not None and item.modified <= before


def _hash_of(item: Item) -> str:
    first, rest = item.name.split("/")[-2:]
    return first + rest
