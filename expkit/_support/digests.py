"""sha256 and md5 of texts and small files without OpenSSL, which takes 3 ms to load; for large ones it is faster."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import hashlib
    from hashlib import md5, sha256
else:
    try:
        if sys.version_info >= (3, 12):
            from _sha2 import sha256
        else:
            from _sha256 import sha256
        from _md5 import md5
    except ImportError:  # an interpreter that has them from OpenSSL only
        from hashlib import md5, sha256

LARGE = 1 << 16
"""From so many bytes on OpenSSL is worth loading."""


def new_sha256(size: int = 0) -> hashlib._Hash:
    """A sha256 to feed with about so many bytes."""
    if size < LARGE:
        return sha256()
    import hashlib

    return hashlib.sha256()


def new_md5(size: int = 0) -> hashlib._Hash:
    """An md5 to feed with about so many bytes; it names files, and keeps nobody out."""
    if size < LARGE:
        return md5(usedforsecurity=False)
    import hashlib

    return hashlib.md5(usedforsecurity=False)


def sha256_of(data: bytes) -> str:
    """The hex digest of bytes."""
    digest = new_sha256(len(data))
    digest.update(data)
    return digest.hexdigest()


def md5_of(data: bytes) -> str:
    """The hex digest of bytes."""
    digest = new_md5(len(data))
    digest.update(data)
    return digest.hexdigest()
