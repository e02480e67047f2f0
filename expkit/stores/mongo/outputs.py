"""Long output in the GridFS: a file for each stream, whole chunk by whole chunk.

A chunk of output never changes once it is whole, and its place follows from its number; so chunks that are sent twice, or
that a stopped server takes in late, are there once. What does not fill a chunk yet lies in pieces of the stream.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from expkit.stores.mongo.files import CHUNK, remove

if TYPE_CHECKING:
    from expkit.stores.mongo.server import Server
    from expkit.types import RunId


def name_of(uid: str, field: str) -> str:
    """The name of the file that has the output of one stream."""
    return f"output://{uid}/{field.partition('-')[2]}"


def whole_chunks(server: Server, uid: str, field: str) -> int:
    """How many whole chunks of a stream's output are in the GridFS."""
    found = server.files.find_one({"_id": _id(uid, field)}, {"length": 1})
    return int(found["length"]) // CHUNK if found else 0


def put_chunk(server: Server, run_id: RunId, uid: str, field: str, number: int, data: bytes) -> None:
    """Keep a chunk; the last one may be short, and gives way to a longer one."""
    file_id, name = _id(uid, field), name_of(uid, field)
    head = {"filename": name, "chunkSize": CHUNK, "uploadDate": server.now().replace(tzinfo=None)}
    about = {"contentType": "text/plain", "metadata": {"run_id": run_id}}
    _put(server.files, {"_id": file_id}, {"$setOnInsert": {**head, **about}, "$max": {"length": number * CHUNK}})
    shorter = {"files_id": file_id, "n": number, "size": {"$lt": len(data)}}
    _put(server.chunks, shorter, {"$set": {"data": data, "size": len(data)}})
    server.files.update_one({"_id": file_id}, {"$max": {"length": number * CHUNK + len(data)}})


def _put(collection: Any, which: dict[str, Any], change: dict[str, Any]) -> None:
    """Change a document or make it; where there is a better one it stays."""
    from pymongo.errors import DuplicateKeyError

    try:
        collection.update_one(which, change, upsert=True)
    except DuplicateKeyError:
        pass


def chunk(server: Server, uid: str, field: str, number: int) -> bytes:
    """A chunk; empty if it is not here."""
    found = server.chunks.find_one({"files_id": _id(uid, field), "n": number}, {"data": 1})
    return bytes(found["data"]) if found else b""


def remove_all(server: Server, uid: str) -> None:
    """Remove the output of a run."""
    names = {"$gte": f"output://{uid}/", "$lt": f"output://{uid}0"}
    remove(server, [found["_id"] for found in server.files.find({"filename": names}, {"_id": 1})])


def _id(uid: str, field: str) -> Any:
    """The id that the file has whoever makes it."""
    from bson import ObjectId

    return ObjectId(sha256(name_of(uid, field).encode()).digest()[:12])
