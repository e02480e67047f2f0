"""Notes of what observers are owed: which run lies where, and which store lacks some of it.

A note is a small file in the user's state folder. It is made when a run starts that a store observes from a distance,
and goes when that store has everything; so whatever is left when a process dies can be delivered by another one.
It holds no cursors: the store itself knows what it has.

The file's name says who delivers: the process that runs the run, then whoever takes the note over. Taking over is one
rename, which exactly one process can do.
"""

from __future__ import annotations

import json
import logging
import os
import time
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from expkit._support.frozen import Frozen
from expkit.errors import DAMAGE, ExpkitError
from expkit.run.recording.log import owed_dir, spool_store
from expkit.stores.disk import files
from expkit.stores.folder.store import FolderStore
from expkit.stores.holder import alive, this_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.observers.store import StoreObserver
    from expkit.record.model import Lease, RunRecord
    from expkit.stores.base import RunStore

log = logging.getLogger("expkit")

FORMAT = 1
"""Number of the format of notes."""

_TRIES = 10

_FOREIGN = 600.0
"""Seconds after the last sign of life of a process on another machine, of which nothing can be known here."""

_LONGEST = 64

_TICKS = 1000
"""Parts of a second in which names of notes tell when a process started."""


class Note(Frozen):
    """What one store is owed of one run.

    Attributes:
        uid: of the run.
        name: of the experiment.
        log: the store in whose folder the run's log lies; ``""``: in a spool of its own.
        target: the URL of the store that lacks something, secrets masked.
        path: the note's file.
    """

    uid: str
    name: str
    log: str
    target: str
    path: str = ""

    @property
    def store(self) -> FolderStore:
        """The store that has everything."""
        return FolderStore(self.log) if self.log else spool_store(self.uid)

    @property
    def holder(self) -> Lease | None:
        """The process that has taken the note, as its name tells; None if nobody has."""
        _, _, owner = os.path.basename(self.path).removesuffix(".json").partition(".")
        host, boot, pid, start = [*owner.split("-"), "", "", ""][:4]
        if not (pid.isdigit() and start.isdigit()):
            return None
        here = this_process(0)
        return here.but(
            host=here.host if host == _short(here.host) else host,
            boot=here.boot if boot == _boot_of(here) else boot,
            pid=int(pid),
            process_start=int(start) / _TICKS,
        )

    @property
    def pid(self) -> int | None:
        """The process of this machine that delivers; None if none does, or none that can be known here."""
        holder = self.holder
        return holder.pid if holder is not None and alive(holder) else None

    @property
    def is_free(self) -> bool:
        """Whether nobody delivers it, as far as can be known here."""
        holder = self.holder
        if holder is None:
            return True
        lives = alive(holder)
        return time.time() - self._last_sign() > _FOREIGN if lives is None else not lives

    def _last_sign(self) -> float:
        """When somebody took the note, or the run was last known to live; seconds since the epoch."""
        try:
            taken = os.stat(self.path).st_mtime
            lease = self.store.lease(self.uid)
        except (ExpkitError, *DAMAGE):
            return 0.0
        return max(taken, lease.renewed.timestamp()) if lease is not None and lease.renewed else taken

    def write(self) -> Note:
        """Write it down, as that of this process; return it with its path.

        Raises:
            OSError: the state folder takes no files.
        """
        path = _path(self.uid, self.target)
        tree = {"format": FORMAT, "uid": self.uid, "name": self.name, "log": self.log, "target": self.target}
        for left in reversed(range(_TRIES)):
            os.makedirs(owed_dir(), exist_ok=True)
            try:
                _write(path, tree)
            except FileNotFoundError:  # somebody has just removed the last note, and the folder with it
                if not left:
                    raise
            else:
                break
        return self.but(path=path)

    def take(self) -> Note | None:
        """Let this process be the one that delivers; None where another one was faster, or has delivered it."""
        path = _path(self.uid, self.target)
        try:
            os.replace(self.path, path)
            os.utime(path)
        except OSError:
            return None
        return self.but(path=path)

    def release(self) -> None:
        """Let others deliver."""
        try:
            os.replace(self.path, f"{owed_dir()}/{_key(self.uid, self.target)}.json")
        except OSError:
            pass

    def remove(self) -> None:
        """Everything is delivered. The folder of notes goes with the last one, so that nobody need look into it."""
        try:
            os.unlink(self.path)
            os.rmdir(owed_dir())
        except OSError:  # somebody else has removed it, or there are others
            pass


def noted(record: RunRecord, home: FolderStore, observer: StoreObserver, *, is_spool: bool) -> Note | None:
    """Write down that an observer may lack something of a run whose log lies in ``home``, if that could be told later."""
    target = target_of(observer.store)
    if target in ("", target_of(home)):
        return None
    try:
        return Note(uid=record.uid, name=record.name, log="" if is_spool else str(home.root), target=target).write()
    except OSError as error:
        log.warning("what %s may miss of this run cannot be noted: %s", observer, error)
        return None


def owed_notes() -> Iterator[Note]:
    """All notes, oldest run first; files that are no notes are passed over."""
    return filter(None, map(_read, _paths()))


def bad_notes() -> list[str]:
    """Paths of files among the notes that are none, or none any more."""
    return [path for path in _paths() if _read(path) is None and os.path.lexists(path)]


def _paths() -> list[str]:
    return sorted(path for path in files.entries(owed_dir()) if path.endswith(".json"))


def forgotten_spools() -> list[Path]:
    """Spools of runs whose processes have died, and of which no store is owed anything: only custom observers were told."""
    noted = {note.uid for note in owed_notes()}
    folders = (Path(folder) for folder in files.entries(str(spool_store("x").root.parent)))
    return sorted(folder for folder in folders if folder.name not in noted and _has_died(folder))


def _has_died(spool: Path) -> bool:
    try:
        lease = FolderStore(spool).lease(spool.name)
    except (ExpkitError, *DAMAGE):
        return False
    return lease is not None and alive(lease) is False


def target_of(store: RunStore) -> str:
    """How notes call a store: its URL without secrets; ``""`` if it does not outlive the process.

    The next process may stand somewhere else, so stores on this machine's disk are called by their absolute path.
    """
    if not store.capabilities.durable:
        return ""
    if (root := getattr(store, "root", None)) is not None:
        return f"{store.url.partition(':')[0]}:{root}"
    from expkit.record.masking import masked_url

    return masked_url(str(getattr(store, "absolute_url", store.url)))


def remove_spool(uid: str) -> None:
    """Remove the spool of a run, unless some store still lacks something of it."""
    from shutil import rmtree

    if not any(note.uid == uid for note in owed_notes()):
        rmtree(spool_store(uid).root, ignore_errors=True)


def _read(path: str) -> Note | None:
    try:
        tree = json.loads(files.read(path))
        fields = {name: tree[name] for name in ("uid", "name", "log", "target")}
    except DAMAGE:
        return None
    if any("\0" in str(value) for value in fields.values()) or len(str(fields["uid"])) > _LONGEST:
        return None
    if tree.get("format") != FORMAT or not all(isinstance(value, str) for value in fields.values()):
        return None
    return Note(**fields, path=path) if fields["uid"].isalnum() else None


def _write(path: str, tree: dict[str, object]) -> None:
    aside = f"{path}.new"
    with open(aside, "w", encoding="utf-8") as file:
        json.dump(tree, file)
    os.replace(aside, path)


def _path(uid: str, target: str) -> str:
    here = this_process(0)
    start = 0 if isnan(here.process_start) else round(here.process_start * _TICKS)
    return f"{owed_dir()}/{_key(uid, target)}.{_short(here.host)}-{_boot_of(here)}-{here.pid}-{start}.json"


def _key(uid: str, target: str) -> str:
    return f"{uid}-{_short(target)}"


def _boot_of(process: Lease) -> str:
    """The running boot, and the name space in which pids count."""
    return _short(f"{process.boot}|{process.pid_namespace}")


def _short(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
