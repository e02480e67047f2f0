"""The experiment's loggers, heard on stderr while a run lasts where nobody else handles them."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from expkit.errors import UsageError

if TYPE_CHECKING:
    from io import TextIOBase

FORMAT = "%(levelname)s - %(name)s - %(message)s"


class _CurrentStderr(logging.StreamHandler[Any]):
    """Writes to what ``sys.stderr`` is at the moment, so that captured output has the lines, too."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(logging.Formatter(FORMAT))

    @property
    def stream(self) -> TextIOBase:  # type: ignore[override]
        return sys.stderr  # type: ignore[return-value]


class Heard:
    """While active, ``logger`` is heard: by the handlers that it has, else by one of ours on stderr.

    Args:
        logger: the experiment's logger.
        level: number or name, or None to leave the logger's level alone.

    Raises:
        UsageError: there is no such level.
    """

    def __init__(self, logger: logging.Logger, level: int | str | None) -> None:
        self._logger = logger
        self._level = None if level is None else level_number(level)
        self._handler: logging.Handler | None = None

    def __enter__(self) -> None:
        logger = self._logger
        self._before = logger.level, logger.propagate
        if not logger.hasHandlers():
            self._handler = _CurrentStderr()
            logger.addHandler(self._handler)
            if logger.level == logging.NOTSET:
                logger.setLevel(logging.INFO)
        if self._level is not None:
            logger.setLevel(self._level)

    def __exit__(self, *exc: object) -> None:
        if self._handler is not None:
            self._logger.removeHandler(self._handler)
        self._logger.setLevel(self._before[0])


def level_number(level: int | str) -> int:
    """The number of a level given by number or name.

    Raises:
        UsageError: there is no such level.
    """
    text = str(level).strip()
    if text.lstrip("+-").isdigit():
        return int(text)
    number = logging.getLevelName(text.upper())
    if isinstance(number, int):
        return number
    raise UsageError(f"there is no log level {level!r}; use a number, or DEBUG, INFO, WARNING, ERROR or CRITICAL")
