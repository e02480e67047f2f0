"""What a reader of another tool's files tells of a run, and helpers that all of these readers share."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol

from expkit._support.frozen import Frozen, field
from expkit.errors import FormatError
from expkit.record.encoding import encode
from expkit.record.model import FileRef, RunRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

    from expkit.record.model import Annotation, Point, StreamKey
    from expkit.types import Json

SMALL = 1 << 20
"""Bytes of the largest file that is read whole: settings, parameters, tags."""

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d{1,4})?")
_WORDS = {"True": True, "False": False, "None": None, "nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


class Told(Frozen):
    """All that a reader found out about a run by one look at its files.

    Attributes:
        record: what becomes its record.
        ends: its streams, and of each the number of points or bytes.
        notes: later facts: the name that people gave it, notes.
        dropped: what was met and is not kept: how many of which things.
        damage: sentences on files that can be read in part only.
    """

    record: RunRecord
    ends: Mapping[StreamKey, int] = field(default_factory=dict)
    notes: tuple[Annotation, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    damage: tuple[str, ...] = ()


class ForeignRun(Protocol):
    """A run that another tool recorded.

    Attributes:
        uid: the same whenever and wherever it is read.
        name: what the tool calls it: the id of a run, or a path.
        started: seconds since the epoch.
    """

    uid: str
    name: str
    started: float

    def stamp(self) -> Any:
        """Something that is another thing once the files have changed."""
        ...

    def tell(self) -> Told:
        """Look at all of it."""
        ...

    def points(self, key: StreamKey) -> Iterator[Point]:
        """The points of a stream, in an order that later points do not change."""
        ...

    def output(self, offset: int, limit: int | None) -> bytes:
        """Bytes of what it printed."""
        ...

    def open(self, ref: FileRef) -> BinaryIO:
        """The bytes of a file.

        Raises:
            BlobNotFoundError: they are not there.
        """
        ...


class Source(Protocol):
    """A place where another tool keeps runs.

    Attributes:
        tool: what the tool is called.
        scheme: of the URL of such a place.
        place: its path.
    """

    tool: str
    scheme: str
    place: str

    def runs(self) -> list[ForeignRun]:
        """All of them, in any order."""
        ...


def moment(seconds: float | None) -> datetime | None:
    """The time so many seconds after the epoch; None where there is none that a calendar has."""
    try:
        return None if not seconds else datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


def value_of(text: str) -> Json:
    """What a tool wrote as text for a number, True, False or None; all else stays a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def logged(value: Any) -> Any:
    """A value as points hold it: NaN and infinities as they are, and JSON trees of what is no number or text."""
    return encode(value) if isinstance(value, (dict, list)) else value


def small_text(path: str) -> str:
    """The text of a small file, ``""`` where there is none.

    Raises:
        FormatError: it is not small.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(SMALL + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
    if len(data) > SMALL:
        raise FormatError(f"{path} is larger than {SMALL} bytes, which no such file is")
    return data.decode("utf-8", "replace")


def json_of(text: str | bytes) -> Any:
    """The value of a JSON text; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def files_below(folder: str, within: str) -> Iterator[tuple[str, str]]:
    """Names and paths of the files below a folder, sorted; links that lead out of ``within`` are left out."""
    allowed = os.path.realpath(within) + os.sep
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            if os.path.isfile(path) and os.path.realpath(path).startswith(allowed):
                yield os.path.relpath(path, folder).replace(os.sep, "/"), path


def artifact(name: str, path: str) -> FileRef:
    """A file that a run made."""
    return FileRef(path=name, role="artifact", root="files", size=os.path.getsize(path), mode="w", layer="folder")


def gaps_of(tool: str, missing: Iterable[str], dropped: Mapping[str, int]) -> tuple[str, ...]:
    """Sentences on what is missing from a run's record."""
    left = (f"left out: {what} ({count})" for what, count in dropped.items())
    return (f"recorded by {tool}: what it does not record is missing", *missing, *left)


def stamps(paths: Iterable[str]) -> tuple[tuple[str, int, int], ...]:
    """Sizes and times of files, by which it is seen that they have changed."""
    found = []
    for path in paths:
        try:
            about = os.stat(path)
        except OSError:
            continue
        found.append((path, about.st_size, about.st_mtime_ns))
    return tuple(found)
