"""The wire form of protocol buffers: fields by number, no schema. What cannot be read is a :class:`FormatError`."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from expkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_CONTINUED, _LONGEST = 0x80, 70
_SIGN = 1 << 63
_BROKEN = "this is no message of protocol buffers"


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of the fields: ints for varints, bytes for all others; see the functions below.

    Raises:
        FormatError: the data are no message.
    """
    place, end = 0, len(data)
    while place < end:
        head, place = _varint(data, place)
        kind = head & 7
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield head >> 3, value
            continue
        if kind == _BYTES:
            size, place = _varint(data, place)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise FormatError(_BROKEN)
        if place + size > end:
            raise FormatError(_BROKEN)
        yield head >> 3, data[place : place + size]
        place += size


def message(data: bytes) -> dict[int, Any]:
    """The fields by number; of one that is repeated the last."""
    return dict(fields(data))


def repeated(data: bytes, number: int) -> list[Any]:
    """All values of one field."""
    return [value for found, value in fields(data) if found == number]


def text(value: Any) -> str:
    """A string field; ``""`` where it is none."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def part(value: Any) -> dict[int, Any]:
    """A field that is a message; an empty one where it is none."""
    return message(value) if isinstance(value, bytes) else {}


def double(value: Any) -> float:
    """A double field."""
    return _unpacked("<d", value)


def float32(value: Any) -> float:
    """A float field."""
    return _unpacked("<f", value)


def signed(value: Any) -> int:
    """An int32 or int64 field; 0 where it is none."""
    if not isinstance(value, int):
        return 0
    return value - 2 * _SIGN if value >= _SIGN else value


def zigzag(value: int) -> int:
    """A sint64 field."""
    return (value >> 1) ^ -(value & 1)


def varints(data: Any) -> list[int]:
    """Numbers in a packed field."""
    found, place = [], 0
    while isinstance(data, bytes) and place < len(data):
        value, place = _varint(data, place)
        found.append(signed(value))
    return found


def _unpacked(form: str, value: Any) -> float:
    if value is None:
        return 0.0
    try:
        found: float = struct.unpack(form, value)[0]
    except (struct.error, TypeError):
        raise FormatError(_BROKEN) from None
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    try:
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < _CONTINUED:
                return value, place
            shift += 7
            if shift > _LONGEST:
                raise FormatError(_BROKEN)
    except IndexError:
        raise FormatError(_BROKEN) from None
