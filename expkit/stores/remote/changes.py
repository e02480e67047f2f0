"""What happened in a store: logs, each written by one process alone; the folder store's form."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from expkit.stores.disk import text
from expkit.stores.disk.changes import changes_in, offsets_of
from expkit.stores.disk.files import fresh_name
from expkit.stores.remote import layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from expkit.stores.answers import Change
    from expkit.stores.remote.media import Item, Media

_ENTRIES = 100
"""Entries of one log; the next ones go into a new one, so that little is sent again."""

_SUFFIX = ".jsonl"


class Changes:
    """The change log of a store.

    Args:
        media: where.
        now: the clock of the store.
    """

    def __init__(self, media: Media, now: Callable[[], datetime]) -> None:
        self._media = media
        self._now = now
        self._lock = threading.Lock()
        self._name = ""
        self._lines: list[bytes] = []

    def add(self, uid: str, what: str) -> None:
        """Note that something happened to the run ``uid``."""
        with self._lock:
            if not self._name or len(self._lines) >= _ENTRIES:
                self._name, self._lines = f"{layout.CHANGES}/{fresh_name()}{_SUFFIX}", []
            self._lines.append(text.line([self._now().isoformat(), what, uid]))
            try:
                self._media.put(self._name, b"".join(self._lines))
            except BaseException:
                self._lines.pop()  # whoever tries again says it again
                raise

    def since(self, cursor: str) -> tuple[list[Change], str]:
        """What happened after ``cursor``, in order of time, and the new cursor."""
        known = offsets_of(cursor, self._media.place.url)
        items = [item for item in self._media.items(layout.CHANGES) if item.name.endswith(_SUFFIX)]
        news = [item for item in items if item.size > known.get(_log_of(item), 0)]
        found: list[Change] = []
        for item, data in zip(news, self._media.each(news, lambda item: self._news(item, known)), strict=True):
            found += changes_in(text.lines(data))
            known[_log_of(item)] = known.get(_log_of(item), 0) + data.rfind(b"\n") + 1
        return sorted(found, key=lambda change: change.time), json.dumps(known, separators=(",", ":"))

    def _news(self, item: Item, known: dict[str, int]) -> bytes:
        return self._media.get(item.name, known.get(_log_of(item), 0), item.size)


def _log_of(item: Item) -> str:
    return item.name.rpartition("/")[2].removesuffix(_SUFFIX)
