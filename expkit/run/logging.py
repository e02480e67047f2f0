"""The experiment's loggers, heard on stderr while a run lasts where nobody else handles them."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

from expkit._support.odd import RAISED, tolerate
from expkit.errors import UsageError

if TYPE_CHECKING:
    from typing import TextIO

    from expkit.record.masking import Secrets

FORMAT = "%(levelname)s - %(name)s - %(message)s"


if TYPE_CHECKING:
    _Stream = logging.StreamHandler[TextIO]
else:
    _Stream = logging.StreamHandler  # takes no parameter before Python 3.11


class _CurrentStderr(_Stream):
    """Writes to what ``sys.stderr`` is at the moment, so that captured output has the lines, too."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(logging.Formatter(FORMAT))

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class Discreet(logging.Filter):
    """Keeps the secrets of this process's runs out of our own log."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: WeakSet[Secrets] = WeakSet()
        logging.getLogger("expkit").addFilter(self)

    def keep(self, secrets: Secrets) -> None:
        """Hide these, too, as long as somebody has them."""
        self._secrets.add(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything through, without secrets."""
        try:
            text = record.getMessage()
        except RAISED as error:  # what is to be shown cannot be
            tolerate(error)
            text = str(record.msg)
        record.msg, record.args = self._hide(text), ()
        if record.exc_info:
            record.exc_text = self._hide(logging.Formatter().formatException(record.exc_info))
        return True

    def _hide(self, text: str) -> str:
        for secrets in list(self._secrets):
            text = secrets.hide(text)
        return text


DISCREET = Discreet()
_lock = threading.Lock()
_users: dict[logging.Logger, tuple[int, int]] = {}


class Heard:
    """While active, ``logger`` is heard: by the handlers that it has, else by one of ours on stderr.

    Runs that overlap share the handler.

    Args:
        logger: the experiment's logger.
        level: number or name, or None to leave the logger's level alone.

    Raises:
        UsageError: there is no such level.
    """

    def __init__(self, logger: logging.Logger, level: int | str | None) -> None:
        self._logger = logger
        self._level = None if level is None else level_number(level)

    def __enter__(self) -> None:
        with _lock:
            users, before = _users.get(self._logger, (0, self._logger.level))
            _users[self._logger] = users + 1, before
            if not self._logger.hasHandlers():
                self._logger.addHandler(_CurrentStderr())
                if before == logging.NOTSET:
                    self._logger.setLevel(logging.INFO)
            if self._level is not None:
                self._logger.setLevel(self._level)

    def __exit__(self, *exc: object) -> None:
        with _lock:
            users, before = _users.pop(self._logger)
            if users > 1:
                _users[self._logger] = users - 1, before
                return
            for handler in [found for found in self._logger.handlers if isinstance(found, _CurrentStderr)]:
                self._logger.removeHandler(handler)
            self._logger.setLevel(before)


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
