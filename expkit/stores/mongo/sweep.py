"""Removing bytes that nothing names any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from expkit.stores.mongo.server import Server


def sweep(server: Server, grace: float, named: Callable[[], set[str]], *, dry_run: bool = False) -> int:
    """Remove files of ours that nobody names and that are old enough, then bytes of uploads that were broken off.

    Files that are none of ours (the predecessor's, other programs') stay.

    Args:
        server: where.
        grace: seconds that they must be old.
        named: the hashes that records name; asked for once the old files are known.
        dry_run: remove nothing, and only say how many would go.

    Returns:
        How many files went.
    """
    before = (server.now() - timedelta(seconds=grace)).replace(tzinfo=None)
    old = server.ask(lambda: _old_files(server, before))
    used = named() | server.ask(lambda: _long_files(server)) if old else set()
    unused = [file["_id"] for file in old if file.get("sha256", file["_id"]) not in used]
    if dry_run:
        return len(unused)
    gone = [server.ask(lambda file_id=file_id: _remove(server, file_id, before)) for file_id in unused]  # type: ignore[misc]
    server.ask(lambda: _remove_halves(server, before))
    return sum(gone)


def _old_files(server: Server, before: datetime) -> list[dict[str, Any]]:
    ours = {"$or": [{"sha256": {"$exists": True}}, {"filename": {"$regex": "^(record|stream)://"}}]}
    return list(server.files.find({**ours, **_unused_since(before)}, {"sha256": 1}))


def _unused_since(before: datetime) -> dict[str, Any]:
    """What asks for files that nobody has put, or put once more, after a time."""
    return {"uploadDate": {"$lte": before}, "used": {"$not": {"$gt": before}}}


def _remove(server: Server, file_id: Any, before: datetime) -> bool:
    """Remove a file, unless somebody has just put it once more; whether it is gone."""
    server.files.delete_one({"_id": file_id, **_unused_since(before)})
    is_gone = server.files.find_one({"_id": file_id}, {"_id": 1}) is None
    if is_gone:
        server.chunks.delete_many({"files_id": file_id})
    return is_gone


def _long_files(server: Server) -> set[Any]:
    """The files that documents name by their id."""
    records = server.runs.find({"expkit.uid": {"$exists": True}}, {"expkit.long": 1})
    pieces = server.pieces.find({"file": {"$exists": True}}, {"file": 1})
    fields = {file_id for document in records for file_id in document["expkit"]["long"].values()}
    return fields | {document["file"] for document in pieces}


def _remove_halves(server: Server, before: datetime) -> None:
    """Chunks without a file, whose upload began long ago."""
    from bson import ObjectId

    first = server.chunks.find({"n": 0, "files_id": {"$lt": ObjectId.from_datetime(before)}}, {"files_id": 1})
    for file_id in [chunk["files_id"] for chunk in first]:
        if server.files.find_one({"_id": file_id}, {"_id": 1}) is None:
            server.chunks.delete_many({"files_id": file_id})
