"""The pieces of which a folder store is made: :class:`Parts`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit.stores.folder import files, text
from expkit.stores.folder.blobs import Blobs
from expkit.stores.folder.changes import ChangeLog
from expkit.stores.folder.ids import Ids
from expkit.stores.folder.index import Index
from expkit.stores.folder.leases import Leases
from expkit.stores.folder.records import Writer
from expkit.stores.folder.streams import Streams

if TYPE_CHECKING:
    from expkit.stores.folder.layout import StoreLayout

FORMAT = 1


class Parts:
    """What a store and its logs share; each piece knows its own files and nothing of the others."""

    def __init__(self, layout: StoreLayout) -> None:
        self.layout = layout
        self.ids = Ids(layout)
        self.index = Index(layout, self.ids)
        self.blobs = Blobs(layout)
        self.changes = ChangeLog(layout.changes)
        self.leases = Leases(layout)
        self.streams = Streams()
        self.writer = Writer(layout)
        self._prepared = False

    def prepare(self) -> None:
        """Make what must be there before the first thing is written."""
        if not self._prepared:
            os.makedirs(self.layout.hidden, exist_ok=True)
            if not os.path.exists(self.layout.format):
                files.replace(self.layout.format, text.pretty({"format": FORMAT}), self.layout.scratch)
            self._prepared = True
