"""Records as documents of TinyDB, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.errors import DAMAGE, FormatError
from expkit.record.wire import record_from_json, record_to_json

if TYPE_CHECKING:
    from expkit.record.model import RunRecord
    from expkit.types import Json

OUTPUT_KEPT = 1 << 16
"""Bytes of a run's output that its document repeats, the last ones; all of it lies beside the tables."""


def to_document(record: RunRecord, output: bytes = b"") -> dict[str, Json]:
    """What the table of runs holds about a run: its record, in the predecessor's words, and the end of its output."""
    return {**record_to_json(record), "captured_out": output.decode("utf-8", "replace")}


def from_document(document: dict[str, Json], place: str) -> RunRecord:
    """The record in a document.

    Raises:
        FormatError: it is none; the message names its ``place``.
    """
    try:
        return record_from_json(document)
    except DAMAGE as error:
        raise FormatError(f"{place}: {error}") from error
