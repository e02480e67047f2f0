"""The bytes of a source as they were when it was imported, or the word that nobody can have them any more.

Nobody is told when a file is imported. What was last changed before this process began is as it was imported. Where a
file is younger, the functions that its module holds are compared with those that the file defines now.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import lru_cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from expkit._support.digests import md5_of, new_md5, new_sha256, sha256_of
from expkit._support.named import NamedTuple
from expkit._support.signature import Signature
from expkit.provenance.code.modules import names_of
from expkit.provenance.code.remembered import recall, remember

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_CHUNK = 1 << 20
_TOLERANCE = 0.02  # seconds: a start is known to ticks of the system, and scripts are often started once written
_PYC_HEAD = 16
_LINES = 2  # where they stand in an entry of `linecache`; entries that load them later are shorter


class Content(NamedTuple):
    """What a source consists of.

    Attributes:
        sha256, md5: hex digests of the bytes.
        size: in bytes.
        signature: of the file with these bytes.
        changed: these are not the bytes that were imported, or nobody can tell.
        data: the bytes, where the file has others by now.
    """

    sha256: str
    md5: str
    size: int
    signature: Signature
    changed: bool = False
    data: bytes | None = None


_first_sight: dict[str, tuple[object, Content]] = {}
_known: dict[str, Any] = {}


def content(path: str, module: str = "", executed: Signature | None = None) -> Content:
    """The content of a source file, as imported if it is a module's.

    Args:
        path: of the file, absolute.
        module: that was made from it, or ``""``.
        executed: the file's signature when it was executed, if that is known.

    Raises:
        OSError: it cannot be read.
    """
    spec = _names_of(module).get("__spec__")  # another one after a reload
    first = _first_sight.get(path)
    if first is not None and spec is not None and first[0] is spec and executed in (None, first[1].signature):
        return first[1]
    found = _as_imported(path, module, executed)
    if spec is not None:
        _first_sight[path] = (spec, found)
    return found


def digests(path: str | os.PathLike[str]) -> tuple[str, str, int]:
    """(sha256, md5, size) of a file; read again only after it has changed."""
    return _now(os.fspath(path))[:3]


def was_imported(module: str) -> bool:
    """Whether a module was made from a source file by the interpreter's own means."""
    loader = getattr(_names_of(module).get("__spec__"), "loader", None)
    return type(loader).__name__ == "SourceFileLoader"


def _as_imported(path: str, module: str, executed: Signature | None) -> Content:
    now = _now(path)
    if executed is not None:
        return now if executed == now.signature else _compared(path, _names_of(module), now, known_changed=True)
    if not module or not path.endswith(".py") or now.signature.modified / 1e9 <= _process_start() + _TOLERANCE:
        return now
    return _compared(path, _names_of(module), now, known_changed=False)


def _compared(path: str, names: Mapping[str, Any], now: Content, *, known_changed: bool) -> Content:
    """The content that has the functions of the module: the file's, or what a look at the source left in memory."""
    held = {_likeness(code) for code in _codes(names, str(names.get("__file__")))}
    for data in (None if known_changed else _bytes_of(path), _remembered(path)) if held else ():
        if data is not None and held <= _defined(data, path):
            return now if _digest(data)[0] == now.sha256 else Content(*_digest(data), now.signature, data=data)
    return now._replace(changed=bool(held) or known_changed or not _was_compiled_from(names, now.signature))


def _now(path: str) -> Content:
    signature = Signature.of(os.stat(path))
    return _content(path, signature)


def recall_contents(project: str) -> None:
    """Know again what was read for an earlier run of a project; files that have changed since are read again."""
    try:
        entries = json.loads(recall(("sources", project)) or "{}")
    except ValueError:
        return
    _known.update(entries if isinstance(entries, dict) else {})


def remember_contents(project: str, paths: Iterable[str]) -> None:
    """Let later processes know the digests of these files; those that have just changed may change unnoticed."""
    now = time.time_ns()
    contents = {path: _now(path) for path in paths if os.path.isfile(path)}
    entries = {
        path: [list(found.signature), found.sha256, found.md5]
        for path, found in contents.items()
        if found.signature.is_sure(now)
    }
    if any(_known.get(path) != entry for path, entry in entries.items()):
        remember(("sources", project), json.dumps(entries))


@lru_cache(maxsize=16384)
def _content(path: str, signature: Signature) -> Content:
    match _known.get(path):
        case [[*then], str(sha256), str(md5)] if then == list(signature):
            return Content(sha256, md5, signature.size, signature)
    return _read(path, signature)


def _read(path: str, signature: Signature) -> Content:
    strong, weak, size = new_sha256(signature.size), new_md5(signature.size), 0
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            strong.update(chunk)
            weak.update(chunk)
            size += len(chunk)
    return Content(strong.hexdigest(), weak.hexdigest(), size, signature)


def _digest(data: bytes) -> tuple[str, str, int]:
    return sha256_of(data), md5_of(data), len(data)


def _names_of(module: str) -> Mapping[str, Any]:
    return names_of(sys.modules.get(module))


def _bytes_of(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _remembered(path: str) -> bytes | None:
    """The lines that a traceback or a look at the source has left in memory."""
    entry = names_of(sys.modules.get("linecache")).get("cache", {}).get(path, ())
    return "".join(entry[_LINES]).encode() if len(entry) > _LINES else None


def _codes(names: Mapping[str, Any], file: str) -> Iterator[CodeType]:
    """The code of functions, and of classes' methods, that a module has from its file."""
    # not `isinstance`: it asks a module that loads itself lazily for its class, and so loads it
    spaces = [names, *(vars(value) for value in list(names.values()) if issubclass(type(value), type))]
    for value in [value for space in spaces for value in list(space.values())]:
        function = value
        while type(function) is FunctionType and (inner := vars(function).get("__wrapped__")) is not None:
            function = inner
        if type(function) is FunctionType and function.__code__.co_filename == file:
            yield function.__code__


def _defined(data: bytes, path: str) -> set[Any]:
    """The functions that a source defines, at any depth."""
    try:
        waiting = [compile(data, path, "exec", dont_inherit=True)]
    except (SyntaxError, ValueError, RecursionError):
        return set()
    found = set()
    while waiting:
        code = waiting.pop()
        found.add(_likeness(code))
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return found


def _likeness(code: CodeType) -> Any:
    """What is equal for two codes that were compiled from one source."""
    constants = [_likeness(item) if isinstance(item, CodeType) else repr(item) for item in code.co_consts]
    return code.co_name, code.co_firstlineno, code.co_code, code.co_names, tuple(constants)


def _was_compiled_from(names: Mapping[str, Any], signature: Signature) -> bool:
    """Whether the module's bytecode says that it comes from a file with these facts."""
    cached = names.get("__cached__")
    head = (_bytes_of(cached) or b"")[:_PYC_HEAD] if isinstance(cached, str) else b""
    modified, size = signature.modified // 10**9 & 0xFFFFFFFF, signature.size & 0xFFFFFFFF
    return head[4:8] == bytes(4) and head[8:16] == modified.to_bytes(4, "little") + size.to_bytes(4, "little")


@lru_cache(maxsize=1)
def _process_start() -> float:
    """When this process began, in seconds since the epoch; endlessly late where the system does not say."""
    if sys.platform == "linux":  # psutil takes 15 ms to import
        facts = (_bytes_of("/proc/self/stat") or b"").rpartition(b")")[2].split()
        booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return booted + int(facts[19]) / os.sysconf("SC_CLK_TCK") if facts else float("inf")
    import psutil

    return float(psutil.Process().create_time())
