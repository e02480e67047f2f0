"""What tells bytes apart: :class:`Digest`."""

from __future__ import annotations

from typing import NamedTuple

CHUNK = 1 << 20
"""Bytes that are read at once."""


class Digest(NamedTuple):
    """What is known about bytes: hex digests (``md5`` only if it was asked for) and size in bytes."""

    sha256: str
    md5: str
    size: int


def digest_of_bytes(data: bytes, md5: bool) -> Digest:
    """The digest of bytes in memory."""
    import hashlib

    other = hashlib.md5(data, usedforsecurity=False).hexdigest() if md5 else ""
    return Digest(hashlib.sha256(data).hexdigest(), other, len(data))
