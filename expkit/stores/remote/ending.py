"""What is put in order when a run has ended: its pieces are joined, and small metrics are written as people read them."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from expkit.record.model import POINTS
from expkit.stores.disk.layout import RunLayout
from expkit.stores.folder import metrics
from expkit.stores.remote import layout

if TYPE_CHECKING:
    from expkit.record.model import RunRecord
    from expkit.stores.remote.media import Media
    from expkit.stores.remote.streams import Streams


def tidy(media: Media, streams: Streams, record: RunRecord, run_id: str) -> None:
    """Join the streams of a run, and export its metrics where they are few."""
    if not streams.join(record.uid, run_id):
        return
    ends = streams.ends(record.uid, run_id)
    mine = [stream for stream in ends if stream.content == POINTS and not stream.rank]
    if not mine or sum(ends[stream] for stream in mine) > metrics.SMALL:
        return
    with TemporaryDirectory() as folder:
        run = RunLayout(folder, "run")
        os.mkdir(run.folder)
        for stream in mine:
            with open(run.points(stream.segment), "wb") as file:
                file.write(media.get(layout.whole(run_id, stream)))
        metrics.export_small(run, record.segment, folder)
        with open(run.metrics, "rb") as file:
            media.put(f"{run_id}/metrics.json", file.read())
