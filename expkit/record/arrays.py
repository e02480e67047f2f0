"""NumPy scalars and arrays, pandas frames and series ↔ trees. NumPy is imported only to restore an array."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit._support.digests import sha256_of
from expkit.record.tagged import tagged

if TYPE_CHECKING:
    from expkit.record.tagged import GetBytes, PutBytes
    from expkit.types import Json

INLINE = 1000
"""Arrays and frames of at most so many elements stay in the tree."""

_READABLE = {"b": 1, "i": 8, "u": 8, "f": 8, "c": 16, "M": 8, "m": 8, "U": sys.maxsize}
_NON_FINITE = {float("inf"): "inf", float("-inf"): "-inf"}


def is_array(value: object) -> bool:
    """Whether the value is an array; subclasses that mean something else (masked, matrix) are not."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) in {getattr(numpy, "ndarray", None), getattr(numpy, "memmap", None)}


def is_scalar(value: object) -> bool:
    """Whether the value is a NumPy scalar."""
    return isinstance(value, getattr(sys.modules.get("numpy"), "generic", ()))


def is_frame(value: object) -> bool:
    """Whether the value is a pandas DataFrame or Series."""
    pandas = sys.modules.get("pandas")
    return isinstance(value, (getattr(pandas, "DataFrame", ()), getattr(pandas, "Series", ())))


def can_encode(dtype: Any) -> bool:
    """Whether arrays of this type survive as bytes: no objects inside, no third-party types."""
    return not dtype.hasobject and (dtype.kind != "V" or dtype.names is not None)


def encode_array(value: Any, keep: PutBytes | None) -> Json:
    """An array without objects: readable nested lists while it is small, else bytes of an ``.npy`` file."""
    head = {"dtype": _dtype_name(value.dtype), "shape": list(value.shape)}
    if value.size <= INLINE:
        return tagged("array", **head, **_inline(value))
    data = npy_bytes(value)
    if keep is not None:
        return tagged("array", **head, blob=keep(data, ".npy"))
    return tagged("array", **head, sha256=sha256_of(data), **_inline(value))


def encode_scalar(value: Any) -> Json:
    """A NumPy scalar with its type."""
    array = sys.modules["numpy"].asarray(value)
    return tagged("scalar", dtype=_dtype_name(array.dtype), **_inline(array))


def encode_frame(value: Any, keep: PutBytes | None) -> Json:
    """A frame or series as CSV text, beside the tree when it is large."""
    text = value.to_csv()
    head = {"type": type(value).__name__, "shape": list(value.shape)}
    if value.size <= INLINE:
        return tagged("frame", **head, csv=text)
    data = text.encode()
    if keep is not None:
        return tagged("frame", **head, blob=keep(data, ".csv"))
    return tagged("frame", **head, sha256=sha256_of(data), csv=text)


def decode_array(tree: dict[str, Json], get: GetBytes | None) -> Any:
    """The array again; raises whatever is wrong with the tree."""
    if "value" in tree:
        return _from_lists(tree["value"], tree["dtype"]).reshape([int(length) for length in tree["shape"]])
    return _from_npy(tree, get)


def decode_scalar(tree: dict[str, Json]) -> Any:
    """The NumPy scalar again; raises whatever is wrong with the tree."""
    array = _from_lists(tree["value"], tree["dtype"]) if "value" in tree else _from_npy(tree, None)
    return array.reshape(())[()]


def object_array(items: list[Any], shape: list[int]) -> Any:
    """An array of objects."""
    import numpy as np

    array: Any = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape([int(length) for length in shape])


def _dtype_name(dtype: Any) -> str:
    readable = dtype.isnative and dtype.kind in "biufcMm"
    return str(dtype.name if readable else dtype.str if dtype.names is None else dtype)


def _inline(array: Any) -> dict[str, Json]:
    kind = array.dtype.kind
    if array.dtype.itemsize > _READABLE.get(kind, 0):
        from base64 import b64encode

        return {"npy": b64encode(npy_bytes(array)).decode()}
    # NumPy misreads some arrays in foreign byte order.
    return {"value": _lists(array.astype(array.dtype.newbyteorder("=")), kind)}


def _lists(array: Any, kind: str) -> Json:
    if kind == "f":
        return _spelled(array.tolist())
    if kind == "c":
        return _spelled(_parts(array).tolist())
    if kind == "M":
        return sys.modules["numpy"].datetime_as_string(array).tolist()
    return array.astype("int64").tolist() if kind == "m" else array.tolist()


def _parts(array: Any) -> Any:
    """Complex numbers as pairs, in one more dimension."""
    return sys.modules["numpy"].stack([array.real, array.imag], axis=-1)


def _spelled(nested: Any) -> Json:
    """Non-finite numbers as words: the dtype beside them says what they are."""
    if isinstance(nested, list):
        return [_spelled(item) for item in nested]
    return nested if nested - nested == 0 else _NON_FINITE.get(nested, "nan")


def _from_lists(value: Json, dtype_name: str) -> Any:
    import numpy as np

    dtype = np.dtype(dtype_name)
    if dtype.hasobject:
        raise TypeError("objects are not read from lists")
    if dtype.kind == "c":
        return np.array(value, dtype=f"f{dtype.itemsize // 2}").view(dtype.newbyteorder("=")).astype(dtype)
    return np.array(value, dtype="int64").astype(dtype) if dtype.kind == "m" else np.array(value, dtype=dtype)


def npy_bytes(array: Any) -> bytes:
    """An array as ``numpy.save`` writes it, without pickles.

    Raises:
        ValueError: it holds objects.
    """
    from io import BytesIO

    file = BytesIO()
    numpy = sys.modules["numpy"]
    numpy.save(file, numpy.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
    return file.getvalue()


def _from_npy(tree: dict[str, Json], get: GetBytes | None) -> Any:
    from base64 import b64decode
    from io import BytesIO

    import numpy as np

    if "npy" in tree:
        data = b64decode(tree["npy"])
    elif get is not None:
        data = get(tree["blob"])
    else:
        raise LookupError("the array's bytes are beside the tree, and nobody says where")
    return np.load(BytesIO(data), allow_pickle=False)
