"""W&B's files ``run-ID.wandb``: LevelDB's log format with checksums, each entry a record in protocol buffers."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from expkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 256 << 20
"""Bytes of the largest entry that is read."""

_IDENT = b":W&B\xe1\xbe"
_BLOCK, _HEAD = 32768, struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_PREFIX = 7


def entries(path: str) -> Iterator[bytes]:
    """The entries of a file; one at its end that is not whole is being written, and left out.

    Raises:
        FormatError: it is no such file, or damaged; what follows cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(_PREFIX)
        if head[: len(_IDENT)] != _IDENT[: len(head)] or len(head) < _PREFIX:
            raise FormatError(f"{path} is no file of W&B: it does not begin as these do")
        block, start, parts = file.read(_BLOCK - _PREFIX), _PREFIX, b""
        while block:
            for kind, data in _chunks(block, start, path):
                parts = data if kind in (_FULL, _FIRST) else parts + data
                if len(parts) > LARGEST:
                    raise FormatError(f"{path} is damaged: an entry has more than {LARGEST} bytes")
                if kind in (_FULL, _LAST):
                    yield parts
            block, start = file.read(_BLOCK), 0


def _chunks(block: bytes, start: int, path: str) -> Iterator[tuple[int, bytes]]:
    """Parts of entries in one block; its last bytes are empty where no further part fits."""
    place = 0
    while place + _HEAD.size <= len(block) and _BLOCK - start - place >= _HEAD.size:
        crc, size, kind = _HEAD.unpack_from(block, place)
        data = block[place + _HEAD.size : place + _HEAD.size + size]
        if not kind and not size:
            return  # room that was made in advance
        if len(data) < size and len(block) + start < _BLOCK:
            return
        if zlib.crc32(data, zlib.crc32(bytes([kind]))) != crc or not _FULL <= kind <= _LAST:
            raise FormatError(f"{path} is damaged, so that it can be read only in part")
        yield kind, data
        place += _HEAD.size + size
