"""The clock of a place, as the times of its objects tell it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.stores import clock
from expkit.stores.remote import layout

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.stores.remote.media import Media

_EVERY = 600.0
_COARSE = timedelta(seconds=2)
"""Places give whole seconds."""


class Clock:
    """The clock of a place; ours where it may not be written to, or does not say when.

    Args:
        media: where.
    """

    def __init__(self, media: Media) -> None:
        self._media = media
        self._clock = clock.Clock(_EVERY, _COARSE)

    def now(self, *, ask: bool) -> datetime:
        """The present time; ``ask``: whether the place may be asked for its own, by writing an object."""
        return self._clock.now(self._look if ask else None)

    def _look(self) -> datetime | None:
        try:
            self._media.put(layout.CLOCK, b"the time of this object is the time of the store\n")
            return self._media.modified(layout.CLOCK)
        except (StoreError, OSError, ValueError):
            return None
