"""Who has which id: claimed by inserting the run's document, which exactly one process can do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from expkit.errors import StoreNameError
from expkit.record.tagged import is_unicode
from expkit.stores import rules
from expkit.stores.counting import COUNTED, natural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.mongo.server import Server
    from expkit.types import RunId

_MISSES = 16
_INT64 = 1 << 63
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")


def names_of(run: RunId) -> list[RunId]:
    """What the ``_id`` of a run may be that somebody calls so, first what it is in new documents.

    The predecessor kept numbers that were typed as text, and BSON's own numbers have a digit more than ours.
    """
    found, text = natural(run), str(run)
    is_number = _NUMBER.fullmatch(text) is not None and -_INT64 <= int(text) < _INT64
    return list(dict.fromkeys((found, text, int(text)) if is_number else (found,)))


def claim(server: Server, document: dict[str, Any], wanted: RunId | None, *, bind: bool) -> RunId:
    """Insert the document of a run under an id that nobody has, and return that.

    Args:
        server: where.
        document: with the run's ``uid``; if there is one with it already, its id is returned.
        wanted: the id to try first.
        bind: whether it must be that one.

    Raises:
        RunExistsError: the id is taken, and ``bind`` demands it.
        StoreNameError: nobody can be called so.
    """
    if wanted is not None:
        if not is_unicode(str(wanted)):
            raise StoreNameError(f"{wanted!r} cannot be a run's id: it is no text that can be written as UTF-8")
        found = _insert(server, document, natural(wanted))
        if found is not None:
            return found
        if bind:
            raise rules.taken(wanted, server.place.url)
    return next(found for number in _numbers(server) if (found := _insert(server, document, number)) is not None)


def _insert(server: Server, document: dict[str, Any], run_id: RunId) -> RunId | None:
    """The id of the run; None if another one has that id."""
    from pymongo.errors import DuplicateKeyError

    others = names_of(run_id)[1:]
    if others and server.runs.find_one({"_id": {"$in": others}}, {"_id": 1}) is not None:
        return None
    document["_id"] = run_id
    try:
        server.runs.insert_one(document)
    except DuplicateKeyError:
        found = server.runs.find_one({"expkit.uid": document["expkit"]["uid"]}, {"_id": 1})
        return None if found is None else _id_of(found)
    return run_id


def _id_of(document: dict[str, Any]) -> RunId:
    found: RunId = document["_id"]
    return found


def _numbers(server: Server) -> Iterator[int]:
    """Ids to try: from the greatest one on; those of processes that start at the same time are met on the way."""
    number = _greatest(server)
    for misses in range(1, COUNTED):
        number += 1
        yield number
        if misses % _MISSES == 0:
            number = max(number, _greatest(server))


def _greatest(server: Server) -> int:
    """The greatest number that a run has, or had before it was deleted."""
    counted = {"_id": {"$gt": 0, "$lt": COUNTED}}
    last = (each.find_one(counted, {"_id": 1}, sort=[("_id", -1)]) for each in (server.runs, server.deleted))
    return max((int(float(str(found["_id"]))) for found in last if found is not None), default=0)  # not only integers
