"""Finding runs with few questions: records are fetched many at once, and one listing says who has later facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.errors import DAMAGE
from expkit.stores import excerpts
from expkit.stores.finding import summarise
from expkit.stores.remote import layout
from expkit.stores.remote.facts import annotations_of, lease_of
from expkit.stores.remote.records import read, record_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from expkit.record.model import Annotation, Lease, RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import RunKey
    from expkit.stores.excerpts import Excerpt, Needs
    from expkit.stores.remote.media import Media
    from expkit.stores.remote.store import RemoteStore
    from expkit.types import Json

_BATCH = 64


def find(
    store: RemoteStore, query: Query | None, columns: Sequence[str] | None, order: Sequence[str], limit: int | None
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; see :func:`expkit.stores.finding.find`."""
    return excerpts.find_whole(store, _Source(store), query, columns, order, limit)


class _Source:
    """Fetches records.

    Args:
        store: where they are.
    """

    def __init__(self, store: RemoteStore) -> None:
        self._store = store
        self._media = store.media
        self._annotated: set[str] = set()

    def keys(self, _: Query | None) -> list[RunKey]:
        keys = self._store.ids()
        items = self._media.items(layout.ANNOTATIONS) if keys else []
        self._annotated = {item.name.split("/")[2] for item in items}
        return keys

    def most(self, _: Needs) -> int:
        return _BATCH

    def fetch(self, keys: Sequence[RunKey], needs: Needs) -> Mapping[str, Excerpt]:
        has_figures = needs.metrics is None or bool(needs.metrics)
        found = self._media.each(keys, lambda key: self._excerpt(key, has_figures=has_figures))
        return {key.uid: excerpt for key, excerpt in zip(keys, found, strict=True) if excerpt is not None}

    def _excerpt(self, key: RunKey, *, has_figures: bool) -> Excerpt | None:
        data = self._media.find(record_name(str(key.id)))
        if data is None:
            return None
        figures = self._figures(key.uid) if has_figures else None
        return _Excerpt(self._media, key, data, figures, is_annotated=key.uid in self._annotated)

    def _figures(self, uid: str) -> dict[str, dict[str, Any]]:
        try:
            return summarise(self._store, uid)
        except DAMAGE:  # the row lacks them
            return {}


class _Excerpt:
    """The record of a run and the figures of its metrics, if they were wanted; the rest is fetched when it is asked for."""

    def __init__(
        self, media: Media, key: RunKey, data: bytes, figures: dict[str, dict[str, Any]] | None, *, is_annotated: bool
    ) -> None:
        self._media = media
        self._key = key
        self._data = data
        self._figures = figures
        self._is_annotated = is_annotated

    def tree(self) -> dict[str, Json] | None:
        return None

    def record(self) -> RunRecord | None:
        data, self._data = self._data, b""
        return read(self._media, str(self._key.id), data).record

    def lease(self) -> Lease | None:
        return lease_of(self._media, str(self._key.id))

    def annotations(self) -> list[Annotation]:
        return annotations_of(self._media, self._key.uid) if self._is_annotated else []

    def figures(self) -> dict[str, dict[str, Any]] | None:
        return self._figures
