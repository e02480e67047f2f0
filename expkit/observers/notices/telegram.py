"""Notices in a chat of Telegram, by the HTTP interface that Telegram has for bots."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from expkit.errors import ObserverError
from expkit.observers.notices.address import proxy_address, secrets_of, web_address
from expkit.observers.notices.base import PRIORITY, NoticeObserver
from expkit.observers.notices.markup import as_html, escaped
from expkit.observers.notices.posting import GivenUpError, Post
from expkit.observers.notices.words import (
    COMPLETED,
    COMPLETED_TEXT,
    FAILED_TEXT,
    INTERRUPTED_TEXT,
    QUEUED,
    STARTED,
    STARTED_TEXT,
    bold,
    fill,
)

if TYPE_CHECKING:
    from expkit.observers.notices.base import Message

log = logging.getLogger("expkit")

_BAD_REQUEST = 400
_TRACE = "\n```{backtrace}```"


class TelegramObserver(NoticeObserver):
    """Tells a chat of Telegram how runs start and end. No library of Telegram is needed.

    Args:
        bot: the bot's token, or an object that has it as its ``token``.
        chat_id: of the chat, as a number, or ``@channel``.
        silent_completion: whether a completed run makes no sound. Starts never do, failures always.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        started_text, completed_text, interrupted_text, failed_text, queued_text: templates; None for no message.
            ``*bold*``, ``_italic_`` and ```code``` are shown as such.
        proxy_url: of a proxy on the way, ``http://...`` or ``socks5://...``; None: as the environment says.
        username, password: for the proxy.
        api_url: of a Bot API server of one's own.
        timeout: seconds for each step of sending.
        ignored: what else old scripts pass.

    Attributes:
        chat_id, silent_completion: see above.

    Raises:
        ObserverError: no token, an address that is none, a text that cannot be filled.
    """

    limit = 4096
    needed = ("token", "chat_id")

    def __init__(
        self,
        bot: Any,
        chat_id: str | int,
        silent_completion: bool = False,
        priority: float = PRIORITY,
        *,
        started_text: str | None = bold(STARTED_TEXT),
        completed_text: str | None = bold(COMPLETED_TEXT),
        interrupted_text: str | None = bold(INTERRUPTED_TEXT),
        failed_text: str | None = bold(FAILED_TEXT) + _TRACE,
        queued_text: str | None = None,
        proxy_url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        api_url: str = "https://api.telegram.org",
        timeout: float = 10.0,
        **ignored: Any,
    ) -> None:
        if ignored:
            log.warning("TelegramObserver knows nothing of %s", ", ".join(ignored))
        token = _token_of(bot)
        address = web_address(f"{api_url.rstrip('/')}/bot{token}/sendMessage", "api_url")
        proxy = None if proxy_url is None else proxy_address(proxy_url, username, password)
        secrets = [token, *secrets_of(proxy_url or ""), password or ""]
        super().__init__(
            secrets,
            priority,
            queued=queued_text,
            started=started_text,
            completed=completed_text,
            interrupted=interrupted_text,
            failed=failed_text,
        )
        self.chat_id = chat_id
        self.silent_completion = silent_completion
        self._post = Post(address=address, timeout=timeout, proxy=proxy, moved=self._moved)

    @classmethod
    def _made_from(cls, arguments: dict[str, Any]) -> TelegramObserver:
        """An observer by what a config file says; the token comes first."""
        return cls(arguments.pop("token"), **arguments)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self._post.address!r}', {self.chat_id!r})"

    def send(self, message: Message) -> None:
        """Post it, without markup where Telegram cannot read that; see :meth:`NoticeObserver.send`."""
        silent = message.event in (QUEUED, STARTED) or (message.event == COMPLETED and self.silent_completion)
        plain = {"chat_id": self.chat_id, "text": message.text, "disable_notification": silent}
        marked = fill(as_html(message.template), message.facts, escaped)
        if len(marked) > self.limit:
            self._post.send(plain)
            return
        try:
            self._post.send({**plain, "text": marked, "parse_mode": "HTML"})
        except GivenUpError as error:
            if error.status != _BAD_REQUEST or "entities" not in error.answer:
                raise
            self._post.send(plain)


def _token_of(bot: Any) -> str:
    token = bot if isinstance(bot, str) else getattr(bot, "token", None)
    if not isinstance(token, str) or not token or set(token) & set("/?# "):
        raise ObserverError("TelegramObserver needs the token of a bot, like '123456:ABC-DEF', which @BotFather gives")
    return token
