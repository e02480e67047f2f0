"""What happened in a store, and later facts about runs: append-only logs, at any moment one writer each.

A writer holds ``NAME.lock`` beside ``NAME.jsonl`` while it appends. It reuses the log it had, else any whose lock it
gets, so there are about as many logs as there were ever writers at once. A lock whose owner died is never broken:
its log is only read from then on.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.stores.base import Change
from expkit.stores.folder import files, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from expkit.types import Json

_LOG = ".jsonl"


class Logs:
    """The logs in one folder.

    Args:
        folder: made with the first entry.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine: str | None = None

    def append(self, entry: Json) -> None:
        """Write an entry; when this returns it survives the death of the process."""
        with self._claimed() as name:
            files.append(self._folder / (name + _LOG), text.line(entry))
            self._mine = name

    def names(self) -> list[str]:
        """The logs there are, without their suffix."""
        try:
            names = os.listdir(self._folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name[: -len(_LOG)] for name in names if name.endswith(_LOG))

    def read(self, name: str, offset: int = 0) -> tuple[list[Json], int]:
        """Whole entries of one log from byte ``offset`` on, and where to go on."""
        data = files.read(self._folder / (name + _LOG), offset)
        return text.lines(data), offset + data.rfind(b"\n") + 1

    @contextmanager
    def _claimed(self) -> Iterator[str]:
        name, lock = self._claim()
        try:
            yield name
        finally:
            os.unlink(lock)

    def _claim(self) -> tuple[str, Path]:
        for name in self._candidates():
            lock = self._folder / (name + ".lock")
            try:
                files.create(lock, b"")
            except FileExistsError:
                continue
            except FileNotFoundError:
                self._folder.mkdir(parents=True, exist_ok=True)
                files.create(lock, b"")
            return name, lock
        raise AssertionError("a fresh name is always free")

    def _candidates(self) -> Iterable[str]:
        if self._mine:
            yield self._mine
        yield from self.names()
        yield files.fresh_name()


class ChangeLog:
    """The change log of a store; see :meth:`expkit.stores.base.RunStore.changes`."""

    def __init__(self, folder: Path) -> None:
        self._logs = Logs(folder)

    def add(self, uid: str, what: str) -> None:
        """Note that something happened to the run ``uid``."""
        self._logs.append([datetime.now(timezone.utc).isoformat(), what, uid])

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
