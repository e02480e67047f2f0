"""A run's output on disk: settled lines in one file, and beside it, until the run has ended, what is still to settle.

``cout.txt`` holds settled lines and after them the screen as it is. ``cout.txt.raw`` holds bytes as they were printed,
and ``cout.txt.note.raw`` says how many of them are settled in how many bytes of ``cout.txt``. Whoever reads puts the
two together, so that a process that is killed loses and doubles nothing, wherever it was.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit._support.screen import Screen
from expkit._support.shown import Shown
from expkit.errors import DAMAGE
from expkit.stores.disk import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 17

settling: dict[str, Callable[[], int]] = {}
"""Outputs that this process settles, by absolute path, and how many bytes of each will not change any more."""


class Note(NamedTuple):
    """How far a run's output has been settled.

    Attributes:
        offset: bytes of the raw file that are settled or on the screen.
        length: bytes of the output that are settled.
        screen: state of the screen.
    """

    offset: int = 0
    length: int = 0
    screen: dict[str, Any] | None = None


def raw_path(path: str) -> str:
    """Where bytes are kept as they were printed."""
    return f"{path}.raw"


def note_path(path: str) -> str:
    """Where it says how far they are settled."""
    return f"{path}.note.raw"


def read_note(path: str) -> Note:
    """The note about an output; the beginning where there is none, or none that makes sense.

    Then all is put together anew from what was printed, so that nothing is there twice.
    """
    try:
        note = Note(**json.loads(files.read(note_path(path))))
        is_sound = type(note.offset) is type(note.length) is int and note.offset >= 0
        is_sound = is_sound and 0 <= note.length <= files.size_of(path)
        Screen(note.screen).feed(b"\r\n")
    except DAMAGE:
        return Note()
    return note if is_sound else Note()


def write_note(path: str, note: Note) -> None:
    """Replace the note, whole or not at all."""
    aside = f"{path}.new.raw"
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | files.BINARY, 0o666)
    try:
        files.write_all(fd, json.dumps(note._asdict()).encode())
    finally:
        os.close(fd)
    files.move(aside, note_path(path))


def size(path: str) -> int:
    """Bytes of an output, as far as they can be read: what this process is settling, only when it is settled."""
    if (end := settling.get(os.path.abspath(path))) is not None:
        return end()
    if not os.path.isfile(raw_path(path)):
        return files.size_of(path)
    return sum(map(len, _parts(path)))


def settled(path: str) -> int:
    """Bytes of an output that will not change any more, while its run goes on."""
    if (end := settling.get(os.path.abspath(path))) is not None:
        return end()
    return read_note(path).length if os.path.isfile(raw_path(path)) else files.size_of(path)


def read(path: str, offset: int = 0, limit: int | None = None) -> bytes:
    """Bytes of an output from ``offset`` on, at most ``limit``."""
    if (end := settling.get(os.path.abspath(path))) is not None:
        here = max(0, end() - offset)
        return files.read(path, offset, here if limit is None else min(limit, here))
    if not os.path.isfile(raw_path(path)):
        return files.read(path, offset, limit)
    found = []
    for part in _parts(path, offset):
        found.append(part if limit is None else part[:limit])
        if limit is not None and (limit := limit - len(found[-1])) <= 0:
            break
    return b"".join(found)


def _parts(path: str, offset: int = 0) -> Iterator[bytes]:
    """Settled bytes, then what is still raw as it will be settled, without the first ``offset`` bytes."""
    for part in _consistent(path):
        yield part[offset:]
        offset = max(0, offset - len(part))


def _consistent(path: str) -> Iterator[bytes]:
    """The parts by one note: one that is replaced while the raw file is opened may name bytes that are gone."""
    while True:
        note = read_note(path)
        try:
            raw = open(raw_path(path), "rb", buffering=0)  # noqa: SIM115
        except FileNotFoundError:
            yield files.read(path)
            return
        with raw:
            if read_note(path) == note:
                yield from _settled(path, note, raw)
                return


def _settled(path: str, note: Note, raw: Any) -> Iterator[bytes]:
    for start in range(0, note.length, CHUNK):
        yield files.read(path, start, min(CHUNK, note.length - start))
    screen = Shown(note.screen)
    raw.seek(note.offset)
    while data := raw.read(CHUNK):
        yield screen.feed(data)
    yield screen.rest()
