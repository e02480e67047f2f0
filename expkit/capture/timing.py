"""Debug lines around the calls of captured functions."""

from __future__ import annotations

import time
from datetime import timedelta
from types import CoroutineType

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Coroutine
    from typing import Any


def timed(log: logging.Logger, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call ``function``; ``log`` says when it starts and how long it took, for a coroutine until it is done."""
    log.debug("started")
    start = time.perf_counter()
    result = function(*args, **kwargs)
    if isinstance(result, CoroutineType):
        return _timed_coroutine(log, result, start)
    _finished(log, start)
    return result


async def _timed_coroutine(log: logging.Logger, coroutine: Coroutine[Any, Any, Any], start: float) -> Any:
    result = await coroutine
    _finished(log, start)
    return result


def _finished(log: logging.Logger, start: float) -> None:
    log.debug("finished after %s", timedelta(seconds=round(time.perf_counter() - start, 6)))
