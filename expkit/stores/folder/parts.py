"""The pieces of which a folder store is made: :class:`Parts`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit.stores.disk.blobs import Blobs
from expkit.stores.disk.changes import ChangeLog
from expkit.stores.disk.leases import Leases
from expkit.stores.disk.reserve import Reserve
from expkit.stores.disk.version import FormatFile
from expkit.stores.folder.ids import Ids
from expkit.stores.folder.index import Index
from expkit.stores.folder.records import Writer
from expkit.stores.folder.streams import FolderStreams

if TYPE_CHECKING:
    from expkit.stores.disk.layout import StoreLayout


class Parts:
    """What a store and its logs share; each piece knows its own files and nothing of the others."""

    def __init__(self, layout: StoreLayout) -> None:
        self.layout = layout
        self.ids = Ids(layout)
        self.format = FormatFile(layout)
        self.index = Index(layout, self.ids, self.format)
        self.blobs = Blobs(layout)
        self.reserve = Reserve(layout.reserve)
        self.points_reserve = Reserve(layout.points_reserve)
        self.changes = ChangeLog(layout.changes)
        self.leases = Leases(layout)
        self.streams = FolderStreams(layout)
        self.writer = Writer(layout)
        self._prepared = False

    def prepare(self) -> None:
        """Make what must be there before the first thing is written.

        Raises:
            FormatError: the store has a format that only newer versions know.
        """
        if not self._prepared:
            self.format.check()
            os.makedirs(self.layout.hidden, exist_ok=True)
            self.format.make()
            self.reserve.make()
            self.points_reserve.make()
            self._prepared = True
