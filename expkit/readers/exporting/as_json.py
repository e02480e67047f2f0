"""Runs as JSON, one to a line: records in the form in which stores keep them, so that nothing is lost."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any, TextIO

from expkit.record.codec import encode
from expkit.record.model import OUTPUT
from expkit.record.wire import annotation_to_json, record_to_json
from expkit.stores.finding import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs
    from expkit.record.model import Point, StreamKey
    from expkit.types import Json

CHUNK = 20_000
"""Points, or bytes of output, that are read at once."""


def write_runs(runs: Runs, file: TextIO, *, points: bool = False) -> None:
    """An object for each run: ``record``, its judged ``state``, ``annotations``.

    Args:
        runs: which ones.
        file: where they go.
        points: whether ``streams`` with points and output (in Base64) are written, too.
    """
    for run in runs:
        head = json.dumps(
            {
                "record": record_to_json(run.record),
                "state": state_of(run.store, run.record),
                "annotations": [annotation_to_json(note) for note in run.annotations],
            },
            allow_nan=False,
        )
        if points:
            file.write(f'{head[:-1]}, "streams": [')
            file.writelines(_streams(run))
            file.write("]}\n")
        else:
            file.write(f"{head}\n")


def _streams(run: StoredRun) -> Iterator[str]:
    comma = ""
    for key in sorted(run.store.streams(run.uid)):
        about: dict[str, Json] = {"content": key.content, "segment": key.segment, "rank": key.rank}
        yield f'{comma}{json.dumps(about)[:-1]}, "{"base64" if key.content == OUTPUT else "points"}": ['
        yield from _items(run, key)
        yield "]}"
        comma = ", "


def _items(run: StoredRun, key: StreamKey) -> Iterator[str]:
    """What a stream holds, part by part."""
    offset, comma = 0, ""
    while batch := run.store.read(run.uid, key, offset, CHUNK):
        offset += len(batch)
        items: Any = [b64encode(batch).decode()] if isinstance(batch, bytes) else list(map(_point, batch))
        yield comma + json.dumps(items, allow_nan=False)[1:-1]
        comma = ", "


def _point(point: Point) -> list[Json]:
    return [
        point.name,
        _tree(point.step),
        _tree(point.value),
        _tree(point.time),
        [list(tag) for tag in point.tags],
        point.kind,
    ]


def _tree(value: Any) -> Json:
    """Points hold NaN and infinities as they are, which JSON cannot say."""
    return encode(value) if isinstance(value, float) else value
