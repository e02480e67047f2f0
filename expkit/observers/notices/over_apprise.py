"""Sending by Apprise."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from expkit.errors import ObserverError
from expkit.observers.notices.words import COMPLETED, FAILED, INTERRUPTED

if TYPE_CHECKING:
    from apprise import Apprise
    from typing_extensions import Self

    from expkit.observers.notices.base import Message

_KINDS = {COMPLETED: "success", FAILED: "failure", INTERRUPTED: "warning"}


class Sender:
    """Sends to one URL of Apprise, which does not say whether a message that failed was on its way.

    Args:
        url: of Apprise.

    Raises:
        ObserverError: Apprise is not installed, or does not know such a URL.
    """

    def __init__(self, url: str) -> None:
        with _Listening(), catch_warnings():
            simplefilter("ignore")  # what its modules do at import is not the user's business
            self._apprise = _new_apprise()
            known = self._apprise.add(url)
        if not known:
            scheme = url.partition("://")[0]
            raise ObserverError(f"Apprise cannot read this URL of {scheme}://; its forms are on https://appriseit.com")

    def __call__(self, message: Message) -> None:
        """Send it.

        Raises:
            ObserverError: it failed.
        """
        with _Listening() as heard:
            taken = self._apprise.notify(body=message.text, title="", notify_type=_KINDS.get(message.event, "info"))
        if not taken:
            raise ObserverError(f"Apprise could not send it{heard.said()}; it is not sent again")


def _new_apprise() -> Apprise:
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError:
        raise ObserverError(
            "NotifyObserver needs Apprise for all but http:// and https://; type: pip install 'expkit[notify]'"
        ) from None
    return Apprise(asset=AppriseAsset(app_id="expkit", app_desc="expkit", async_mode=False))


class _Listening(logging.Filter):
    """Hears why Apprise fails in this thread: it says so to its logger only, and may show the URL there."""

    def __init__(self) -> None:
        super().__init__()
        self._logger = logging.getLogger("apprise")
        self._thread = threading.get_ident()
        self._heard: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        if threading.get_ident() != self._thread:
            return True
        if record.levelno >= logging.WARNING:
            self._heard.append(record.getMessage())
        return False

    def said(self) -> str:
        return f": {self._heard[0].rstrip('.')}" if self._heard else ""

    def __enter__(self) -> Self:
        self._logger.addFilter(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeFilter(self)
