"""Notices in a channel of Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.observers.notices.address import secrets_of, web_address
from expkit.observers.notices.base import PRIORITY, NoticeObserver
from expkit.observers.notices.posting import Post
from expkit.observers.notices.words import (
    COMPLETED,
    COMPLETED_TEXT,
    FAILED,
    FAILED_TEXT,
    INTERRUPTED,
    INTERRUPTED_TEXT,
    QUEUED,
    STARTED,
    bold,
)

if TYPE_CHECKING:
    import os

    from expkit.observers.notices.base import Message


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
        texts = {
            QUEUED: queued_text,
            STARTED: started_text,
            COMPLETED: completed_text,
            INTERRUPTED: interrupted_text,
            FAILED: failed_text,
        }
        super().__init__(texts, secrets_of(webhook_url), priority)
        self.bot_name = bot_name
        self.icon = icon
        self._post = Post(address=address, timeout=timeout, moved=self._moved)

    @classmethod
    def from_config(cls, filename: str | os.PathLike[str]) -> SlackObserver:
        """An observer by a config file, which keeps the address out of the program.

        Args:
            filename: of a ``.json``, ``.yaml`` or ``.toml`` file with ``webhook_url`` and any other argument.

        Raises:
            ConfigFileError: it cannot be read.
            ObserverError: it lacks something, or has what nobody knows.
        """
        from expkit.observers.notices.files import arguments_in

        return cls(**arguments_in(filename, cls, ("webhook_url",)))

    @property
    def webhook_url(self) -> str:
        """The address, which is a secret."""
        return self._post.address.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self._post.address!r}')"

    def escape(self, value: str) -> str:
        """A value in which nothing is a link or a mention."""
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def send(self, message: Message) -> None:
        """Post it; see :meth:`NoticeObserver.send`."""
        value: dict[str, Any] = {"username": self.bot_name, "icon_emoji": self.icon, "text": message.text}
        self._post.send(value)
