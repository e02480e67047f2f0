"""Hashes of files, with a memory: a large file that has not changed since is not read again, by no process.

The memory is a text file that all processes append to: one line per file, with a hash of its path, its
signature, and its sha256. It is a cache: what is torn, foreign or missing in it costs time, never truth.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple
from expkit._support.places import state_dir
from expkit._support.signature import Signature
from expkit.provenance.files.audit import quietly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REMEMBERED_FROM = 256 * 1024
"""Smaller files are read faster than remembered, in bytes."""

_CHUNK = 1 << 20
_LARGEST_MEMORY = 4_000_000
_FIELDS = 2 + len(Signature._fields)


class Digest(NamedTuple):
    """sha256 as hex digits, size in bytes."""

    sha256: str
    size: int


class Unfinished(Exception):  # noqa: N818 - no error
    """Hashing was told to stop."""


class Hashes:
    """The memory of hashes.

    Args:
        path: of the file; it need not exist.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = os.path.abspath(path)
        self._known: dict[tuple[str, Signature], str] | None = None
        self._lock = threading.Lock()

    def digest(self, path: str | os.PathLike[str], stop: Callable[[], bool] = bool) -> Digest:
        """The hash of a regular file, remembered or read.

        Args:
            path: of the file.
            stop: asked between chunks; True gives up.

        Raises:
            OSError: it cannot be read.
            Unfinished: ``stop`` said so.
        """
        name = os.path.abspath(path)
        before, begun = Signature.of(os.stat(name)), time.time_ns()
        if before.size < REMEMBERED_FROM:
            return _read(name, stop)
        known = self._load().get((_hidden(name), before))
        if known is not None:
            return Digest(known, before.size)
        found = _read(name, stop)
        if Signature.of(os.stat(name)) == before and before.is_sure(begun):
            self._remember(_hidden(name), before, found.sha256)
        return found

    def _load(self) -> dict[tuple[str, Signature], str]:
        with self._lock:
            if self._known is None:
                self._known = {}
                for line in _content(self._path).split(b"\n"):
                    _take(line, self._known)
            return self._known

    def _remember(self, name: str, about: Signature, sha256: str) -> None:
        known = self._load()
        known[name, about] = sha256
        line = f"{name} {' '.join(map(str, about))} {sha256}\n".encode()
        with quietly():
            try:
                self._append(line)
            except OSError:  # read-only or full: remembered by this process only
                pass

    def _append(self, line: bytes) -> None:
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.write(fd, line)  # one call: lines of several processes do not mix
            size = os.fstat(fd).st_size
        finally:
            os.close(fd)
        if size > _LARGEST_MEMORY:
            self._forget_half()

    def _forget_half(self) -> None:
        """Keep the later half; what others add meanwhile is lost, and read again some day."""
        content = _content(self._path)
        aside = f"{self._path}.{os.getpid()}"
        with open(aside, "xb") as file:
            file.write(content[content.find(b"\n", len(content) // 2) + 1 :])
        os.replace(aside, self._path)


def digest(path: str | os.PathLike[str], stop: Callable[[], bool] = bool) -> Digest:
    """(sha256, size) of a regular file, from the user's memory of hashes or read; see :meth:`Hashes.digest`."""
    return _memory().digest(path, stop)


_memories: dict[str, Hashes] = {}


def _memory() -> Hashes:
    path = os.path.join(state_dir(), "hashes.txt")
    return _memories.setdefault(path, Hashes(path))


def _read(path: str, stop: Callable[[], bool]) -> Digest:
    from hashlib import sha256

    hashed, size = sha256(), 0
    with quietly(), open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            if stop():
                raise Unfinished
            hashed.update(chunk)
            size += len(chunk)
            time.sleep(0)  # the program comes first
    return Digest(hashed.hexdigest(), size)


def _content(path: str) -> bytes:
    try:
        with quietly(), open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _take(line: bytes, known: dict[tuple[str, Signature], str]) -> None:
    parts = line.decode("ascii", "replace").split()
    if len(parts) == _FIELDS and len(parts[-1]) == len(parts[0]) * 2 == 64:  # noqa: PLR2004
        try:
            known[parts[0], Signature(*map(int, parts[1:-1]))] = parts[-1]
        except ValueError:
            return


def _hidden(path: str) -> str:
    """A path as the memory knows it: nobody learns from there which files exist."""
    from hashlib import sha256

    return sha256(os.fsencode(path)).hexdigest()[:32]
