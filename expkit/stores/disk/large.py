"""Large files: copied and hashed at once, and known again without being read."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from queue import Queue
from typing import TYPE_CHECKING

from expkit._support.places import host_name
from expkit._support.signature import Signature
from expkit._support.threads import OwnThread, start
from expkit.stores.disk import files
from expkit.stores.disk.digests import CHUNK, Digest
from expkit.stores.disk.reserve import check_room

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO

_QUEUED = 4
_SAMPLES = 32
_PART = 1 << 12


class Hashing:
    """Hashes in a thread of its own, so that whoever reads and writes need not wait.

    Args:
        md5: whether that is wanted, too.
    """

    def __init__(self, md5: bool) -> None:
        self._digests = [hashlib.sha256()] + [hashlib.md5(usedforsecurity=False)] * md5
        self._size = 0
        self._chunks: Queue[bytes] = Queue(_QUEUED)
        thread = OwnThread(self._run, "hashing")
        self._thread = thread if start(thread) else None

    def update(self, chunk: bytes) -> None:
        """Add bytes, which nobody may change any more."""
        if self._thread is not None:
            self._chunks.put(chunk)
        else:
            self._add(chunk)

    def finish(self) -> Digest:
        """The hashes of everything; once, and in any case."""
        if self._thread is not None:
            self._chunks.put(b"")
            self._thread.join()
        names = [digest.hexdigest() for digest in self._digests]
        return Digest(names[0], names[1] if len(names) > 1 else "", self._size)

    def _run(self) -> None:
        while chunk := self._chunks.get():
            self._add(chunk)

    def _add(self, chunk: bytes) -> None:
        self._size += len(chunk)
        for digest in self._digests:
            digest.update(chunk)


def copied(chunks: Iterable[bytes], target: FileIO, md5: bool) -> Digest:
    """Write chunks to a file and hash them meanwhile.

    Raises:
        OSError: the disk is full, but for what is held back.
    """
    folder = os.path.dirname(os.fsdecode(target.name))
    hashing = Hashing(md5)
    try:
        for chunk in chunks:
            hashing.update(chunk)
            check_room(folder, len(chunk))
            files.write_all(target.fileno(), chunk)
    finally:
        digest = hashing.finish()
    return digest


def digest_of(path: str, md5: bool) -> Digest:
    """The digest of a file, read in bounded memory."""
    hashing = Hashing(md5)
    try:
        for chunk in chunks_of(path):
            hashing.update(chunk)
    finally:
        digest = hashing.finish()
    return digest


def chunks_of(path: str) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            yield chunk


class Known:
    """Files whose bytes were hashed before, by everything that changes with them.

    A file that changed shortly before it was hashed is not trusted: it could change again within one tick of its file
    system's clock. Neither is one that this process has mapped for writing, because its times tell nothing.

    Args:
        folder: of the notes; made with the first one.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find(self, path: str, stat: os.stat_result) -> Digest | None:
        """What was noted about this file, if it is still that one."""
        identity, digest, _ = _read(self._note(path, stat))
        return Digest(*digest) if identity == _identity(path, stat) and not _is_mapped(stat) else None

    def has_twin(self, path: str, stat: os.stat_result) -> bool:
        """Whether a file was noted that looks the same: then its bytes may well be the same."""
        notes = files.entries(self._folder)
        alike = [note for note in notes if os.path.basename(note).startswith(f"{stat.st_size}-")]
        sample = _sample(path, stat.st_size) if alike else ""
        return any(_read(note)[2] == sample for note in alike)

    def note(self, path: str, stat: os.stat_result, hashed: int, digest: Digest) -> None:
        """Note a file that was hashed, and did not change meanwhile.

        Args:
            path: of the file.
            stat: as it was before and after.
            hashed: when that began, in nanoseconds since the epoch.
            digest: its hashes.
        """
        entry = [
            _identity(path, stat) if Signature.of(stat).is_sure(hashed) else [],
            digest,
            _sample(path, stat.st_size),
        ]
        with suppress(OSError):  # it will be hashed again
            files.replace(self._note(path, stat), json.dumps(entry).encode(), self._folder)

    def _note(self, path: str, stat: os.stat_result) -> str:
        name = hashlib.sha256(os.fsencode(f"{host_name()}:{os.path.abspath(path)}")).hexdigest()
        return f"{self._folder}/{stat.st_size}-{name[:32]}"


def noted(note: str) -> str:
    """The sha256 in a note; ``""`` where it says nothing."""
    return str(_read(note)[1][0])


def is_same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether nothing shows that the file was changed in between."""
    return Signature.of(one) == Signature.of(other)


def _read(note: str) -> tuple[list[str | int], tuple[str, str, int], str]:
    """Which file it is about, its hashes, its sample."""
    try:
        identity, (sha256, md5, size), sample = json.loads(files.read(note))
    except (OSError, ValueError, TypeError):
        return [], ("", "", 0), ""
    return identity, (str(sha256), str(md5), int(size)), sample


def _sample(path: str, size: int) -> str:
    """A hash of small parts from everywhere in the file."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        for number in range(_SAMPLES):
            file.seek((size - _PART) * number // (_SAMPLES - 1))
            digest.update(file.read(_PART))
    return digest.hexdigest()


def _identity(path: str, stat: os.stat_result) -> list[str | int]:
    return [host_name(), os.fsdecode(os.path.abspath(path)), *Signature.of(stat)]


def _is_mapped(stat: os.stat_result) -> bool:
    """Whether this process can change the file through memory, of which its times tell late or never."""
    return any(rights[1:4:2] == b"ws" and inode == stat.st_ino for rights, inode in _mappings())


def _mappings() -> Iterator[tuple[bytes, int]]:
    """Rights and inode of each file in this process's memory; none where the system does not tell."""
    try:
        with open("/proc/self/maps", "rb") as file:
            lines = file.readlines()
    except OSError:
        return
    for line in lines:
        _, rights, _, _, inode, *_ = line.split(None, 5)
        yield rights, int(inode)
