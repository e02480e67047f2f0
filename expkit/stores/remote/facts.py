"""Leases and later facts."""

from __future__ import annotations

import threading
from time import time_ns
from typing import TYPE_CHECKING

from expkit.errors import FormatError
from expkit.record.wire import annotation_from_json, annotation_to_json, lease_from_json, lease_to_json
from expkit.stores import rules
from expkit.stores.disk import text
from expkit.stores.disk.files import fresh_name
from expkit.stores.remote import layout

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.record.model import Annotation, Lease
    from expkit.stores.remote.media import Media


def put_lease(media: Media, run_id: str, lease: Lease, now: datetime) -> None:
    """Write the lease of a run, stamped with the store's clock, or with its own time where it is a copy."""
    stamped = lease.but(renewed=lease.renewed or now, unmoved=None)
    media.put(_lease_name(run_id), text.pretty(lease_to_json(stamped)))


def lease_of(media: Media, run_id: str) -> Lease | None:
    """The last lease of a run, or None if there never was one."""
    data = media.find(_lease_name(run_id))
    if data is None:
        return None
    try:
        lease = lease_from_json(text.parsed(data))
    except ValueError as error:
        raise FormatError(f"the lease of run {run_id} in {media.place.url} cannot be read: {error}") from None
    return lease if lease.renewed else lease.but(renewed=media.modified(_lease_name(run_id)))


def annotate(media: Media, uid: str, annotation: Annotation) -> None:
    """Add a later fact, as an object of its own."""
    name = f"{layout.ANNOTATIONS}/{uid}/{_names.next()}.jsonl"
    media.put(name, text.line(annotation_to_json(annotation)))


def annotations_of(media: Media, uid: str) -> list[Annotation]:
    """The later facts of a run, in order of their time; those of one time as they came."""
    names = sorted(item.name for item in media.items(f"{layout.ANNOTATIONS}/{uid}"))
    found = [annotation_from_json(tree) for data in media.each(names, media.get) for tree in text.lines(data)]
    return rules.in_order(found)


def _lease_name(run_id: str) -> str:
    return f"{run_id}/lease.json"


class _Names:
    """New names, each of which comes after those made before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = 0

    def next(self) -> str:
        with self._lock:
            self._latest = max(self._latest + 1, time_ns())
            return f"{self._latest:020d}-{fresh_name()}"


_names = _Names()
