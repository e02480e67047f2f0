"""Records as they lie in a run's document: each field as JSON text, long ones in the GridFS beside it.

Text has no limits: any key, any number, any depth. Each field is a value of its own, so that saving sends only what has
changed since the last time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen, field
from expkit.errors import FormatError
from expkit.record.wire import record_from_json
from expkit.stores.exact import fields_of
from expkit.stores.mongo.files import read_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.record.model import RunRecord
    from expkit.stores.mongo.server import Server

INLINE = 1 << 16
"""Characters of one field up to which it lies in the document itself; there are thirty, and a document has 16 MB."""


class Known(Frozen):
    """What this process knows of a run's document.

    Attributes:
        id: ``_id`` of the run.
        version: how often the document was changed.
        segment: of the record.
        digests: of the fields' texts.
        long: ids of the files of fields that are too long for the document.
        linked: how many of the record's files were in the GridFS.
    """

    id: Any
    version: int = 0
    segment: int = 0
    digests: Mapping[str, bytes] = field(default_factory=dict)
    long: Mapping[str, Any] = field(default_factory=dict)
    linked: int = 0


def texts_of(record: RunRecord) -> dict[str, str]:
    """The fields of a record as JSON text, in ASCII."""
    return {name: json.dumps(value, allow_nan=False) for name, value in fields_of(record).items()}


def record_of(server: Server, document: Mapping[str, Any]) -> RunRecord:
    """The record in a run's document.

    Raises:
        FormatError: it holds no record.
        BlobNotFoundError: a long field has gone; a new one has taken its place in the document.
    """
    ours = document["expkit"]
    texts = {**ours["record"], **{key: read_all(server, file_id).decode() for key, file_id in ours["long"].items()}}
    try:
        tree = {key: json.loads(text) for key, text in texts.items()}
    except (TypeError, ValueError) as error:
        raise FormatError(f"run {document['_id']} in {server.place.url} cannot be read: {error}") from None
    return record_from_json({**tree, "_id": document["_id"]})
