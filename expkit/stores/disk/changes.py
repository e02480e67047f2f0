"""What happened in a store, and later facts about runs: append-only logs, one per machine that writes.

A line is appended in one write of a file opened for appending, which the system keeps apart from those of other processes
on the same machine. Machines that share a folder over a network each have a log of their own, named after the
boot of their kernel; where a system does not promise as much, each process has one.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING

from expkit._support.digests import sha256_of
from expkit.stores.disk import files, text
from expkit.stores.disk.mounts import may_map

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.stores.base import Change
    from expkit.types import Json

_SUFFIX = ".jsonl"
_TAIL = 128
_BOOT = "/proc/sys/kernel/random/boot_id"


class Logs:
    """The logs in one folder.

    Args:
        folder: made with the first entry.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def append(self, entry: Json) -> None:
        """Write an entry; when this returns it survives the death of the process."""
        path = f"{self._folder}/{_writer(os.getpid())}{_SUFFIX}"
        try:
            files.append(path, text.line(entry))
        except FileNotFoundError:
            os.makedirs(self._folder, exist_ok=True)
            files.append(path, text.line(entry))

    def all(self) -> list[Json]:
        """The entries of all logs."""
        return [entry for name in self.names() for entry in self.read(name)[0]]

    def names(self) -> list[str]:
        """The logs there are, without their suffix."""
        try:
            names = os.listdir(self._folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name[: -len(_SUFFIX)] for name in names if name.endswith(_SUFFIX))

    def read(self, name: str, offset: int = 0) -> tuple[list[Json], int]:
        """Whole entries of one log from byte ``offset`` on, and where to go on."""
        data = files.read(self._path(name), offset)
        return text.lines(data), offset + data.rfind(b"\n") + 1

    def read_on(self, name: str, mark: Mark | None) -> tuple[list[Json], Mark] | None:
        """Whole entries of one log after a mark, and the new mark; None where it is not the log that was marked."""
        offset, tail, number = mark or (0, "", 0)
        start = max(0, offset - _TAIL)
        data = files.read(self._path(name), start)
        if mark and (number, tail) != (self._number(name), _digest(data[: offset - start])):
            return None
        whole = data[: data.rfind(b"\n") + 1]
        return text.lines(whole[offset - start :]), (start + len(whole), _digest(whole[-_TAIL:]), self._number(name))

    def _number(self, name: str) -> int:
        """What is another one for another file, where the disk says that for sure."""
        return os.stat(self._path(name)).st_ino if may_map(self._folder) else 0

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}{_SUFFIX}"


Mark = tuple[int, str, int]
"""How far a log has been read, what stands before that, and which file it is."""


def _digest(data: bytes) -> str:
    return sha256_of(data)[:16]


@cache
def _writer(pid: int) -> str:
    """The name of the log that this process, and none on another machine, appends to."""
    boot = files.read(_BOOT, size=64).decode().strip()
    return boot or f"{files.fresh_name()}-{pid}"


class ChangeLog:
    """The change log of a store; see :meth:`expkit.stores.base.RunStore.changes`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._logs = Logs(folder)

    def add(self, uid: str, what: str) -> None:
        """Note that something happened to the run ``uid``."""
        self._logs.append([datetime.now(timezone.utc).isoformat(), what, uid])

    def since(self, cursor: str) -> tuple[list[Change], str]:
        """What happened after ``cursor``, in order of time, and the new cursor."""
        offsets = offsets_of(cursor, self._folder)
        found: list[Change] = []
        for name in self._logs.names():
            try:
                entries, offsets[name] = self._logs.read(name, offsets.get(name, 0))
            except OSError:  # what one machine wrote cannot be read, or is no file; the others' logs can
                continue
            found += changes_in(entries)
        return sorted(found, key=lambda change: change.time), json.dumps(offsets, separators=(",", ":"))

    def after(self, marks: str) -> tuple[list[Change], str] | None:
        """What happened after marks of another call, ``""`` at first, and the new ones.

        None where a log is not what it was then: somebody has put an older one in its place, and who knows what else.
        """
        known = json.loads(marks or "{}")
        names = self._logs.names()
        new, found = {}, []
        for name in names:
            mark = known.get(name)
            try:
                read = self._logs.read_on(name, mark and tuple(mark))
            except OSError:
                continue
            if read is None:
                return None
            new[name] = read[1]
            found += changes_in(read[0])
        return (found, json.dumps({**known, **new}, separators=(",", ":"))) if known.keys() <= set(names) else None


def changes_in(entries: Iterable[Json]) -> list[Change]:
    """The changes that lines tell of; a line that a dying disk left behind may tell of none."""
    return [change for entry in entries if (change := _change(entry))]


def _change(entry: Json) -> Change | None:
    from expkit.stores.answers import Change

    try:
        time, what, uid = entry
        return Change(uid, what, datetime.fromisoformat(time))
    except (ValueError, TypeError):
        return None


def offsets_of(cursor: str, where: str) -> dict[str, int]:
    """How far each log has been read, as a cursor says it.

    Args:
        cursor: what ``changes`` was given.
        where: the place of the logs.

    Raises:
        StoreError: it is no cursor.
    """
    try:
        offsets = json.loads(cursor or "{}")
        return {str(name): int(offset) for name, offset in offsets.items()}
    except (ValueError, TypeError, AttributeError) as error:
        from expkit.stores.rules import bad_cursor

        raise bad_cursor(cursor, where) from error
