"""Records as databases keep them: exactly, their fields as JSON text, of which only what has changed is sent."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from expkit.record.wire import record_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.record.model import RunRecord
    from expkit.types import Json

_DERIVED = ("_id", "resources", "artifacts")


def fields_of(record: RunRecord) -> dict[str, Json]:
    """The fields of a record, from which it can be made again; without those that only repeat others."""
    tree = record_to_json(record) | {"experiment": record.experiment}
    return {name: value for name, value in tree.items() if name not in _DERIVED}


def digests_of(texts: Mapping[str, str]) -> dict[str, bytes]:
    """What texts are known by."""
    return {name: blake2b(text.encode(), digest_size=16).digest() for name, text in texts.items()}
