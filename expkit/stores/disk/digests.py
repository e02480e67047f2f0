"""What tells bytes apart: :class:`Digest`."""

from __future__ import annotations

from expkit._support.digests import md5_of, sha256_of
from expkit._support.named import NamedTuple

CHUNK = 1 << 20
"""Bytes that are read at once."""


class Digest(NamedTuple):
    """What is known about bytes: hex digests (``md5`` only if it was asked for) and size in bytes."""

    sha256: str
    md5: str
    size: int


def digest_of_bytes(data: bytes, md5: bool) -> Digest:
    """The digest of bytes in memory."""
    return Digest(sha256_of(data), md5_of(data) if md5 else "", len(data))
