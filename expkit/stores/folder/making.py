"""How a run comes into the folder store: :class:`Maker`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit.errors import RunNotFoundError
from expkit.record.model import BY_SACRED
from expkit.stores.folder.index import Entry
from expkit.stores.folder.keeping import show_all
from expkit.stores.folder.records import Stamp, Stored, read_run, version

if TYPE_CHECKING:
    from expkit.record.model import Lease, RunRecord
    from expkit.stores.disk.layout import RunLayout
    from expkit.stores.folder.parts import Parts
    from expkit.types import RunId


class Maker:
    """Claims a folder for a run and writes its first record, or leaves nothing.

    Args:
        parts: of the store.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._latest: tuple[Any, Stored | None] = None, None

    def create(self, record: RunRecord, id: RunId | None, *, bind: bool, lease: Lease | None) -> str:
        """See :meth:`RunStore.create <expkit.stores.base.RunStore.create>`."""
        self._parts.prepare()
        if (known := self._known(record)) is not None:
            return self._made(record, known, lease)
        name = self._claim(record.uid, id, bind=bind)
        try:
            return self._made(record, name, lease)
        except BaseException:
            self._unmake(record.uid, name)
            raise

    def latest(self, run: RunLayout) -> Stored:
        """The record of a run, without reading it if nobody touched it since it was created here."""
        seen, stored = self._latest
        self._latest = None, None
        if stored is not None and stored.record.id == run.id and version(run.record) == seen:
            return stored if not os.path.exists(run.claim(1)) else read_run(run)
        return read_run(run)

    def _known(self, record: RunRecord) -> str | None:
        """The id of a run that is here, be it only half made."""
        uid, name = record.uid, self._parts.ids.id_of(record.uid)
        if BY_SACRED in record.gaps:  # which has noted no uids
            name = next((entry.id for entry in self._parts.index.entries() if entry.uid == uid), name)
        if not name:
            return None
        try:
            is_ours = self._parts.index.find(name).uid == uid
        except RunNotFoundError:
            is_ours = os.path.isdir(self._run(name).folder)
        if not is_ours:  # somebody removed the folder by hand, and perhaps another run has its id now
            self._parts.ids.forget(uid)
        return name if is_ours else None

    def _claim(self, uid: str, id: RunId | None, *, bind: bool) -> str:
        name = self._parts.ids.claim(uid, id, bind=bind)
        try:
            noted = self._parts.ids.note(uid, name)
        except BaseException:
            os.rmdir(self._run(name).folder)
            raise
        if noted != name:  # another process has just created this very run
            os.rmdir(self._run(name).folder)
        return noted

    def _made(self, record: RunRecord, name: str, lease: Lease | None) -> str:
        run = self._run(name)
        if not os.path.exists(run.record):
            stored = Stored(record.but(id=name), Stamp.now())
            show_all(self._parts, run, record)
            if lease is not None:
                self._parts.leases.renew(run.lease, lease)
            self._parts.writer.write(run, *stored[:2])
            self._latest = version(run.record), stored
            self._parts.index.add(Entry(name, record.uid, stored.stamp.created))
            self._parts.changes.add(record.uid, "created")
        return name

    def _unmake(self, uid: str, name: str) -> None:
        """Leave nothing of a run that could not be made; one whose record was written stays."""
        from shutil import rmtree

        run = self._run(name)
        if not os.path.exists(run.record):
            rmtree(run.folder, ignore_errors=True)
            self._parts.ids.forget(uid)

    def _run(self, name: str) -> RunLayout:
        return self._parts.layout.run(name)
