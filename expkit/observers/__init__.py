"""Who is told about a run: observers, and what a lane hands to them. Knows stores and records, not runs in progress.

Names are loaded when they are first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from expkit.observers.base import RunObserver
    from expkit.observers.file import FileStorageObserver
    from expkit.observers.mongo import MongoObserver, QueuedMongoObserver
    from expkit.observers.notices.notify import NotifyObserver
    from expkit.observers.notices.slack import SlackObserver
    from expkit.observers.notices.telegram import TelegramObserver
    from expkit.observers.remote import GoogleCloudStorageObserver, S3Observer
    from expkit.observers.sql import SqlObserver
    from expkit.observers.store import StoreObserver
    from expkit.observers.tinydb import TinyDbObserver
    from expkit.observers.tinydb_reader import TinyDbReader

__all__ = [
    "FileStorageObserver",
    "GoogleCloudStorageObserver",
    "MongoObserver",
    "NotifyObserver",
    "QueuedMongoObserver",
    "RunObserver",
    "S3Observer",
    "SlackObserver",
    "SqlObserver",
    "StoreObserver",
    "TelegramObserver",
    "TinyDbObserver",
    "TinyDbReader",
]

_PLACES = {
    "FileStorageObserver": "file",
    "GoogleCloudStorageObserver": "remote",
    "MongoObserver": "mongo",
    "NotifyObserver": "notices.notify",
    "QueuedMongoObserver": "mongo",
    "RunObserver": "base",
    "S3Observer": "remote",
    "SlackObserver": "notices.slack",
    "SqlObserver": "sql",
    "StoreObserver": "store",
    "TelegramObserver": "notices.telegram",
    "TinyDbObserver": "tinydb",
    "TinyDbReader": "tinydb_reader",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from expkit._support.loading import module_of

    return getattr(module_of(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
