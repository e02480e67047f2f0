"""Which runs a store has, under which id and uid; remembered, so that asking again costs one listing."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from expkit._support.frozen import Frozen
from expkit.errors import FormatError, RunNotFoundError
from expkit.stores.disk.layout import fits
from expkit.stores.disk.text import reading
from expkit.stores.folder import copies
from expkit.stores.folder.records import is_sacred, read_tree

if TYPE_CHECKING:
    from expkit.stores.disk.layout import StoreLayout
    from expkit.stores.disk.version import FormatFile
    from expkit.stores.folder.ids import Ids
    from expkit.types import RunId

_UID_LENGTH = 32


class Entry(Frozen, kw_only=False):
    """One run; ``sacred`` if the predecessor recorded it.

    ``home`` is the id that its record has, where its folder has another name: somebody renamed or copied it.
    """

    id: str
    uid: str
    created: str
    sacred: bool = False
    home: str = ""


class Index:
    """The runs of a store. Folders without ``run.json`` are none; one that cannot be read is where its uid was noted."""

    def __init__(self, layout: StoreLayout, ids: Ids, format: FormatFile) -> None:
        self._layout = layout
        self._format = format
        self._ids = ids
        self._known: dict[tuple[str, int], Entry] = {}
        self._names: dict[str, str] = {}
        self._broken: dict[tuple[str, int], Entry | None] = {}

    def entries(self) -> list[Entry]:
        """All runs, in order of creation.

        Raises:
            FormatError: the store has a format that only newer versions know.
        """
        self._format.check()
        try:
            with os.scandir(self._layout.root) as found:
                folders = [(item.name, item.inode()) for item in found if item.name[0] not in "._" and item.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        there = (entry for name, inode in folders if (entry := self._entry(name, inode)))
        entries = copies.originals(there, self._layout.root, self._ids.id_of)
        self._names.update((entry.uid, entry.id) for entry in entries)
        return sorted(entries, key=lambda entry: (entry.created, len(entry.id), entry.id))

    def find(self, run: RunId) -> Entry:
        """The run with this id or uid.

        Raises:
            RunNotFoundError: there is none.
            FormatError: there is one, and nothing of its record can be read; or the whole store is too new.
        """
        self._format.check()
        name = str(run)
        entry = (
            self._by_uid(name) or self._by_id(name) if name in self._names else self._by_id(name) or self._by_uid(name)
        )
        if entry is None:
            from expkit.stores.rules import not_found

            self._refuse_unreadable(name)
            self._refuse_copy(name)
            raise not_found(name, self._layout.root)
        return entry

    def add(self, entry: Entry) -> None:
        """Take note of a run that was made just now."""
        self._known[entry.id, os.stat(f"{self._layout.root}/{entry.id}").st_ino] = entry
        self._names[entry.uid] = entry.id

    def entry(self, name: str) -> Entry | None:
        """The run in this folder, None where there is none, or one that another folder has, too, with more right."""
        return self._by_id(name)

    def _by_uid(self, uid: str) -> Entry | None:
        if len(uid) != _UID_LENGTH:
            return None
        noted = self._names.get(uid) or self._ids.id_of(uid)
        entry = self._by_id(noted) if noted else None
        if entry is not None and entry.uid == uid:
            return entry
        return next((entry for entry in self.entries() if entry.uid == uid), None)

    def _refuse_unreadable(self, name: str) -> None:
        """Raise the error that says what is wrong with a run whose uid nobody noted."""
        if _is_folder_name(name):
            with suppress(RunNotFoundError):
                self._read(name)

    def _refuse_copy(self, name: str) -> None:
        """Raise the error that says of which run the folder is a copy."""
        copy = self._folder(name)
        if copy is not None and (original := self._by_uid(copy.uid)) is not None:
            raise copies.refusal(copy, original, self._layout.root)

    def _by_id(self, name: str) -> Entry | None:
        entry = self._folder(name)
        if entry is None or (entry.home and not self._is_original(entry)):
            return None
        self._names[entry.uid] = name
        return entry

    def _is_original(self, entry: Entry) -> bool:
        """Whether no folder has more right to a run that lies in one of another name."""
        at_home = self._folder(entry.home)
        if at_home is not None and at_home.uid == entry.uid:
            copies.warn(entry, at_home, self._layout.root)
            return False
        return self._names.get(entry.uid) == entry.id or entry in self.entries()

    def _folder(self, name: str) -> Entry | None:
        """The run in a folder, be it a copy."""
        if not _is_folder_name(name):
            return None
        try:
            return self._entry(name, os.stat(f"{self._layout.root}/{name}").st_ino)
        except (OSError, ValueError):
            return None

    def _entry(self, name: str, inode: int) -> Entry | None:
        entry = self._known.get((name, inode))
        if entry is not None:
            return entry
        try:
            entry = self._read(name)
        except RunNotFoundError:
            return None
        except FormatError:
            return self._unreadable(name, inode)
        self._known[name, inode] = entry
        return entry

    def _unreadable(self, name: str, inode: int) -> Entry | None:
        """A run whose ``run.json`` says nothing; its folder says when it was made, and a note which uid it has."""
        if (name, inode) not in self._broken:
            uid = self._ids.all().get(name)
            self._broken[name, inode] = Entry(name, uid, _changed(self._layout.run(name).folder)) if uid else None
        return self._broken[name, inode]

    def _read(self, name: str) -> Entry:
        run = self._layout.run(name)
        tree = read_tree(run)
        if is_sacred(tree):
            from expkit.stores.folder import sacred

            with reading(run.record):
                return Entry(name, sacred.uid_of(run, tree), sacred.created(run, tree), sacred=True)
        home = "" if tree.get("_id") in (name, None) else str(tree["_id"])
        return Entry(name, str(tree.get("uid")), str(tree.get("created", "")), home=home)


def _changed(path: str) -> str:
    return datetime.fromtimestamp(os.stat(path).st_mtime, timezone.utc).isoformat()


def _is_folder_name(name: str) -> bool:
    """Whether a run's folder can have this name, and the disk be asked for it."""
    return bool(name) and name[0] not in "._" and "/" not in name and os.sep not in name and fits(name)
