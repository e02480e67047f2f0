"""Points and output on their way from store to store: whatever is there already is not sent again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from expkit.errors import FormatError, StoreError
from expkit.record.model import OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from expkit.record.model import StreamKey
    from expkit.stores.base import Batch, RunStore

CHUNK = 50_000
"""Points in one batch; bytes of output in one are 100 times as many."""

_TAIL = 64


class Missing(NamedTuple):
    """A part of a stream that the copy lacks: the items from ``start`` to ``end``."""

    stream: StreamKey
    start: int
    end: int


def missing(src: RunStore, dst: RunStore, uid: str, *, is_there: bool, is_live: bool) -> list[Missing]:
    """What a copy lacks.

    Args:
        src: where the run is.
        dst: where it goes.
        uid: of the run.
        is_there: whether ``dst`` has some of it.
        is_live: whether the run goes on, so that what its screen shows may be painted over.

    Raises:
        StoreError: what the copy has is not how the stream begins, or is damaged, so nothing can be added to it.
    """
    there = dst.streams(uid) if is_there else {}
    ends = _settled(src, uid) if is_live else src.streams(uid)
    found = [Missing(stream, there.get(stream, 0), end) for stream, end in ends.items()]
    for part in found:
        if part.start != part.end:
            _check(src, dst, uid, part)
    return [part for part in found if part.start < part.end]


def _settled(src: RunStore, uid: str) -> Mapping[StreamKey, int]:
    """The streams of a run that goes on, and how much of each will not change any more."""
    from expkit.stores.base import Settles  # lanes come here, too, and need none of it

    if not isinstance(src, Settles):
        return src.streams(uid)
    return {
        stream: src.settled(uid, stream) if stream.content == OUTPUT else end
        for stream, end in src.streams(uid).items()
    }


def _check(src: RunStore, dst: RunStore, uid: str, part: Missing) -> None:
    """Compare the last items that both have; the predecessor may write a run's output anew."""
    end = min(part.start, part.end)
    start = max(0, end - _TAIL)
    # as texts, because NaN is not itself
    if end and repr(src.read(uid, part.stream, start, end - start)) != _there(dst, uid, part.stream, start, end):
        raise _useless(dst, uid, part.stream, "went on differently after an earlier copy")


def _there(dst: RunStore, uid: str, stream: StreamKey, start: int, end: int) -> str:
    try:
        return repr(dst.read(uid, stream, start, end - start))
    except FormatError as error:
        raise _useless(dst, uid, stream, f"cannot be read there any more ({error})") from error


def _useless(dst: RunStore, uid: str, stream: StreamKey, why: str) -> StoreError:
    what = "output" if stream.content == OUTPUT else "points"
    return StoreError(f"its {what} {why}; delete run {dst.load(uid).id} in {dst.url}, and copy it again")


def bring(src: RunStore, dst: RunStore, uid: str, part: Missing, moved: Callable[[int], None]) -> None:
    """Add what is missing of one stream.

    Raises:
        StoreError: the source ends before it said it would.
    """
    end = carry(partial(src.read, uid), dst, uid, part, moved)
    if end < part.end:
        raise StoreError(f"{src.url} says that {part.stream} has {part.end} items, and gives {end}")


def carry(
    read: Callable[[StreamKey, int, int], Batch], dst: RunStore, uid: str, part: Missing, moved: Callable[[int], None]
) -> int:
    """Add what is missing of one stream, in batches; return how far the source had it.

    Args:
        read: gives items of a stream, from an offset on and at most so many.
        dst: where they go.
        uid: of the run.
        part: what is missing.
        moved: told how many items have passed.
    """
    size = CHUNK * (100 if part.stream.content == OUTPUT else 1)
    offset = part.start
    while offset < part.end and (batch := read(part.stream, offset, min(size, part.end - offset))):
        offset = dst.append(uid, part.stream, offset, batch)
        moved(len(batch))
    return offset
