"""What objects are called: the names of the folder store below the root, and ours beside them."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from expkit.record.model import OUTPUT, StreamKey

HIDDEN = ".expkit"
FORMAT = f"{HIDDEN}/format.json"
CLOCK = f"{HIDDEN}/clock"
LAST_ID = f"{HIDDEN}/last-id"
IDS = f"{HIDDEN}/ids"
UIDS = f"{HIDDEN}/uids"
RUNS = f"{HIDDEN}/runs"
CLAIMS = f"{HIDDEN}/claims"
STREAMS = f"{HIDDEN}/streams"
BLOBS = f"{HIDDEN}/blobs"
CHANGES = f"{HIDDEN}/changes"
ANNOTATIONS = f"{HIDDEN}/annotations"

_NOTE = re.compile(r"(\d+)-([0-9a-zA-Z]+)-(.+)")
_PIECE = re.compile(r"(\d+)-(\d+)")
_JOINED = re.compile(r"joined-(\d+)\.json")
_FOLDER = re.compile(r"(points|output)-(\d+)-(\d+)")


class Noted(NamedTuple):
    """What the name of a note says of a run: when it was created (microseconds), its uid and its id."""

    created: int
    uid: str
    id: str


def note(run: Noted) -> str:
    """The empty object whose name says that there is a run, so that one listing tells of all."""
    return f"{RUNS}/{run.created:017d}-{run.uid}-{quote(run.id, safe='')}"


def noted(name: str) -> Noted | None:
    """What such a name says; None for others."""
    match = _NOTE.fullmatch(name.rpartition("/")[2])
    return Noted(int(match[1]), match[2], unquote(match[3])) if match else None


def blob(sha256: str) -> str:
    """Where the bytes of this hash lie."""
    return f"{BLOBS}/{sha256[:2]}/{sha256[2:]}"


def stream_folder(uid: str, stream: StreamKey) -> str:
    """Where the pieces of a stream lie."""
    return f"{STREAMS}/{uid}/{stream.content}-{stream.segment}-{stream.rank}"


def piece(folder: str, start: int, end: int) -> str:
    """The piece with the items from ``start`` to ``end``."""
    return f"{folder}/{start:015d}-{end:015d}"


def joined(folder: str, end: int) -> str:
    """Says which bytes of the whole file hold which items."""
    return f"{folder}/joined-{end:015d}.json"


def whole(run_id: str, stream: StreamKey) -> str:
    """The whole file of a stream, once its run has ended: the folder store's name."""
    numbers = f"-{stream.segment}-{stream.rank}"
    if stream.content == OUTPUT:
        return f"{run_id}/cout{numbers if stream.segment or stream.rank else ''}.txt"
    return f"{run_id}/metrics{numbers}.points"


def stream_of(name: str) -> tuple[StreamKey, tuple[int, int] | None] | None:
    """The stream of a piece (with its first and last item) or of a note on a whole file (0 and its end)."""
    _, _, rest = name.partition(f"{STREAMS}/")
    _, folder, last = ([*rest.split("/", 2), "", ""])[:3]
    key = _FOLDER.fullmatch(folder)
    if key is None:
        return None
    stream = StreamKey(key[1], int(key[2]), int(key[3]))
    if found := _PIECE.fullmatch(last):
        return stream, (int(found[1]), int(found[2]))
    return (stream, None) if _JOINED.fullmatch(last) else None


def joined_end(name: str) -> int:
    """The end that the name of a note on a whole file says."""
    found = _JOINED.fullmatch(name.rpartition("/")[2])
    return int(found[1]) if found else 0
