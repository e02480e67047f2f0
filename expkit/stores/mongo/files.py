"""Bytes in the GridFS of the database: kept once, known by their hash, in pieces that fit into memory."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from expkit.errors import BlobNotFoundError
from expkit.stores.base import Blob
from expkit.stores.mongo.server import Served, bounded
from expkit.stores.mongo.views import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import BinaryIO

    from expkit.record.model import FileRef
    from expkit.stores.mongo.server import Server

CHUNK = 1 << 20
"""Bytes in one document."""

_ARTIFACT = "artifact"
_HASH = 64
_MANY = 500


class Blobs(Served):
    """Keeps and finds bytes by their hash.

    Args:
        server: where.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._ids: dict[str, Any] = {}
        self._named: dict[str, str] = {}

    def put(self, source: Path | bytes | BinaryIO) -> Blob:
        """Keep bytes; those that are here already are not sent, where that can be known beforehand."""
        if isinstance(source, Path):
            with source.open("rb") as file:
                known = self._here(hashed(file))
                file.seek(0)
                return known or self._send(cast("BinaryIO", file))
        if isinstance(source, bytes):
            return self._here(Blob(sha256(source).hexdigest(), len(source))) or self._send(io.BytesIO(source))
        return self._send(source)

    def _here(self, blob: Blob) -> Blob | None:
        return blob if self.has(blob.sha256) else None

    def _send(self, source: BinaryIO) -> Blob:
        """Send bytes while they are hashed. Nothing sees them before the last of them is there."""
        upload = Upload(self.server)
        try:
            digest = sha256()
            while data := source.read(CHUNK):
                digest.update(data)
                upload.add(data)
            upload.finish(sha256=digest.hexdigest())
        except BaseException:
            upload.drop()
            raise
        return Blob(digest.hexdigest(), upload.size)

    @bounded
    def has(self, name: str) -> bool:
        """Whether the bytes are here."""
        return _is_hash(name) and self.server.files.find_one({"sha256": name}, {"_id": 1}) is not None

    @bounded
    def open(self, name: str) -> BinaryIO:
        """The bytes, for reading.

        Raises:
            BlobNotFoundError: they are not here.
        """
        found = self.server.files.find_one({"sha256": name}) if _is_hash(name) else None
        if found is None:
            raise BlobNotFoundError(f"{self.server.place.url} has no bytes with the sha256 {name}")
        return open_file(self.server, found)

    def ids(self, names: Iterable[str]) -> Mapping[str, Any]:
        """The ids of the files that are here, by hash."""
        wanted = [name for name in set(names) if name and name not in self._ids]
        for start in range(0, len(wanted), _MANY):
            part = {"sha256": {"$in": wanted[start : start + _MANY]}}
            self._ids.update((found["sha256"], found["_id"]) for found in self.server.files.find(part, {"sha256": 1}))
        return self._ids

    def give_names(self, run_id: Any, runs: str, refs: Iterable[FileRef]) -> None:
        """Name files as tools expect it, by the first run that has them: a few words for each new one.

        What is an artifact as well as something else has the name of an artifact.
        """
        ranked = sorted(refs, key=lambda ref: ref.role == _ARTIFACT)
        shown = {ref.sha256: ref for ref in ranked if ref.sha256 in self._ids}
        new = {name: ref for name, ref in shown.items() if self._named.get(name) not in (_ARTIFACT, ref.role)}
        if not new:
            return
        changes = [
            ({"sha256": name, **_unnamed(ref)}, {"$set": _names(run_id, runs, ref)}) for name, ref in new.items()
        ]
        self.server.write(self.server.files, changes, ordered=False)
        self._named.update((name, ref.role) for name, ref in new.items())


def _unnamed(ref: FileRef) -> dict[str, Any]:
    """What asks for a file that has no better name yet."""
    return {"filename": {"$not": {"$regex": "^artifact://"}} if ref.role == _ARTIFACT else ref.sha256}


def _names(run_id: Any, runs: str, ref: FileRef) -> dict[str, Any]:
    from mimetypes import MimeTypes

    if ref.role != _ARTIFACT:
        return {"filename": safe(ref.path)}
    kind = ref.content_type or MimeTypes().guess_type(ref.path)[0]  # not what this machine's own table says
    named = {"filename": safe(f"artifact://{runs}/{run_id}/{ref.path}"), "metadata": safe(dict(ref.metadata)) or None}
    return {**named, "contentType": safe(kind)} if kind else named


class Upload(Served):
    """A file on its way into the GridFS.

    Args:
        server: where.

    Attributes:
        id: of the file.
        size: bytes that were added.
    """

    def __init__(self, server: Server) -> None:
        from bson import ObjectId

        super().__init__(server)
        self.id = ObjectId()
        self.size = 0
        self._rest = bytearray()
        self._count = 0

    def add(self, data: bytes) -> None:
        """Add bytes; whole chunks are sent."""
        self.size += len(data)
        self._rest += data
        while len(self._rest) >= CHUNK:
            self._send(self._count, bytes(self._rest[:CHUNK]))
            del self._rest[:CHUNK]
            self._count += 1

    def finish(self, filename: str = "", **more: Any) -> None:
        """Send the rest, then the file's own document. Who was second with the same hash drops its own bytes.

        Args:
            filename: default: the hash.
            more: further fields of the file's document.
        """
        if self._rest:
            self._send(self._count, bytes(self._rest))
        if not self._claim(filename or more.get("sha256", ""), more):
            self.drop()

    @bounded
    def _send(self, number: int, data: bytes) -> None:
        from pymongo.errors import DuplicateKeyError

        self.server.prepare()
        try:
            self.server.chunks.insert_one({"files_id": self.id, "n": number, "data": data})
        except DuplicateKeyError:  # sent before the connection was dropped
            pass

    @bounded
    def _claim(self, filename: str, more: dict[str, Any]) -> bool:
        from pymongo.errors import DuplicateKeyError

        self.server.prepare()
        head = {"_id": self.id, "filename": filename, "length": self.size, "chunkSize": CHUNK}
        try:
            self.server.files.insert_one({**head, "uploadDate": self.server.now().replace(tzinfo=None), **more})
        except DuplicateKeyError:
            return self.server.files.find_one({"_id": self.id}, {"_id": 1}) is not None
        return True

    def drop(self) -> None:
        """Remove what was sent, as far as the server lets us; sweeping finds the rest."""
        from expkit.errors import StoreError

        try:
            self.server.ask(lambda: self.server.chunks.delete_many({"files_id": self.id}))
        except StoreError:
            pass


def put_long(server: Server, data: bytes, filename: str) -> Any:
    """Keep bytes that are too long for a document, and return the id of their file."""
    upload = Upload(server)
    for start in range(0, len(data), CHUNK):
        upload.add(data[start : start + CHUNK])
    upload.finish(filename)
    return upload.id


def read_all(server: Server, file_id: Any) -> bytes:
    """All bytes of a file.

    Raises:
        BlobNotFoundError: there is none.
    """
    found = server.files.find_one({"_id": file_id})
    if found is None:
        raise BlobNotFoundError(f"{server.place.url} has no file {file_id}")
    return _Pieces(server, found).readall()


def open_file(server: Server, file: Mapping[str, Any]) -> BinaryIO:
    """The bytes of a file, whose document this is, for reading."""
    return cast("BinaryIO", io.BufferedReader(_Pieces(server, file), CHUNK))


def remove(server: Server, ids: Iterable[Any]) -> None:
    """Remove files: first what names them, then their bytes."""
    for file_id in ids:
        server.files.delete_one({"_id": file_id})
        server.chunks.delete_many({"files_id": file_id})


def hashed(file: BinaryIO) -> Blob:
    """Hash and size of the rest of an open file."""
    digest, size = sha256(), 0
    while data := file.read(CHUNK):
        digest.update(data)
        size += len(data)
    return Blob(digest.hexdigest(), size)


class _Pieces(io.RawIOBase):
    """A file of the GridFS, fetched chunk by chunk: each is a question of its own, so a lost connection loses nothing."""

    def __init__(self, server: Server, file: Mapping[str, Any]) -> None:
        self._server = server
        self._file = file
        self._place = 0
        self._chunk = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = (0, self._place, self._file["length"])[whence]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        if self._place >= self._file["length"]:
            return b""
        number, start = divmod(self._place, self._file["chunkSize"])
        data = self._chunk_of(number)[start : start + size]
        self._place += len(data)
        return data

    def _chunk_of(self, number: int) -> bytes:
        if self._chunk[0] != number:
            wanted = {"files_id": self._file["_id"], "n": number}
            found = self._server.ask(lambda: self._server.chunks.find_one(wanted))
            if found is None:
                raise BlobNotFoundError(f"{self._server.place.url} has lost bytes of the file {self._file['_id']}")
            self._chunk = (number, bytes(found["data"]))
        return self._chunk[1]


def _is_hash(name: str) -> bool:
    return len(name) == _HASH and set(name) <= set("0123456789abcdef")
