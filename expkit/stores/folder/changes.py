"""What happened in a store, and later facts about runs: append-only logs, at any moment one writer each.

A writer owns ``NAME.jsonl`` while ``NAME.lock`` is beside it, from its first entry until it is closed. It takes over
any log that nobody owns, so there are about as many logs as there were ever writers at once. A lock whose owner died is
never broken: its log is only read from then on.
"""

from __future__ import annotations

import json
import os
import weakref
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.stores.base import Change
from expkit.stores.folder import files, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from expkit.types import Json

_LOG, _LOCK = ".jsonl", ".lock"


class Logs:
    """The logs in one folder.

    Args:
        folder: made with the first entry.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._mine = ""
        self._owner = 0
        self._release: Callable[[], object] = _nothing

    def append(self, entry: Json) -> None:
        """Write an entry; when this returns it survives the death of the process."""
        if self._owner != os.getpid():  # a forked child is another writer
            self._claim()
        files.append(self._mine, text.line(entry))

    def names(self) -> list[str]:
        """The logs there are, without their suffix."""
        try:
            names = os.listdir(self._folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name[: -len(_LOG)] for name in names if name.endswith(_LOG))

    def read(self, name: str, offset: int = 0) -> tuple[list[Json], int]:
        """Whole entries of one log from byte ``offset`` on, and where to go on."""
        data = files.read(f"{self._folder}/{name}{_LOG}", offset)
        return text.lines(data), offset + data.rfind(b"\n") + 1

    def close(self) -> None:
        """Leave the log to the next writer."""
        self._release()
        self._release, self._owner = _nothing, 0

    def _claim(self) -> None:
        os.makedirs(self._folder, exist_ok=True)
        place = next(place for place in self._candidates() if _is_claimed(place + _LOCK))
        self._mine, self._owner = place + _LOG, os.getpid()
        self._release = weakref.finalize(self, _unlock, place + _LOCK, self._owner)

    def _candidates(self) -> Iterator[str]:
        for name in (*self.names(), files.fresh_name()):
            yield f"{self._folder}/{name}"


def _is_claimed(lock: str) -> bool:
    try:
        files.write_new(lock, b"")
    except FileExistsError:
        return False
    return True


def _unlock(lock: str, owner: int) -> None:
    if os.getpid() == owner:
        files.remove(lock)


def _nothing() -> None:
    pass


class ChangeLog:
    """The change log of a store; see :meth:`expkit.stores.base.RunStore.changes`."""

    def __init__(self, folder: str) -> None:
        self._logs = Logs(folder)

    def add(self, uid: str, what: str) -> None:
        """Note that something happened to the run ``uid``."""
        self._logs.append([datetime.now(timezone.utc).isoformat(), what, uid])

    def close(self) -> None:
        """Leave the log to the next writer."""
        self._logs.close()

    def since(self, cursor: str) -> tuple[list[Change], str]:
        """What happened after ``cursor``, in order of time, and the new cursor."""
        offsets = _parsed(cursor)
        found: list[Change] = []
        for name in self._logs.names():
            entries, offsets[name] = self._logs.read(name, offsets.get(name, 0))
            found += [Change(uid, what, datetime.fromisoformat(time)) for time, what, uid in entries]
        return sorted(found, key=lambda change: change.time), json.dumps(offsets, separators=(",", ":"))


def _parsed(cursor: str) -> dict[str, int]:
    try:
        offsets = json.loads(cursor or "{}")
        return {str(name): int(offset) for name, offset in offsets.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"{cursor!r} is no cursor that this store gave out") from error
