"""The end of a process that has talked to MongoDB: its driver waits for its threads, and Ctrl-C ends that without a traceback."""

from __future__ import annotations

import atexit
import sys
from functools import cache
from typing import Any

_PLACES = ("pymongo.synchronous.monitor", "pymongo.monitor")
_NAME = "_shutdown_resources"


@cache
def leave_quietly() -> None:
    """Once: whoever presses Ctrl-C while the driver waits at the end of the process does not want to wait."""
    shutdown: Any = next(filter(None, (getattr(sys.modules.get(place), _NAME, None) for place in _PLACES)), None)
    if shutdown is None:  # a version that does it in another way
        return

    def quietly() -> None:
        try:
            shutdown()
        except KeyboardInterrupt:
            return

    atexit.unregister(shutdown)
    atexit.register(quietly)
