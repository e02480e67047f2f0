"""Sending by Apprise."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from expkit.errors import ObserverError
from expkit.observers.notices.words import COMPLETED, FAILED, INTERRUPTED

if TYPE_CHECKING:
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
        try:
            from apprise import Apprise, AppriseAsset
        except ImportError:
            raise ObserverError(
                "NotifyObserver needs Apprise for all but http:// and https://; type: pip install 'expkit[notify]'"
            ) from None
        self._apprise = Apprise(asset=AppriseAsset(app_id="expkit", app_desc="expkit", async_mode=False))
        with _Listening() as heard:
            known = self._apprise.add(url)
        if not known:
            scheme = url.partition("://")[0]
            raise ObserverError(
                f"Apprise cannot read this URL of {scheme}://{heard.said()}; its forms are on https://appriseit.com"
            )

    def __call__(self, message: Message) -> None:
        """Send it.

        Raises:
            ObserverError: it failed.
        """
        with _Listening() as heard:
            taken = self._apprise.notify(body=message.text, title="", notify_type=_KINDS.get(message.event, "info"))
        if not taken:
            raise ObserverError(f"Apprise could not send it{heard.said()}; it is not sent again")


class _Listening(logging.Handler):
    """Hears why Apprise fails, for it only says so to its logger."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(record.getMessage())

    def said(self) -> str:
        return f": {self._heard[0].rstrip('.')}" if self._heard else ""

    def __enter__(self) -> Self:
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)
