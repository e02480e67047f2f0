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
    """The records of a file.

    Every length is compared with its checksum, and all bytes of records of up to 64 KiB: larger ones hold pictures.

    Raises:
        FormatError: a record that is damaged or not whole, and at which byte it begins; what follows it cannot be read.
    """
    number = start = 0
    while head := file.read(_HEAD.size):
        try:
            data = _whole(head, file)
        except FormatError as error:
            raise FormatError(f"{where} {error} (byte {start}); {number} records before it were read") from None
        yield data
        number, start = number + 1, start + _HEAD.size + len(data) + _CRC.size


def _whole(head: bytes, file: BinaryIO) -> bytes:
    """What a record holds that begins with these bytes."""
    size, crc = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, None)
    if crc is not None and (masked_crc(head[:8]) != crc or size > LARGEST):
        raise FormatError("is damaged: a record does not say how long it is")
    data, tail = file.read(size), file.read(_CRC.size)
    if crc is None or len(data) < size or len(tail) < _CRC.size:
        raise FormatError("is cut off, or being written: it ends within a record")
    if size <= _CHECKED and masked_crc(data) != _CRC.unpack(tail)[0]:
        raise FormatError("is damaged: a record is not what was written")
    return data


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
