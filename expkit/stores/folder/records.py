"""``run.json`` and what is added to it while a run lasts.

``run.json`` holds the whole record in the predecessor's shape, and three keys of the store's own: ``created``,
``events_folded`` and ``status_changes``. A process that runs the run appends each event to ``events.jsonl`` as
``[number, event]`` and replaces ``run.json`` from time to time; a reader folds the events with higher numbers on top.
A change of the status by compare-and-set is a file of its own with the next number, which one process can make.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit.errors import FormatError
from expkit.record.events import FileAdded, Learned
from expkit.record.fold import fold
from expkit.record.wire import event_from_json, record_from_json, record_to_json
from expkit.stores.disk import files, text
from expkit.stores.disk.layout import stored_name
from expkit.stores.disk.text import reading

if TYPE_CHECKING:
    from expkit.record.model import FileRef, RunRecord
    from expkit.stores.disk.layout import RunLayout, StoreLayout
    from expkit.types import Json

NO_END = "rank {} gave no sign of its end"

SHARED = ("source", "resource")
"""Roles that all runs show in one folder, under names with a hash of the bytes."""


class Stamp(NamedTuple):
    """What the store itself notes about a run: ISO time of creation, last folded event, last status change."""

    created: str
    events: int = 0
    claims: int = 0

    @classmethod
    def now(cls) -> Stamp:
        """The stamp of a run that is created now."""
        return cls(datetime.now(timezone.utc).isoformat())


class Stored(NamedTuple):
    """A record as it was read, ``sacred`` if the predecessor wrote it, ``moved`` if it says that its folder has another name."""

    record: RunRecord
    stamp: Stamp
    sacred: bool = False
    moved: bool = False


def read_run(run: RunLayout) -> Stored:
    """The record of a run, with everything that was written since ``run.json``.

    Raises:
        RunNotFoundError: there is none.
        FormatError: it cannot be read.
    """
    while True:
        seen = version(run.record)
        stored = _read_once(run)
        # while the log was read, run.json may have been replaced and the log begun anew
        if version(run.record) == seen:
            return stored


def read_tree(run: RunLayout) -> dict[str, Json]:
    """``run.json`` as it is.

    Raises:
        RunNotFoundError: there is none.
        FormatError: it is no JSON object.
    """
    with reading(run.record):
        if (data := files.find(run.record)) is None:
            from expkit.stores.rules import not_found

            raise not_found(run.id, run.root)
        tree = text.parsed(data)
    if not isinstance(tree, dict):
        raise FormatError(f"{run.record} is no record of a run")
    return tree


def is_sacred(tree: Json) -> bool:
    """Whether a ``run.json`` is the predecessor's."""
    return "uid" not in tree and "format" not in tree


class Writer:
    """Writes records into one store. Remembers the texts of trees that last as long as a run, so nobody may edit them."""

    def __init__(self, store: StoreLayout) -> None:
        self._store = store
        self._memory = text.Memory()

    def write(self, run: RunLayout, record: RunRecord, stamp: Stamp, before: RunRecord | None = None) -> None:
        """Replace ``run.json``, so that it holds everything up to ``stamp``, and what differs from ``before``."""
        self._write_trees(run, before, record)
        tree = _to_tree(self._store, run, record, stamp)
        items = [text.item(key, self._text(key, value)) for key, value in tree.items()]
        self._replace(run.record, text.joined("{", items, "}", "\n"))

    def _write_trees(self, run: RunLayout, before: RunRecord | None, record: RunRecord) -> None:
        if before is None or before.config is not record.config:
            self._replace(run.config, self._memory.text(record.config, "\n"))
        if record.info and (before is None or before.info is not record.info):
            self._replace(run.info, text.indented(record.info, "\n"))

    def _text(self, key: str, value: Json) -> str:
        return self._memory.text(value, "\n  ") if key in _LASTING else text.indented(value, "\n  ")

    def _replace(self, path: str, content: str) -> None:
        files.replace(path, text.to_bytes(content + "\n"), self._store.scratch)


_COUNTERS = ("events_folded", "status_changes")
_LASTING = ("config", "host", "meta")
"""Trees that stay the same objects while a run lasts."""


def show_path(store: StoreLayout, run: RunLayout, ref: FileRef) -> str | None:
    """Where kept bytes are shown under the predecessor's name; None for roles that it did not know.

    Raises:
        StoreNameError: an artifact's name leaves the folder or hides a file of the record.
    """
    if ref.role in SHARED:
        return f"{store.shown(ref.role)}/{stored_name(ref)}"
    return run.artifact(ref.path) if ref.role == "artifact" else None


def version(path: str) -> tuple[int, int, int] | None:
    """What changes when the file at ``path`` is replaced."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _read_once(run: RunLayout) -> Stored:
    tree = read_tree(run)
    with reading(run.record):
        if is_sacred(tree):
            from expkit.stores.folder import sacred

            return Stored(sacred.record_of(run, tree), Stamp(sacred.created(run, tree)), sacred=True)
        record = record_from_json(tree)
        stamp = Stamp(str(tree.get("created", "")), *(int(tree.get(key, 0)) for key in _COUNTERS))
    if moved := record.id != run.id:
        record = record.but(id=run.id)
    record, stamp = _fold_events(run, record, stamp)
    return Stored(*_fold_claims(run, _fold_ranks(run, record), stamp), moved=moved)


def _fold_events(run: RunLayout, record: RunRecord, stamp: Stamp) -> tuple[RunRecord, Stamp]:
    with reading(path := run.events(record.segment)):
        for number, event in text.lines(files.read(path)):
            if number > stamp.events:
                record, stamp = fold(record, event_from_json(event)), stamp._replace(events=number)
    return record, stamp


def _fold_ranks(run: RunLayout, record: RunRecord) -> RunRecord:
    """Only rank 0 writes ``run.json``; what other ranks tell stays in their logs, and some went without a word."""
    if record.ranks <= 1:
        return record
    from expkit.stores.folder.ranks import silent_ranks  # few runs have ranks

    for path in run.rank_events():
        with reading(path):
            for _, tree in text.lines(files.read(path)):
                if isinstance(event := event_from_json(tree), (FileAdded, Learned)):
                    record = fold(record, event)
    silent = map(NO_END.format, silent_ranks(run))
    return record.but(gaps=tuple(dict.fromkeys((*record.gaps, *silent))))


def _fold_claims(run: RunLayout, record: RunRecord, stamp: Stamp) -> tuple[RunRecord, Stamp]:
    while os.path.exists(path := run.claim(stamp.claims + 1)):
        # a claim whose maker died before it said what it claims changes nothing, and its number is used up
        with reading(path):
            expected, status = text.parsed(files.created(path) or b'["", ""]')
            if not isinstance(status, str):
                raise FormatError(f"{status!r} is no status")
        stamp = stamp._replace(claims=stamp.claims + 1)
        record = record.but(status=status) if record.status == expected else record
    return record, stamp


def _to_tree(store: StoreLayout, run: RunLayout, record: RunRecord, stamp: Stamp) -> dict[str, Json]:
    tree: dict[str, Any] = record_to_json(record)
    tree["_id"] = run.id
    tree["experiment"] = {**tree["experiment"], "sources": _shown(store, record, "source")}
    tree["resources"] = _shown(store, record, "resource")
    tree["artifacts"] = [ref.path for ref in record.files_of("artifact")]
    tree["created"], tree[_COUNTERS[0]], tree[_COUNTERS[1]] = stamp
    return tree


def _shown(store: StoreLayout, record: RunRecord, role: str) -> list[Json]:
    """``[name, path below the store]`` of each kept file, as the predecessor's readers expect."""
    place = store.shown_from_root(role)
    kept = (ref for ref in record.files_of(role) if ref.kept and ref.sha256)
    return [[ref.path, f"{place}/{stored_name(ref)}"] for ref in kept]
