"""Runs that the predecessor recorded into a bucket: read as it recorded them into folders, never changed."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from expkit.stores.disk import text
from expkit.stores.disk.layout import RunLayout

if TYPE_CHECKING:
    from expkit.record.model import Point, RunRecord
    from expkit.stores.remote.media import Media

_BESIDE = ("config.json", "info.json")


def sacred_record(media: Media, run_id: str, data: bytes) -> RunRecord:
    """What the predecessor's objects say, as a record.

    Args:
        media: where.
        run_id: of the run.
        data: what ``run.json`` says.
    """
    from expkit.stores.folder.sacred import record_of

    with TemporaryDirectory() as folder:
        run = _copied(media, run_id, folder, _BESIDE)
        with open(run.record, "wb") as file:
            file.write(data)
        return record_of(run, text.parsed(data))


def sacred_points(media: Media, run_id: str) -> list[Point]:
    """The points of ``metrics.json``."""
    from expkit.stores.folder.sacred import points_of

    with TemporaryDirectory() as folder:
        return points_of(_copied(media, run_id, folder, ("metrics.json",)))


def _copied(media: Media, run_id: str, folder: str, names: tuple[str, ...]) -> RunLayout:
    run = RunLayout(folder, run_id)
    os.mkdir(run.folder)
    for name in names:
        with open(f"{run.folder}/{name}", "wb") as file:
            file.write(media.find(f"{run_id}/{name}") or b"{}")
    return run
