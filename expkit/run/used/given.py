"""Inputs that nobody can see being opened: what a program hands to ``run.input(...)``."""

from __future__ import annotations

import os
import re
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.provenance.files.hashes import digest
from expkit.record.arrays import is_array, is_frame, npy_bytes
from expkit.record.encoding import encode
from expkit.record.events import FileAdded
from expkit.record.hashing import canonical
from expkit.record.masking import masked_url
from expkit.record.model import FileRef
from expkit.run.recording.recorder import now
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from expkit.run.recording.recorder import Recorder
    from expkit.types import Json

_SHORT = 8
_SHOWN = 60


class Content(NamedTuple):
    """An object as bytes, and what these are called."""

    data: bytes
    kind: str


def give(recorder: Recorder, thing: Any, name: str | None) -> None:
    """Record an object as an input.

    Raises:
        Exception: whatever the object raises when it is asked for its content.
    """
    about: dict[str, Json] = {"type": f"{type(thing).__module__}.{type(thing).__qualname__}", **_shape(thing)}
    ref = FileRef(path=name or "", role="input", root="elsewhere", first_seen=now(), kept=False, metadata=about)
    if _is_url(thing):
        _tell(recorder, ref.but(path=name or masked_url(thing), metadata={"type": "url", "url": masked_url(thing)}))
    elif isinstance(thing, os.PathLike) or (isinstance(thing, str) and os.path.isfile(thing)):
        found = digest(thing)
        _tell(recorder, ref.but(path=name or os.path.basename(thing), sha256=found.sha256, size=found.size))
    else:
        content = _content(thing)
        named = ref.but(sha256=sha256(content.data).hexdigest(), size=len(content.data))
        named = named.but(path=name or f"{content.kind}-{named.sha256[:_SHORT]}")
        if len(content.data) <= SETTINGS.FILES.MAX_KEPT_SIZE:
            recorder.add_file(content.data, named)
        else:
            _tell(recorder, named)


def check(thing: Any, name: str | None) -> None:
    """Refuse a text of which nobody can tell what it stands for.

    Raises:
        ValueError: it is neither a URL nor an existing file, and has no name.
    """
    if isinstance(thing, str) and name is None and not _is_url(thing) and not os.path.isfile(thing):
        shown = repr(thing if len(thing) <= _SHOWN else f"{thing[:_SHOWN]}...")
        raise ValueError(
            f"input({shown}): there is no such file, and it is no URL; a text that is data itself needs a name: "
            'input(text, name="prompt")'
        )


def _is_url(thing: Any) -> bool:
    return isinstance(thing, str) and re.fullmatch(r"[a-zA-Z][a-zA-Z\d+.-]*://\S+", thing) is not None


def _tell(recorder: Recorder, ref: FileRef) -> None:
    recorder.tell(FileAdded(time=now(), file=ref))


def _content(thing: Any) -> Content:
    """Arrays as ``numpy.save`` writes them, frames as CSV, anything else as the record would write it."""
    if isinstance(thing, (bytes, bytearray, memoryview)):
        return Content(bytes(thing), "bytes")
    if isinstance(thing, str):
        return Content(thing.encode("utf-8", "surrogatepass"), "text")
    if is_frame(thing) or hasattr(thing, "write_csv"):  # of pandas or polars
        return Content((thing.to_csv() if is_frame(thing) else thing.write_csv()).encode(), "frame")
    if "numpy" in sys.modules and (is_array(thing) or hasattr(thing, "__array__")):  # or tensors
        return Content(npy_bytes(sys.modules["numpy"].asarray(thing)), "array")
    return Content(canonical(encode(thing)).encode(), type(thing).__name__)


def _shape(thing: Any) -> dict[str, Json]:
    shape, dtype = getattr(thing, "shape", None), getattr(thing, "dtype", None)
    about: dict[str, Json] = {}
    if isinstance(shape, tuple) and all(isinstance(length, int) for length in shape):
        about["shape"] = list(shape)
    if dtype is not None:
        about["dtype"] = str(dtype)
    return about
