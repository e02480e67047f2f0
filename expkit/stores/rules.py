"""What all stores decide and say alike, for authors of stores: the rules of the protocol, and its sentences.

Errors are returned, to be raised where they are met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.errors import BlobNotFoundError, RunExistsError, RunNotFoundError, StoreError
from expkit.record.model import OUTPUT, POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.record.model import Annotation, StreamKey
    from expkit.stores.base import Batch, RunStore
    from expkit.types import RunId

_HASH = 64
_LONGEST_CURSOR = 18


# -- runs --------------------------------------------------------------------------------------------------


def not_found(run: RunId, where: str) -> RunNotFoundError:
    """There is no such run.

    Args:
        run: as it was asked for.
        where: the place, secrets masked.
    """
    return RunNotFoundError(f"there is no run {str(run)!r} in {where}")


def was_deleted(store: RunStore, uid: str) -> bool:
    """Whether a store says of a run that it does not have that somebody has deleted it there."""
    return any((change.uid, change.what) == (uid, "deleted") for change in store.changes()[0])


def taken(id: RunId, where: str) -> RunExistsError:
    """``create`` was bound to an id that another run has.

    Args:
        id: as it was wanted.
        where: the place, secrets masked.
    """
    return RunExistsError(f"there is a run {str(id)!r} in {where} already; choose another id")


def read_only(run: RunId | None, where: str, by: str = "Sacred") -> StoreError:
    """Nobody changes a run that another program recorded.

    Args:
        run: its id.
        where: the place, secrets masked.
        by: the program.
    """
    return StoreError(f"run {run} in {where} was recorded by {by} and can only be read")


# -- streams -----------------------------------------------------------------------------------------------


def check_stream(stream: StreamKey) -> None:
    """Refuse streams of other content than points and output.

    Raises:
        StoreError: there are no such streams.
    """
    if stream.content not in (POINTS, OUTPUT):
        raise StoreError(f"there are streams of {POINTS!r} and of {OUTPUT!r}, not of {stream.content!r}")


def check_offset(run: RunId, stream: StreamKey, offset: int, end: int) -> None:
    """Refuse a batch that does not begin within a stream or at its end.

    Args:
        run: as it was asked for.
        stream: of that run.
        offset: of the first item of the batch.
        end: of the stream, as it is.

    Raises:
        StoreError: it would leave a gap.
    """
    if not 0 <= offset <= end:
        raise StoreError(f"{stream} of run {run} ends at {end}; appending at {offset} would leave a gap")


def empty(stream: StreamKey) -> Batch:
    """No items: what is read at the end of a stream, and of one that is not there."""
    return b"" if stream.content == OUTPUT else []


# -- bytes -------------------------------------------------------------------------------------------------


def is_hash(text: str) -> bool:
    """Whether this can be a sha256 in hexadecimal digits: nothing else is looked for, or becomes a name of a file."""
    return len(text) == _HASH and set(text) <= set("0123456789abcdef")


def no_bytes(sha256: str, where: str) -> BlobNotFoundError:
    """There are no such bytes.

    Args:
        sha256: as they were asked for.
        where: the place, secrets masked.
    """
    return BlobNotFoundError(f"{where} has no bytes with the sha256 {sha256}")


# -- afterwards --------------------------------------------------------------------------------------------


def in_order(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Later facts in order of their time, those of one time as they came; one that came twice is there once."""
    first: dict[Any, Annotation] = {}
    for note in sorted(annotations, key=lambda annotation: annotation.time):
        # as a text, because True is 1 and NaN is not itself
        first.setdefault((note.time, note.action, note.author, repr(note.value)), note)
    return list(first.values())


def counted_cursor(cursor: str, where: str) -> int:
    """The number in a cursor of a store that counts its changes; 0 for ``""``, the beginning.

    Args:
        cursor: what ``changes`` was given.
        where: the place, secrets masked.

    Raises:
        StoreError: it is no such cursor.
    """
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _LONGEST_CURSOR):
        raise bad_cursor(cursor, where)
    return int(cursor)


def bad_cursor(cursor: str, where: str) -> StoreError:
    """``changes`` was given what it never gave out.

    Args:
        cursor: what it was given.
        where: the place, secrets masked.
    """
    return StoreError(f"{cursor!r} is no cursor of {where}")
