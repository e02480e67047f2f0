"""The packed form of metric points, version 1: a file of 32-byte slots, written once, in order, never changed.

The first slot is the ASCII line ``MAGIC``. Every other record starts with a slot whose first and last four bytes are
the same number, the *head*: ``series * 16 + type``. Numbers are little-endian.

====  =====================================  =======================================================
type  record                                 bytes of the slot
====  =====================================  =======================================================
1     point: int step, float value           head u32, step i64, value f64, time f64, head u32
2     point: int step, int value             head u32, step i64, value i64, time f64, head u32
3     point: float step, float value         head u32, step f64, value f64, time f64, head u32
4     point: float step, int value           head u32, step f64, value i64, time f64, head u32
5     point: int step, value in payload      head u32, crc u32, step i64, time f64, length u32, head u32
6     point: float step, value in payload    head u32, crc u32, step f64, time f64, length u32, head u32
7     point: step in payload, float value    head u32, crc u32, value f64, time f64, length u32, head u32
8     point: step in payload, int value      head u32, crc u32, value i64, time f64, length u32, head u32
9     point: ``[step, value]`` in payload    head u32, crc u32, 8 zero bytes, time f64, length u32, head u32
14    series: ``[name, kind, [[tag, value]]]``  head u32, crc u32, 16 zero bytes, length u32, head u32
15    nothing: room that no record fitted    head u32, 24 zero bytes, head u32
====  =====================================  =======================================================

A payload is ``length`` bytes of ASCII JSON in the slots after the first one, padded with spaces to whole slots; ``crc`` is
its CRC-32. Time is seconds since the epoch. A series record gives its number a name from there on.

The file ends where its bytes end, or at the first slot that is all zero (room prepared for later), or at the first record
that is not whole: its writer was killed while writing it, and had not acknowledged it. Before that there are no gaps.
"""

from __future__ import annotations

import struct
from binascii import crc32
from json import dumps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expkit.types import Json

SLOT = 32
MAGIC_START = b"expkit metric points, format "
MAGIC = MAGIC_START + b"1 \n"

INT_FLOAT, INT_INT, FLOAT_FLOAT, FLOAT_INT = 1, 2, 3, 4
INT_JSON, FLOAT_JSON, JSON_FLOAT, JSON_INT, JSON_JSON = 5, 6, 7, 8, 9
SERIES, FILLER = 14, 15
LAST_PLAIN = FLOAT_INT

pack_int_float = struct.Struct("<IqddI").pack
pack_int_int = struct.Struct("<IqqdI").pack

FILLER_SLOT = pack_int_int(FILLER, 0, 0, 0.0, FILLER)

usual_rows = struct.Struct("<Iqdd4x")
"""Head, step, value and time of a type 1 slot."""

PLAIN = {kind: struct.Struct(f"<4x{form}12x") for kind, form in zip(range(1, 5), ("qd", "qq", "dd", "dq"), strict=True)}
PAYLOAD = {kind: struct.Struct(f"<II{form}dII") for kind, form in zip(range(5, 10), "qdqqq", strict=True)}
PAYLOAD[JSON_FLOAT] = struct.Struct("<IIddII")
PAYLOAD[SERIES] = PAYLOAD[JSON_JSON]

_TYPES = {
    (int, float): INT_FLOAT,
    (int, int): INT_INT,
    (float, float): FLOAT_FLOAT,
    (float, int): FLOAT_INT,
    (int, None): INT_JSON,
    (float, None): FLOAT_JSON,
    (None, float): JSON_FLOAT,
    (None, int): JSON_INT,
    (None, None): JSON_JSON,
}


def pack_point(series: int, step: Json, value: Json, time: float) -> bytes:
    """One point as a record; ``step`` and ``value`` are ints, floats or other JSON trees."""
    kinds = _binary(step), _binary(value)
    kind = _TYPES[kinds]
    head = series << 4 | kind
    if kind <= LAST_PLAIN:
        form = "<I" + ("q" if kinds[0] is int else "d") + ("q" if kinds[1] is int else "d") + "dI"
        return struct.pack(form, head, step, value, time, head)
    binary = value if kinds[0] is None else step
    tree = [step, value] if kind == JSON_JSON else step if kinds[0] is None else value
    return _pack_payload(kind, head, 0 if kind == JSON_JSON else binary, time, tree)


def pack_series(series: int, name: str, tags: tuple[tuple[str, str], ...], kind: str) -> bytes:
    """The record that names a series."""
    return _pack_payload(SERIES, series << 4 | SERIES, 0, 0.0, [name, kind, tags])


def size_of(first: bytes) -> int:
    """Bytes of the record that starts with the slot ``first``."""
    if first[0] & 15 in PAYLOAD:
        return SLOT + _padded(int.from_bytes(first[24:28], "little"))
    return SLOT


def _padded(length: int) -> int:
    return -(-length // SLOT) * SLOT


def _pack_payload(kind: int, head: int, binary: float, time: float, tree: Json) -> bytes:
    text = _json(tree)
    first = PAYLOAD[kind].pack(head, crc32(text), binary, time, len(text), head)
    return first + text.ljust(_padded(len(text)))


def _json(tree: Json) -> bytes:
    return dumps(tree, separators=(",", ":"), allow_nan=False).encode("ascii")


def _binary(value: Any) -> type | None:
    """How the value fits into eight bytes, or None where it does not."""
    if type(value) is float:
        return float
    if type(value) is int and -(2**63) <= value < 2**63:
        return int
    return None
