"""Values ↔ JSON trees: a closed set goes there and back, anything else is recorded readably and never rebuilt.

The closed set: JSON, non-finite floats, tuples, sets, bytes, dates and times, paths, enums, decimals, UUIDs, regular
expressions, complex numbers, dataclasses, named tuples, NumPy scalars and arrays. Lists, dicts and strings of any subclass become plain ones.

:func:`encode` turns values into trees, :func:`decode` trees into values; what cannot come back is :class:`Opaque`.
"""

from __future__ import annotations

from expkit.record.decoding import decode, not_restorable
from expkit.record.encoding import MAX_DEPTH, encode
from expkit.record.snapshot import snapshot
from expkit.record.tagged import Encoded, Masked, Opaque, blobs_of, opaque_paths, record_blobs, run_blobs

__all__ = [
    "MAX_DEPTH",
    "Encoded",
    "Masked",
    "Opaque",
    "blobs_of",
    "decode",
    "encode",
    "not_restorable",
    "opaque_paths",
    "record_blobs",
    "run_blobs",
    "snapshot",
]
