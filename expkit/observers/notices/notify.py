"""Notices by plain webhooks, and by whatever Apprise knows: chats, mail, phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit._support.secrets import MASK
from expkit._support.urls import split_url
from expkit.errors import ObserverError
from expkit.observers.notices.address import secrets_of, web_address
from expkit.observers.notices.base import PRIORITY, NoticeObserver
from expkit.observers.notices.posting import Post
from expkit.observers.notices.words import (
    COMPLETED_TEXT,
    FAILED_TEXT,
    INTERRUPTED_TEXT,
    STARTED_TEXT,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from expkit.observers.notices.base import Message


class NotifyObserver(NoticeObserver):
    """Tells how runs start and end, at any address.

    Args:
        url: ``https://...``, a webhook, which gets a JSON document by POST; or any URL of Apprise, such as
            ``discord://...`` or ``mailto://...`` (needs ``pip install 'expkit[notify]'``).
        started_text, completed_text, interrupted_text, failed_text, queued_text: templates; None for no message.
        headers: for a webhook, beside the usual ones.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        timeout: seconds for each step of sending to a webhook; URLs of Apprise have their own, ``?cto=5&rto=5``.

    Raises:
        ObserverError: no such address, Apprise is not installed, a text that cannot be filled.
    """

    needed = ("url",)

    def __init__(
        self,
        url: str,
        *,
        started_text: str | None = STARTED_TEXT,
        completed_text: str | None = COMPLETED_TEXT,
        interrupted_text: str | None = INTERRUPTED_TEXT,
        failed_text: str | None = FAILED_TEXT,
        queued_text: str | None = None,
        headers: Mapping[str, str] | None = None,
        priority: float = PRIORITY,
        timeout: float = 10.0,
    ) -> None:
        if "://" not in url:
            raise ObserverError(
                "NotifyObserver needs a URL: https://HOST/HOOK, or one of Apprise, like discord://ID/TOKEN"
            )
        super().__init__(
            [*secrets_of(url), *(headers or {}).values()],
            priority,
            queued=queued_text,
            started=started_text,
            completed=completed_text,
            interrupted=interrupted_text,
            failed=failed_text,
        )
        self._service = f"{split_url(url)[0]}://{MASK}"
        self._send = self._to_webhook(url, headers or {}, timeout) if url.startswith("http") else _by_apprise(url)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self._service}')"

    def send(self, message: Message) -> None:
        """Send it; see :meth:`NoticeObserver.send`."""
        self._send(message)

    def _to_webhook(self, url: str, headers: Mapping[str, str], timeout: float) -> Callable[[Message], object]:
        from expkit.observers.notices.documents import document_of

        post = Post(address=web_address(url, "url"), headers=dict(headers), timeout=timeout, moved=self._moved)
        self._service = repr(post.address)
        return lambda message: post.send(document_of(message))


def _by_apprise(url: str) -> Callable[[Message], None]:
    from expkit.observers.notices.over_apprise import Sender

    return Sender(url)


def open_notices(rest: str) -> NoticeObserver:
    """The observer behind ``notify:``.

    Args:
        rest: an address as :class:`NotifyObserver` takes it; the webhook of Slack gets what Slack shows best. Or a
            config file of any observer of notices, told by what it names.

    Raises:
        ConfigFileError: a file that cannot be read.
        ObserverError: no such address, or not what such a file says.
    """
    if MASK in rest:
        raise ObserverError("notify: is followed by a masked address, as records have it; give the real one")
    if "://" in rest:
        return _slack(rest) if rest.startswith("https://hooks.slack.com/") else NotifyObserver(rest)
    from expkit.config.files import is_config_file, load_config_file

    if not is_config_file(rest):
        raise ObserverError(
            "notify: needs an address or a config file: notify:https://HOST/HOOK, notify:discord://ID/TOKEN, notify:slack.yaml"
        )
    try:
        named = load_config_file(rest)
    except OSError as error:
        raise ObserverError(f"notify: the config file {rest!r} cannot be read: {error.strerror or error}") from None
    if "webhook_url" in named:
        from expkit.observers.notices.slack import SlackObserver

        return SlackObserver.from_config(rest)
    if "token" in named:
        from expkit.observers.notices.telegram import TelegramObserver

        return TelegramObserver.from_config(rest)
    return NotifyObserver.from_config(rest)


def _slack(url: str) -> NoticeObserver:
    from expkit.observers.notices.slack import SlackObserver

    return SlackObserver(url, started_text=STARTED_TEXT)
