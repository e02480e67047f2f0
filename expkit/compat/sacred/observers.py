"""Observers that are not there (yet), and what surrounded observers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.errors import ObserverError
from expkit.observers.base import RunObserver

if TYPE_CHECKING:
    from typing import NoReturn

DEFAULT_FILE_STORAGE_PRIORITY = DEFAULT_S3_PRIORITY = DEFAULT_GCS_PRIORITY = 20
DEFAULT_MONGO_PRIORITY = 30
DEFAULT_SQL_PRIORITY = 40
DEFAULT_SLACK_PRIORITY = DEFAULT_TELEGRAM_PRIORITY = 10


class _Missing(RunObserver):
    """An observer that may be imported, named and subclassed, but not made."""

    instead = "FileStorageObserver(...) or MongoObserver(...)"

    def __new__(cls, *_args: Any, **_kwargs: Any) -> NoReturn:
        kind = next(base for base in reversed(cls.__mro__) if issubclass(base, _Missing) and base is not _Missing)
        raise ObserverError(f"{kind.__name__} is not available in expkit; use {cls.instead}")

    @classmethod
    def create(cls, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse, as the constructor does."""
        cls()

    from_config = create


class S3Observer(_Missing):
    """Recorded into a bucket of S3."""

    instead = "FileStorageObserver(...) and copy the folder into the bucket"


class GoogleCloudStorageObserver(_Missing):
    """Recorded into a bucket of Google Cloud Storage."""

    instead = "FileStorageObserver(...) and copy the folder into the bucket"


class QueueObserver(RunObserver):
    """Called another observer from a thread of its own; here every observer has such a thread.

    Args:
        covered_observer: the observer that is meant; it is what one gets.
        interval, retry_interval: without effect: events are told at once, and again after growing pauses.
    """

    def __new__(  # type: ignore[misc]  # noqa: D102 - see the class
        cls,
        covered_observer: RunObserver,
        interval: float = 20.0,  # noqa: ARG004
        retry_interval: float = 10.0,  # noqa: ARG004
    ) -> RunObserver:
        from warnings import warn

        warn(
            "QueueObserver(observer) is the observer itself: in expkit every observer has a thread of its own; "
            "write just the observer",
            DeprecationWarning,
            stacklevel=2,
        )
        return covered_observer
