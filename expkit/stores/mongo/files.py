"""Bytes in the GridFS of the database: kept once, known by their hash, in pieces that fit into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.errors import BlobNotFoundError
from expkit.stores import rules
from expkit.stores.mongo.server import Served, bounded
from expkit.stores.mongo.views import safe
from expkit.stores.pieces import FRESH, PIECE, BlobsInPieces, PieceReader, opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import BinaryIO

    from expkit.record.model import FileRef
    from expkit.stores.base import Blob
    from expkit.stores.mongo.server import Server

CHUNK = PIECE
"""Bytes in one document."""

_ARTIFACT = "artifact"
_MANY = 500


class Blobs(Served, BlobsInPieces["Upload"]):
    """Keeps and finds bytes by their hash.

    Args:
        server: where.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._ids: dict[str, Any] = {}
        self._named: dict[str, str] = {}

    def begin(self) -> Upload:
        """Begin a file of the GridFS."""
        return Upload(self.server)

    def add(self, upload: Upload, number: int, data: bytes) -> None:
        """Send a chunk."""
        upload.add(number, data)

    def finish(self, upload: Upload, blob: Blob) -> None:
        """Write the file's own document."""
        upload.finish(blob.sha256, sha256=blob.sha256)

    def drop(self, upload: Upload) -> None:
        """Remove the chunks."""
        upload.drop()

    @bounded
    def has(self, name: str) -> bool:
        """Whether the bytes are here; they count as new then."""
        found = (
            self.server.files.find_one({"sha256": name}, {"uploadDate": 1, "used": 1}) if rules.is_hash(name) else None
        )
        now = self.server.now().replace(tzinfo=None)
        if found is None or found.get("used", found["uploadDate"]) > now - FRESH:
            return found is not None
        return self._renew(name, now)

    def _renew(self, name: str, now: datetime) -> bool:
        from pymongo.errors import OperationFailure

        try:
            return self.server.files.update_one({"sha256": name}, {"$set": {"used": now}}).matched_count > 0
        except OperationFailure:  # it may only be read
            return True

    @bounded
    def open(self, name: str) -> BinaryIO:
        """The bytes, for reading.

        Raises:
            BlobNotFoundError: they are not here.
        """
        found = self.server.files.find_one({"sha256": name}) if rules.is_hash(name) else None
        if found is None:
            raise rules.no_bytes(name, self.server.place.url)
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

    @bounded
    def add(self, number: int, data: bytes) -> None:
        """Send a chunk; all but the last one are of one size."""
        from pymongo.errors import DuplicateKeyError

        self.server.prepare()
        try:
            self.server.chunks.insert_one({"files_id": self.id, "n": number, "data": data})
        except DuplicateKeyError:  # sent before the connection was dropped
            pass
        self.size = max(self.size, number * CHUNK + len(data))

    def finish(self, filename: str, **more: Any) -> None:
        """Write the file's own document. Who was second with the same hash drops its own bytes.

        Args:
            filename: what the file is called.
            more: further fields of the file's document.
        """
        if not self._claim(filename, more):
            self.drop()

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
        upload.add(start // CHUNK, data[start : start + CHUNK])
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
    return _Chunks(server, found).readall()


def open_file(server: Server, file: Mapping[str, Any]) -> BinaryIO:
    """The bytes of a file, whose document this is, for reading."""
    return opened(_Chunks(server, file))


def remove(server: Server, ids: Iterable[Any]) -> None:
    """Remove files: first what names them, then their bytes."""
    for file_id in ids:
        server.files.delete_one({"_id": file_id})
        server.chunks.delete_many({"files_id": file_id})


class _Chunks(PieceReader):
    """A file of the GridFS, whose document this is."""

    def __init__(self, server: Server, file: Mapping[str, Any]) -> None:
        super().__init__(file["length"], file["chunkSize"])
        self._server = server
        self._id = file["_id"]

    def fetch(self, number: int) -> bytes:
        wanted = {"files_id": self._id, "n": number}
        found = self._server.ask(lambda: self._server.chunks.find_one(wanted))
        if found is None:
            raise BlobNotFoundError(f"{self._server.place.url} has lost bytes of the file {self._id}")
        return bytes(found["data"])
