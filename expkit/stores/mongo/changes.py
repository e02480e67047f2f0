"""What happened in a store, numbered: who adds an entry claims the next number, so that none is told twice or missed."""

from __future__ import annotations

from datetime import timezone
from typing import TYPE_CHECKING

from expkit.stores import rules
from expkit.stores.base import Change
from expkit.stores.mongo.server import Served, bounded

if TYPE_CHECKING:
    from expkit.stores.mongo.server import Server

_BATCH = 10_000


class Changes(Served):
    """The change log of a store.

    Args:
        server: where.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._last = 0

    def note(self, uid: str, what: str) -> None:
        """Add an entry."""
        from pymongo.errors import DuplicateKeyError

        entry = {"uid": uid, "what": what, "time": self.server.now().replace(tzinfo=None)}
        number = self._last or self._greatest()
        while True:
            number += 1
            try:
                self.server.changes.insert_one({"_id": number, **entry})
            except DuplicateKeyError:
                number = max(number, self._greatest())
            else:
                self._last = number
                return

    def _greatest(self) -> int:
        found = self.server.changes.find_one({}, {"_id": 1}, sort=[("_id", -1)])
        return int(found["_id"]) if found else 0

    @bounded
    def since(self, cursor: str) -> tuple[list[Change], str]:
        """The entries after a cursor, and the new cursor.

        Raises:
            StoreError: it is no cursor.
        """
        after = {"_id": {"$gt": rules.counted_cursor(cursor, self.server.place.url)}}
        found = list(self.server.changes.find(after, batch_size=_BATCH).sort("_id", 1))
        changes = [Change(entry["uid"], entry["what"], entry["time"].replace(tzinfo=timezone.utc)) for entry in found]
        return changes, str(found[-1]["_id"]) if found else cursor or "0"
