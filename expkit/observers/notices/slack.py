"""Notices in a channel of Slack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from expkit.observers.notices.address import secrets_of, web_address
from expkit.observers.notices.base import PRIORITY, NoticeObserver
from expkit.observers.notices.markup import escaped
from expkit.observers.notices.posting import Post
from expkit.observers.notices.words import (
    COMPLETED_TEXT,
    FAILED_TEXT,
    INTERRUPTED_TEXT,
    bold,
)

if TYPE_CHECKING:
    from expkit.observers.notices.base import Message


_OPENING = r"(?<![^\W_])[*_~](?=\S)|`"
"""Signs that may begin bold, italic, struck out text or code: not those within words."""

_NOTHING = "\u200b"
"""A space without width, behind which Slack sees no markup."""


class SlackObserver(NoticeObserver):
    """Tells a channel of Slack how runs end, by an incoming webhook; also for services that take the same messages.

    Args:
        webhook_url: the address that Slack gave.
        bot_name, icon: who speaks, where Slack lets webhooks choose.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        completed_text, interrupted_text, failed_text, started_text, queued_text: templates; None for no message.
        timeout: seconds for each step of sending.

    Attributes:
        bot_name, icon: see above.

    Raises:
        ObserverError: no such address, or a text that cannot be filled.
    """

    needed = ("webhook_url",)

    def __init__(
        self,
        webhook_url: str,
        bot_name: str = "sacred-bot",
        icon: str = ":angel:",
        priority: float = PRIORITY,
        completed_text: str | None = bold(COMPLETED_TEXT),
        interrupted_text: str | None = bold(INTERRUPTED_TEXT),
        failed_text: str | None = bold(FAILED_TEXT),
        *,
        started_text: str | None = None,
        queued_text: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        address = web_address(webhook_url, "webhook_url")
        super().__init__(
            secrets_of(webhook_url),
            priority,
            queued=queued_text,
            started=started_text,
            completed=completed_text,
            interrupted=interrupted_text,
            failed=failed_text,
        )
        self.bot_name = bot_name
        self.icon = icon
        self._post = Post(address=address, timeout=timeout, moved=self._moved)

    @property
    def webhook_url(self) -> str:
        """The address, which is a secret."""
        return self._post.address.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self._post.address!r}')"

    def escape(self, value: str) -> str:
        """A value in which nothing is a link, a mention or markup; Slack can escape only what makes the first two."""
        return re.sub(_OPENING, rf"\g<0>{_NOTHING}", escaped(value))

    def send(self, message: Message) -> None:
        """Post it; see :meth:`NoticeObserver.send`."""
        value: dict[str, Any] = {"username": self.bot_name, "icon_emoji": self.icon, "text": message.text}
        self._post.send(value)
