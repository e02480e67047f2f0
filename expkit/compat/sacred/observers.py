"""What surrounded observers."""

from __future__ import annotations

from typing import Any

from expkit.observers.base import RunObserver

DEFAULT_FILE_STORAGE_PRIORITY = DEFAULT_S3_PRIORITY = DEFAULT_GCS_PRIORITY = 20
DEFAULT_MONGO_PRIORITY = 30
DEFAULT_SQL_PRIORITY = 40
DEFAULT_SLACK_PRIORITY = DEFAULT_TELEGRAM_PRIORITY = 10


def parse_mongo_db_arg(mongo_db: str) -> dict[str, Any]:
    """What an argument of ``-m`` says, as arguments of ``MongoObserver``; what it leaves out is not among them.

    Raises:
        ValueError: it names no place in MongoDB.
    """
    from expkit.observers.mongo_spec import parts_of

    parts = parts_of(mongo_db)
    found: dict[str, Any] = {"url": f"{parts['host']}:{parts['port']}"} if parts["host"] else {}
    if parts["priority"] is not None:
        found["priority"] = int(parts["priority"])
    names = {"db_name": "database", "collection": "collection", "overwrite": "id"}
    return {**found, **{name: parts[part] for name, part in names.items() if parts.get(part) is not None}}


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
