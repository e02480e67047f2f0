"""The clock of a place, as the times of its objects tell it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from time import monotonic
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.stores.remote import layout

if TYPE_CHECKING:
    from expkit.stores.remote.media import Media

_AGAIN = 600.0
_COARSE = timedelta(seconds=2)
"""Places give whole seconds: a smaller difference between two clocks is none."""


class Clock:
    """Our clock, put right by that of the place; it never goes back.

    Args:
        media: where.
    """

    def __init__(self, media: Media) -> None:
        self._media = media
        self._lock = threading.Lock()
        self._asked = 0.0
        self._ahead = timedelta()
        self._last = datetime.min.replace(tzinfo=timezone.utc)

    def now(self, *, ask: bool) -> datetime:
        """The present time; ``ask``: whether the place may be asked for its own, by writing an object."""
        if ask and (not self._asked or monotonic() - self._asked > _AGAIN):
            self._asked = monotonic()
            self._ahead = self._look()
        with self._lock:
            self._last = max(datetime.now(timezone.utc) + self._ahead, self._last + timedelta(microseconds=1))
            return self._last

    def _look(self) -> timedelta:
        """How far its clock is ahead; nothing where it may not be written to, or does not say."""
        try:
            self._media.put(layout.CLOCK, b"the time of this object is the time of the store\n")
            said = self._media.modified(layout.CLOCK)
        except (StoreError, OSError, ValueError):
            return timedelta()
        ahead = timedelta() if said is None else said - datetime.now(timezone.utc)
        return ahead if abs(ahead) > _COARSE else timedelta()
