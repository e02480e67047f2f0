"""Clocks of stores that lie elsewhere."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TICK = timedelta(microseconds=1)


class Clock:
    """Our clock, put right by that of a place now and then; it never goes back.

    Args:
        every: seconds after which the place is asked again.
        coarse: a smaller difference between the two clocks is none.
    """

    def __init__(self, every: float, coarse: timedelta = timedelta()) -> None:
        self._every = every
        self._coarse = coarse
        self._lock = threading.Lock()
        self._asked = 0.0
        self._ahead = timedelta()
        self._last = datetime.min.replace(tzinfo=timezone.utc)

    def now(self, look: Callable[[], datetime | None] | None) -> datetime:
        """The present time. Raises what ``look`` raises.

        Args:
            look: gives the time of the place, or None where it does not say; None: it may not be asked.
        """
        if look is not None and (not self._asked or monotonic() - self._asked > self._every):
            said = look()
            ahead = timedelta() if said is None else said - datetime.now(timezone.utc)
            self._ahead = ahead if abs(ahead) > self._coarse else timedelta()
            self._asked = monotonic()
        with self._lock:
            self._last = max(datetime.now(timezone.utc) + self._ahead, self._last + _TICK)
            return self._last
