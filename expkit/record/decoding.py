"""Trees to values; see :mod:`expkit.record.codec`.

Trees are never trusted: no module of the user's is imported, none of their constructors is called, and a tree that is
wrong in any way becomes :class:`Opaque`.
"""

from __future__ import annotations

import math
from base64 import b64decode
from datetime import date, datetime, time, timedelta
from enum import Enum, Flag
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from expkit._support.secrets import MASK
from expkit.record import arrays as numeric
from expkit.record.tagged import Encoded, Masked, Opaque, find_loaded, kind_of, name_of, opaque_paths, tagged

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import Field

    from expkit.record.tagged import GetBytes
    from expkit.types import Json

_DEEPEST = 400
_AT_ONCE = 40
"""Containers in each other that are read by calls in each other."""


def decode(tree: Json, arrays: GetBytes | None = None) -> Any:
    """The value that a tree was made from; never raises for what the tree is.

    Args:
        tree: what :func:`encode` gave, or any other JSON.
        arrays: the bytes of arrays that lie beside the tree; without it those are :class:`Opaque`.

    Returns:
        A new value. What cannot be restored is :class:`Opaque`, found in dicts, lists and tuples only: anything
        else that holds such a value is opaque as a whole.
    """
    return _Decoder(arrays).complete(tree)


def not_restorable(tree: Json, arrays: GetBytes | None = None) -> list[str]:
    """Dotted paths of the entries of a tree that :func:`decode` cannot restore here and now."""
    return opaque_paths(decode(tree, arrays))


class _Decoder:
    def __init__(self, arrays: GetBytes | None) -> None:
        self.arrays = arrays
        self._depth = 0
        self._calls = 0
        self._later: list[tuple[Callable[[], None], int]] = []

    def complete(self, tree: Json) -> Any:
        """The value of a tree, with all that was put off."""
        before, self._later = self._later, []
        depth, calls, self._calls = self._depth, self._calls, 0
        value = self(tree)
        while self._later:
            fill, self._depth = self._later.pop()
            fill()
        self._later, self._depth, self._calls = before, depth, calls
        return value

    def __call__(self, tree: Json) -> Any:
        if isinstance(tree, Encoded):
            return self(tree.tree)
        if not isinstance(tree, (dict, list)):
            return tree
        self._depth += 1
        self._calls += 1
        try:
            return self._container(tree)
        finally:
            self._depth -= 1
            self._calls -= 1

    def _filled(self, made: Any, fill: Callable[[], None]) -> Any:
        """A container, filled now or, where calls lie too deep in each other, later."""
        if self._calls % _AT_ONCE:
            fill()
        else:
            self._later.append((fill, self._depth))
        return made

    def _container(self, tree: Any) -> Any:
        if self._depth > _DEEPEST:
            return Opaque(tagged("object", type=name_of(type(tree)), repr="..."))
        if isinstance(tree, list):
            items: list[Any] = []
            return self._filled(items, lambda: items.extend([self(item) for item in tree]))
        kind = kind_of(tree)
        if kind is None:
            entries: dict[str, Any] = {}
            return self._filled(entries, lambda: entries.update({key: self(item) for key, item in tree.items()}))
        try:
            return _READERS[kind](self, tree)
        except Exception:
            return Opaque(tree)

    def whole(self, tree: Json) -> Any:
        """A value without anything opaque in it."""
        value = self.complete(tree)
        if opaque_paths(value):
            raise ValueError("a part cannot be restored")
        return value


def _int(_: _Decoder, tree: dict[str, Json]) -> int:
    return int(tree["value"], 16)


def _str(_: _Decoder, tree: dict[str, Json]) -> str:
    return b64decode(tree["value"], validate=True).decode("utf-8", "surrogatepass")


def _masked(_: _Decoder, tree: dict[str, Json]) -> Masked:
    return Masked(tree.get("value", MASK))


def _float(_: _Decoder, tree: dict[str, Json]) -> float:
    return float(tree["value"])


def _dict(decoder: _Decoder, tree: dict[str, Json]) -> dict[Any, Any]:
    return {decoder.whole(key): decoder(item) for key, item in tree["value"]}


def _tuple(decoder: _Decoder, tree: dict[str, Json]) -> tuple[Any, ...]:
    return tuple([decoder(item) for item in tree["value"]])


def _set(decoder: _Decoder, tree: dict[str, Json]) -> set[Any]:
    return {decoder.whole(item) for item in tree["value"]}


def _frozenset(decoder: _Decoder, tree: dict[str, Json]) -> frozenset[Any]:
    return frozenset(_set(decoder, tree))


def _bytes(_: _Decoder, tree: dict[str, Json]) -> bytes:
    return b64decode(tree["value"], validate=True)


def _datetime(_: _Decoder, tree: dict[str, Json]) -> datetime:
    value = datetime.fromisoformat(tree["value"]).replace(fold=tree.get("fold", 0))
    if "zone" not in tree:
        return value
    from zoneinfo import ZoneInfo

    return value.replace(tzinfo=ZoneInfo(tree["zone"]))


def _time(_: _Decoder, tree: dict[str, Json]) -> time:
    return time.fromisoformat(tree["value"]).replace(fold=tree.get("fold", 0))


def _date(_: _Decoder, tree: dict[str, Json]) -> date:
    return date.fromisoformat(tree["value"])


def _timedelta(_: _Decoder, tree: dict[str, Json]) -> timedelta:
    return timedelta(*tree["value"])


_PURE = {"PurePosixPath": PurePosixPath, "PureWindowsPath": PureWindowsPath}


def _path(_: _Decoder, tree: dict[str, Json]) -> Any:
    return _PURE[tree["type"]](tree["value"]) if "type" in tree else Path(tree["value"])


def _loaded_class(tree: dict[str, Json], fits: Callable[[Any], bool]) -> Any:
    found = find_loaded(tree["type"])
    if isinstance(found, type) and fits(found):
        return found
    raise LookupError(f"{tree['type']} is not loaded, or is something else now")


def _enum(_: _Decoder, tree: dict[str, Json]) -> Any:
    found = _loaded_class(tree, lambda kind: issubclass(kind, Enum))
    members = found.__members__
    return members[tree["name"]] if tree["name"] in members else _combined(found, tree["value"])


def _combined(found: Any, value: Json) -> Any:
    if issubclass(found, Flag) and isinstance(value, int):
        return found(value)
    raise LookupError(f"{found} has no such member any more")


def _dataclass(decoder: _Decoder, tree: dict[str, Json]) -> Any:
    from dataclasses import fields, is_dataclass

    found = _loaded_class(tree, is_dataclass)
    values = {name: decoder.whole(item) for name, item in tree["value"].items()}
    known = fields(found)
    if not values.keys() <= {field.name for field in known}:
        raise LookupError("the class has lost a field")
    values |= {field.name: _default(field) for field in known if field.name not in values}
    made = object.__new__(found)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def _default(field: Field[Any]) -> Any:
    from dataclasses import MISSING

    if field.default_factory is not MISSING:
        return field.default_factory()
    if field.default is MISSING:
        raise LookupError(field.name)
    return field.default


def _namedtuple(decoder: _Decoder, tree: dict[str, Json]) -> Any:
    names = tuple(tree["value"])
    found = _loaded_class(tree, lambda kind: issubclass(kind, tuple) and getattr(kind, "_fields", None) == names)
    return tuple.__new__(found, [decoder.whole(item) for item in tree["value"].values()])


def _complex(decoder: _Decoder, tree: dict[str, Json]) -> complex:
    real, imag = (decoder(part) for part in tree["value"])
    return complex(real, imag)


def _decimal(_: _Decoder, tree: dict[str, Json]) -> Any:
    from decimal import Decimal

    return Decimal(tree["value"])


def _uuid(_: _Decoder, tree: dict[str, Json]) -> Any:
    from uuid import UUID

    return UUID(tree["value"])


def _pattern(decoder: _Decoder, tree: dict[str, Json]) -> Any:
    import re

    return re.compile(decoder(tree["value"]), tree["flags"])


def _array(decoder: _Decoder, tree: dict[str, Json]) -> Any:
    if "items" not in tree:
        return numeric.decode_array(tree, decoder.arrays)
    if math.prod(tree["shape"]) != len(tree["items"]):
        raise ValueError("the shape does not fit")
    return numeric.object_array([decoder.whole(item) for item in tree["items"]], tree["shape"])


def _scalar(_: _Decoder, tree: dict[str, Json]) -> Any:
    return numeric.decode_scalar(tree)


_READERS: dict[Any, Callable[[_Decoder, dict[str, Json]], Any]] = {
    "int": _int,
    "str": _str,
    "float": _float,
    "masked": _masked,
    "dict": _dict,
    "tuple": _tuple,
    "set": _set,
    "frozenset": _frozenset,
    "bytes": _bytes,
    "datetime": _datetime,
    "time": _time,
    "date": _date,
    "timedelta": _timedelta,
    "path": _path,
    "enum": _enum,
    "dataclass": _dataclass,
    "namedtuple": _namedtuple,
    "complex": _complex,
    "decimal": _decimal,
    "uuid": _uuid,
    "pattern": _pattern,
    "array": _array,
    "scalar": _scalar,
}
