"""Values to trees; see :mod:`expkit.record.codec`."""

from __future__ import annotations

import re
import sys
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from enum import Enum
from json import dumps, loads
from pathlib import Path, PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from expkit._support.odd import RAISED, safe_repr, tolerate
from expkit._support.secrets import Secret
from expkit.record.masking import of_runs
from expkit.record.tagged import TAG, Encoded, Masked, Opaque, find_loaded, is_unicode, name_of, tagged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from expkit.record.masking import Secrets
    from expkit.record.tagged import PutBytes
    from expkit.types import Json

MAX_DEPTH = 300
"""Levels of lists and dicts in a tree, which every backend keeps; what lies deeper is cut off."""

on_cut: ContextVar[Callable[[], None] | None] = ContextVar("expkit_on_cut", default=None)
"""Told whenever something is cut off."""

_AT_ONCE = 40
"""Containers in each other that are written by calls in each other: Python allows so many, and the program has its own."""

_TAGGED, _PAIRS = 2, 3
"""Levels of the tree that a tagged container takes, and a dict with keys that are no texts."""

_REPR_LIMIT = 2_000
_STATE_LIMIT = 100_000
_BITS_LIMIT = 14_000  # Python refuses to write longer ints in decimal
_ADDRESS = r" at 0x[0-9a-fA-F]+"


def encode(value: Any, arrays: PutBytes | None = None, *, unwrap: bool = False) -> Json:
    """The JSON tree of any value; never raises for what the value is.

    Args:
        value: anything. Containers are only read; they should not change meanwhile (:func:`snapshot`).
        arrays: keeps the bytes of large arrays and frames beside the tree; without it all are written inline.
        unwrap: write scalars of NumPy and of tensor libraries as plain numbers: for what is reported to people, not
            restored.

    Returns:
        Strict JSON: no NaN, only string keys, at most :data:`MAX_DEPTH` containers deep; :data:`on_cut` is told where that
        is not all.
    """
    return _Encoder(arrays, unwrap).whole(value)


class _Encoder:
    def __init__(self, arrays: PutBytes | None, unwrap: bool) -> None:
        self.arrays = arrays
        self.unwrap = unwrap
        self._open: dict[int, Any] = {}  # with the values: while they live, their ids are their own
        self._depth = 0
        self._later: list[tuple[Any, Callable[[], Json], dict[int, Any], int]] = []

    def whole(self, value: Any) -> Json:
        """The tree of a value, with all that was left for later."""
        before, self._later = self._later, []
        inside, depth = self._open, self._depth
        tree = self(value)
        while self._later:
            made, write, self._open, self._depth = self._later.pop()
            made.extend(write()) if isinstance(made, list) else made.update(write())
        self._later, self._open, self._depth = before, inside, depth
        return tree

    def __call__(self, value: Any) -> Json:
        try:
            if self.unwrap:
                value = _plain(value)
            write = _EXACT.get(type(value)) or _writer_for(value)
            return write(self, value)
        except RAISED as error:
            tolerate(error)
            if isinstance(error, RecursionError):
                _say_cut()
            return _object(self, value)

    def inside(self, value: Any, write: Callable[[], Json], levels: int = 1) -> Json:
        """Write a container, which takes so many levels of the tree, unless we are inside it already or too deep."""
        mark = id(value)
        if mark in self._open:
            return tagged("object", type=name_of(type(value)), repr="...")
        if self._depth + levels > MAX_DEPTH:
            _say_cut()
            return tagged("object", type=name_of(type(value)), repr=_repr(value, of_runs()))
        self._open[mark] = value
        self._depth += levels
        try:
            return write() if len(self._open) % _AT_ONCE else self._put_off(value, write)
        finally:
            self._depth -= levels
            del self._open[mark]

    def _put_off(self, value: Any, write: Callable[[], Json]) -> Json:
        """A container that is filled later, from where there is room for further calls."""
        made: Any = [] if isinstance(value, list) else {}
        self._later.append((made, write, dict(self._open), self._depth))
        return made

    def all(self, items: Iterable[Any]) -> list[Json]:
        return [self(item) for item in items]


def _say_cut() -> None:
    if (say := on_cut.get()) is not None:
        say()


def _plain(value: Any) -> Any:
    """The number in a NumPy scalar, a 0-d array or a 0-d tensor of any library; anything else as it is."""
    if getattr(value, "shape", None) != () or getattr(value.dtype, "kind", "f") not in "biufU":
        return value
    number = value.item()
    return number if type(number) in {bool, int, float, str} else value


def _as_is(_: _Encoder, value: Any) -> Json:
    return value


def _int(_: _Encoder, value: int) -> Json:
    return int(value) if value.bit_length() < _BITS_LIMIT else tagged("int", value=hex(value))


def _float(_: _Encoder, value: float) -> Json:
    return float(value) if value - value == 0 else tagged("float", value=str(float(value)))


def _str(_: _Encoder, value: str) -> Json:
    text = str.__str__(value)
    if is_unicode(text):
        return text
    # A broken file name, say: no database takes it as text.
    return tagged("str", value=_base64(text.encode("utf-8", "surrogatepass")))


def _dict(encoder: _Encoder, value: dict[Any, Any]) -> Json:
    pairs = list(value.items())
    is_plain = all(_is_key(key) for key, _ in pairs)
    return encoder.inside(value, lambda: _pairs(encoder, pairs, is_plain), 1 if is_plain else _PAIRS)


def _pairs(encoder: _Encoder, pairs: list[tuple[Any, Any]], is_plain: bool) -> Json:
    if is_plain:
        return {str.__str__(key): encoder(item) for key, item in pairs}
    return tagged("dict", value=[[encoder(key), encoder(item)] for key, item in pairs])


def _is_key(key: Any) -> bool:
    if type(key) is str and key.isascii():
        return key != TAG
    return isinstance(key, str) and not isinstance(key, Enum) and key != TAG and is_unicode(key)


def _list(encoder: _Encoder, value: list[Any]) -> Json:
    return encoder.inside(value, lambda: encoder.all(list(value)))


def _tuple(encoder: _Encoder, value: tuple[Any, ...]) -> Json:
    fields = getattr(value, "_fields", None)
    if fields is not None:
        return encoder.inside(
            value,
            lambda: tagged(
                "namedtuple", type=name_of(type(value)), value=dict(zip(fields, encoder.all(value), strict=True))
            ),
            _TAGGED,
        )
    return encoder.inside(value, lambda: tagged("tuple", value=encoder.all(value)), _TAGGED)


def _set(encoder: _Encoder, value: set[Any] | frozenset[Any]) -> Json:
    kind = "frozenset" if isinstance(value, frozenset) else "set"
    # Sorted, because the order of a set differs from process to process.
    return encoder.inside(value, lambda: tagged(kind, value=sorted(map(encoder.whole, value), key=_sort_key)), _TAGGED)


def _sort_key(tree: Json) -> tuple[str, Any]:
    return ("", tree) if type(tree) in {int, float} else (type(tree).__name__, dumps(tree, sort_keys=True))


def _bytes(_: _Encoder, value: bytes) -> Json:
    return tagged("bytes", value=_base64(value))


def _base64(value: bytes) -> str:
    from base64 import b64encode

    return b64encode(value).decode()


def _datetime(_: _Encoder, value: datetime) -> Json:
    zone = getattr(value.tzinfo, "key", None)
    more = {"zone": zone} if isinstance(zone, str) else {}
    return tagged("datetime", value=value.isoformat(), **more, **_fold(value))


def _time(_: _Encoder, value: time) -> Json:
    return tagged("time", value=value.isoformat(), **_fold(value))


def _fold(value: datetime | time) -> dict[str, Json]:
    return {"fold": 1} if value.fold else {}


def _date(_: _Encoder, value: date) -> Json:
    return tagged("date", value=value.isoformat())


def _timedelta(_: _Encoder, value: timedelta) -> Json:
    return tagged("timedelta", value=[value.days, value.seconds, value.microseconds])


def _path(_: _Encoder, value: PurePath) -> Json:
    pure = {} if isinstance(value, Path) else {"type": type(value).__name__}
    return tagged("path", value=value.as_posix(), **pure)


def _enum(encoder: _Encoder, value: Enum) -> Json:
    return tagged("enum", type=name_of(type(value)), name=value.name, value=encoder(value.value))


def _dataclass(encoder: _Encoder, value: Any) -> Json:
    from dataclasses import fields as fields_of

    def write() -> Json:
        names = [field.name for field in fields_of(value) if hasattr(value, field.name)]
        fields = {name: encoder(getattr(value, name)) for name in names}
        return tagged("dataclass", type=name_of(type(value)), value=fields)

    return encoder.inside(value, write, _TAGGED)


def _complex(encoder: _Encoder, value: complex) -> Json:
    return tagged("complex", value=encoder.all([value.real, value.imag]))


def _decimal(_: _Encoder, value: Any) -> Json:
    return tagged("decimal", value=str(value))


def _uuid(_: _Encoder, value: Any) -> Json:
    return tagged("uuid", value=str(value))


def _pattern(encoder: _Encoder, value: re.Pattern[Any]) -> Json:
    return tagged("pattern", value=encoder(value.pattern), flags=value.flags)


def _ref(_: _Encoder, value: Any) -> Json:
    code = getattr(value, "__code__", None)
    if code is not None and "<" in value.__qualname__:
        return tagged("ref", name=name_of(value), place=f"{PurePath(code.co_filename).name}:{code.co_firstlineno}")
    return tagged("ref", name=value.__name__ if isinstance(value, ModuleType) else name_of(value))


def _numeric() -> Any:
    """Where NumPy's values are known; without NumPy there are none."""
    from expkit.record import arrays

    return arrays


def _array(encoder: _Encoder, value: Any) -> Json:
    if value.dtype == object:
        return encoder.inside(
            value,
            lambda: tagged("array", dtype="object", shape=list(value.shape), items=encoder.all(value.ravel().tolist())),
            _TAGGED,
        )
    numeric = _numeric()
    return numeric.encode_array(value, encoder.arrays) if numeric.can_encode(value.dtype) else _object(encoder, value)


def _scalar(encoder: _Encoder, value: Any) -> Json:
    numeric = _numeric()
    return numeric.encode_scalar(value) if numeric.can_encode(value.dtype) else _object(encoder, value)


def _frame(encoder: _Encoder, value: Any) -> Json:
    return _numeric().encode_frame(value, encoder.arrays)


def _encoded(_: _Encoder, value: Opaque | Encoded | Masked) -> Json:
    return value.tree


def _secret(_: _Encoder, __: object) -> Json:
    return tagged("masked")


def _object(_: _Encoder, value: Any) -> Json:
    secrets = of_runs()
    state = _state(value, secrets)  # first: what its names tell is hidden in the other
    more = {} if state is None else {"state": state}
    return tagged("object", type=name_of(type(value)), repr=_repr(value, secrets), **more)


def _repr(value: Any, secrets: Secrets) -> str:
    text = re.sub(
        _ADDRESS, "", secrets.sure(safe_repr(value, _REPR_LIMIT + 100))
    )  # an address makes equal configs differ
    return text if len(text) <= _REPR_LIMIT else text[:_REPR_LIMIT] + "..."


def _state(value: Any, secrets: Secrets) -> Json:
    """What is inside an object, for readers; None where that cannot be had, is large or would use the object up."""
    try:
        if hasattr(value, "__next__") or hasattr(value, "__array__"):
            return None
        from jsonpickle.pickler import Pickler

        pickler = Pickler(unpicklable=False, max_depth=6, max_iter=0, warn=False, keys=True)
        text = dumps(pickler.flatten(value))
        return secrets.masked(loads(text, parse_constant=str)) if len(text) <= _STATE_LIMIT else None
    except RAISED as error:
        tolerate(error)
        return None


_EXACT: dict[type, Any] = {
    type(None): _as_is,
    bool: _as_is,
    str: _str,
    int: _int,
    float: _float,
    dict: _dict,
    list: _list,
    tuple: _tuple,
    set: _set,
    frozenset: _set,
    bytes: _bytes,
    datetime: _datetime,
    date: _date,
    time: _time,
    timedelta: _timedelta,
    complex: _complex,
    re.Pattern: _pattern,
    Opaque: _encoded,
    Masked: _encoded,
    Secret: _secret,
    Encoded: _encoded,
}

# The first that fits: an IntEnum is an Enum, a NumPy float64 is a NumPy scalar.
_BY_BASE: list[tuple[type | tuple[type, ...], Any]] = [
    (Enum, _enum),
    ((type, FunctionType, BuiltinFunctionType, MethodType, ModuleType), _ref),
    (PurePath, _path),
    (dict, _dict),
    (list, _list),
    (tuple, _tuple),
    ((set, frozenset), _set),
    (str, _str),
    (int, _int),
    (float, _float),
]


def _writer_for(value: Any) -> Any:
    if "numpy" in sys.modules and _numeric().is_scalar(value):
        return _scalar
    if hasattr(type(value), "__dataclass_fields__"):
        return _dataclass
    for base, write in _BY_BASE:
        if isinstance(value, base):
            return write
    return _rare_writer_for(value)


def _rare_writer_for(value: Any) -> Any:
    if "numpy" in sys.modules:
        numeric = _numeric()
        if numeric.is_array(value):
            return _array
        if numeric.is_frame(value):
            return _frame
    if isinstance(value, getattr(sys.modules.get("decimal"), "Decimal", ())):
        return _decimal
    if isinstance(value, getattr(sys.modules.get("uuid"), "UUID", ())):
        return _uuid
    if hasattr(type(value), "get_secret_value"):
        return _secret
    return _ref if callable(value) and find_loaded(name_of(value)) is value else _object
