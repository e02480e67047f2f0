"""Finding runs with few questions: records are fetched many at once, and one listing says who has later facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.stores import finding
from expkit.stores.remote import layout
from expkit.stores.remote.records import read, record_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from expkit.record.model import Annotation, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import RunKey
    from expkit.stores.remote.store import RemoteStore
    from expkit.types import RunId

_BATCH = 64


def find(
    store: RemoteStore, query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int | None
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`."""
    listing: Any = _Listing(store)
    return finding.find(listing, query, columns, order, limit)


class _Listing:
    """The store as a search sees it: each run as it was when its batch was fetched, the rest from the store itself."""

    def __init__(self, store: RemoteStore) -> None:
        self._store = store
        self._media = store.media
        self._left: list[RunKey] = []
        self._records: dict[str, tuple[str, bytes]] = {}
        self._annotated: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def ids(self) -> list[RunKey]:
        keys = self._store.ids()
        self._left = keys[::-1]
        items = self._media.items(layout.ANNOTATIONS) if keys else []
        self._annotated = {item.name.split("/")[2] for item in items}
        return keys

    def load(self, uid: str) -> RunRecord:
        if self._left and self._left[-1].uid == uid:
            self._fetch()
        fetched = self._records.pop(uid, None)
        return self._store.load(uid) if fetched is None else read(self._media, *fetched).record

    def annotations(self, run: RunId) -> list[Annotation]:
        return self._store.annotations(run) if str(run) in self._annotated else []

    def _fetch(self) -> None:
        """Fetch the batch that comes next."""
        batch = [self._left.pop() for _ in range(min(_BATCH, len(self._left)))]
        found = self._media.each(batch, lambda key: self._media.find(record_name(str(key.id))))
        self._records = {
            key.uid: (str(key.id), data) for key, data in zip(batch, found, strict=True) if data is not None
        }
