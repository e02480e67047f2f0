"""TFRecord files: records one after another, each with the CRC-32C of its length and of its bytes."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

from expkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

LARGEST = 256 << 20
"""Bytes of the largest record that is read."""

_CHECKED = 1 << 16
_HEAD = struct.Struct("<QI")
_CRC = struct.Struct("<I")
_POLYNOMIAL = 0x82F63B78
_MASK, _ALL = 0xA282EAD8, 0xFFFFFFFF


def records(file: BinaryIO, where: str) -> Iterator[bytes]:
    """The records of a file; one at its end that is not whole is being written, and left out.

    Every length is compared with its checksum, and all bytes of records of up to 64 KiB: larger ones hold pictures.

    Raises:
        FormatError: a record that is damaged; what follows it cannot be read.
    """
    number = 0
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        number += 1
        size, crc = _HEAD.unpack(head)
        if masked_crc(head[:8]) != crc or size > LARGEST:
            raise FormatError(f"{where} is damaged: record {number} does not say how long it is")
        data, tail = file.read(size), file.read(_CRC.size)
        if len(data) < size or len(tail) < _CRC.size:
            return
        if size <= _CHECKED and masked_crc(data) != _CRC.unpack(tail)[0]:
            raise FormatError(f"{where} is damaged: record {number} is not what was written")
        yield data


def masked_crc(data: bytes) -> int:
    """The CRC-32C of bytes, as it stands in such files."""
    crc, table = _ALL, _table()
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    crc ^= _ALL
    return ((crc >> 15 | crc << 17) + _MASK) & _ALL


@cache
def _table() -> tuple[int, ...]:
    return tuple(map(_entry, range(256)))


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value
