"""Leases and annotations as they lie in documents."""

from __future__ import annotations

import json
from datetime import timezone
from typing import TYPE_CHECKING, Any

from expkit.record.wire import annotation_from_json, lease_from_json, lease_to_json
from expkit.stores import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from expkit.record.model import Annotation, Lease


def microseconds(time: datetime) -> int:
    """A time as it orders documents; times in BSON are cut to milliseconds."""
    return int(time.timestamp() * 1e6)


def first_lease(lease: Lease | None, now: datetime) -> dict[str, Any] | None:
    """The lease of a new run, stamped by the server's clock."""
    return None if lease is None else {"text": json.dumps(lease_to_json(lease.but(renewed=now)))}


def renewal(lease: Lease) -> dict[str, Any]:
    """How the document changes with a lease: the server stamps it, unless it says itself when it was renewed."""
    text = json.dumps(lease_to_json(lease))
    if lease.renewed is not None:
        return {"$set": {"expkit.lease": {"text": text}}}
    return {"$set": {"expkit.lease.text": text}, "$currentDate": {"expkit.lease.renewed": True}}


def lease_of(document: Mapping[str, Any]) -> Lease | None:
    """The lease in a run's document."""
    found = document["expkit"].get("lease")
    if not found:
        return None
    lease = lease_from_json(json.loads(found["text"]))
    if lease.renewed is None and "renewed" in found:
        lease = lease.but(renewed=found["renewed"].replace(tzinfo=timezone.utc))
    return lease


def annotations_of(documents: Iterable[Mapping[str, Any]]) -> list[Annotation]:
    """Annotations in order of their time; those of one time as they came."""
    ordered = sorted(documents, key=lambda document: (document["created"], document["_id"]))
    found = [annotation_from_json(json.loads(document["text"])) for document in ordered]
    return rules.in_order(found)
