"""The file of tables, read in parts and replaced whole: :class:`Database`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import FormatError
from expkit.stores import rules
from expkit.stores.counting import counted, natural
from expkit.stores.disk import files
from expkit.stores.disk.locking import locked
from expkit.stores.tinydb.lines import HEAD, Tables, document_of, joined, line, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.tinydb.lines import Row
    from expkit.types import Json, RunId

_FIRST = 96
"""So many bytes hold the number of writes: what tells two files apart that a coarse clock does not."""


class Database:
    """Tables of runs in one file.

    Args:
        path: of the file; its folder is there when somebody writes.
        lock: of the file that stands for the right to write.
        scratch: folder on the same file system, for what is not whole yet.
        runs: folder of what lies beside; a database that has lost its runs is known by it.
    """

    def __init__(self, path: str, lock: str, scratch: str, runs: str) -> None:
        self.path = path
        self._runs = runs
        self._lock = lock
        self._scratch = scratch
        self._seen = _Seen("nothing", b"", Tables(b"", {}, []))

    def tables(self) -> Tables:
        """What the file says now.

        Raises:
            FormatError: it is damaged.
        """
        return self._read().tables

    def find(self, run: RunId) -> Row:
        """The run with this id or uid.

        Raises:
            RunNotFoundError: there is none.
        """
        return self._find(self.tables(), run)

    def document(self, run: RunId) -> dict[str, Json]:
        """The document of a run.

        Raises:
            RunNotFoundError: there is none.
            FormatError: it is damaged.
        """
        while True:
            seen = self._read()
            row = self._find(seen.tables, run)
            text = seen.data[row.start : row.end] or files.read(self.path, row.start, row.end - row.start)
            if self._version() == seen.version:
                return self._parsed(row, text)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who writes."""
        with locked(self._lock):
            yield

    def draft(self) -> Draft:
        """What the file says, to be changed by :meth:`write`; for whoever holds the lock."""
        return Draft(*parse(self._bytes(), self.path))

    def write(self, draft: Draft) -> None:
        """Replace the file, whole or not at all; when this returns the disk has it."""
        aside = f"{self._scratch}/{files.fresh_name()}"
        os.makedirs(self._scratch, exist_ok=True)
        try:
            _write_through(aside, draft.parts())
            files.move(aside, self.path)
        except BaseException:
            if os.path.exists(aside):
                os.unlink(aside)
            raise

    def _read(self) -> _Seen:
        version = self._version()
        if version != self._seen.version:
            read = self._bytes()
            data, tables = parse(read, self.path)
            # bytes that lie in the file need not lie in memory, too
            self._seen = _Seen(version, b"" if data is read else data, tables)
        return self._seen

    def _bytes(self) -> bytes:
        data = files.read(self.path)
        if (not data or data.isspace()) and (runs := files.entries(self._runs)):
            raise FormatError(
                f"{self.path} is empty or gone, but {self._runs} has files of {len(runs)} runs that it knew;"
                " put a copy back in its place, or move that folder away to begin a new database"
            )
        return data

    def _find(self, tables: Tables, run: RunId) -> Row:
        if (row := tables.find(run)) is None:
            raise rules.not_found(run, self.path)
        return row

    def _version(self) -> Any:
        try:
            stat = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size, files.read(self.path, 0, _FIRST)

    def _parsed(self, row: Row, text: bytes) -> dict[str, Json]:
        try:
            return document_of(text)
        except ValueError as error:
            raise FormatError(f"{self.path}: run {row.id} is damaged: {error}") from error


class _Seen(NamedTuple):
    """What the file said when it had this version; ``data`` only if the file is not in lines."""

    version: Any
    data: bytes
    tables: Tables


class Draft:
    """A database that is being changed.

    Args:
        data: the file as it is, in lines.
        tables: what it says.
    """

    def __init__(self, data: bytes, tables: Tables) -> None:
        self.tables = tables
        view = memoryview(data)
        self._lines: dict[int, memoryview | bytes] = {row.number: view[row.start : row.end] for row in tables.rows}
        last = max(map(counted, (row.id for row in tables.rows)), default=0)
        self._notes = {**tables.notes, "last_id": max(last, tables.notes["last_id"])}

    def claim(self, wanted: RunId | None, *, bind: bool, path: str) -> RunId:
        """An id that nobody has: ``wanted``, or the next number.

        Numbers count on from the greatest one that was given here, by whomever: the predecessor's are followed, too.

        Raises:
            RunExistsError: ``bind`` demands one that is taken.
        """
        if wanted is not None:
            if self.tables.find(wanted) is None:
                return natural(wanted)
            if bind:
                raise rules.taken(wanted, path)
        number = self._notes["last_id"] + 1
        while self.tables.find(number) is not None:
            number += 1
        self._notes["last_id"] = number
        return number

    def add(self, document: dict[str, Json]) -> None:
        """A new run."""
        self._put(max(self._lines, default=0) + 1, document)

    def replace(self, row: Row, document: dict[str, Json]) -> None:
        """Another document of a run."""
        self._put(row.number, document)

    def remove(self, row: Row) -> None:
        """A run less."""
        del self._lines[row.number]

    def parts(self) -> Iterator[bytes]:
        """The bytes of the new file."""
        notes = {**self._notes, "writes": self._notes["writes"] + 1}
        return joined(self.tables, notes, list(self._lines.values()))

    def _put(self, number: int, document: dict[str, Json]) -> None:
        self._lines[number] = line(number, {**{key: document[key] for key in HEAD}, **document})


def _write_through(path: str, parts: Iterator[bytes]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | files.BINARY, 0o666)
    try:
        for part in parts:
            files.write_all(fd, part)
        os.fsync(fd)  # all runs lie in this one file: a power cut must not leave an empty one
    finally:
        os.close(fd)
