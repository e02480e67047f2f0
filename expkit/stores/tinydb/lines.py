"""``metadata.json`` as bytes: JSON in TinyDB's shape, one run per line.

::

    {"expkit": {"1": {"writes": 3, "last_id": 2, "runs": 2}}, "runs": {
    "1": {"_id": 1, "uid": "...", "status": "COMPLETED", "segment": 0, ...},
    "2": {"_id": 2, "uid": "...", "status": "RUNNING", "segment": 0, ...}
    }}

So one run can be read, added or replaced without looking into the others. What another program wrote in one line, or in
many, means the same and is brought into this form when it is read.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import DAMAGE, FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from expkit.types import Json, RunId

RUNS = "runs"
"""The table of runs, as the predecessor named it."""

OURS = "expkit"
"""The table of what the store itself notes: one document."""

HEAD = ("_id", "uid", "status", "segment")
"""The first keys of a run's document; they are found without reading the rest of it."""

_NOTES = ("writes", "last_id")
_COUNT = "runs"
_HEAD = re.compile(
    rb'"(\d+)": \{"_id": (-?\d+|"(?:[^"\\]|\\.)*"), "uid": "([^"\\]*)", "status": ("(?:[^"\\]|\\.)*"), "segment": (\d+)[,}]'
)
_NUMBER = re.compile(rb'"(\d+)": \{')
_BEGIN, _BETWEEN, _END = b'"runs": {\n', b",\n", b"\n}}\n"


class Row(NamedTuple):
    """Where one run is.

    Attributes:
        number: of its document, TinyDB's own.
        id, uid, status, segment: as its document says.
        start, end: of its line in the file, in bytes.
        is_ours: False if the predecessor recorded it, or somebody by hand.
    """

    number: int
    id: RunId
    uid: str
    status: str
    segment: int
    start: int
    end: int
    is_ours: bool = True


class Tables:
    """What a database says: the runs, one per line, and the other tables.

    Args:
        data: the file, in lines.
        others: the other tables.
        spans: the lines of the runs.

    Attributes:
        others: see above.
        notes: what the store itself notes: how often the file was written, and the last id that was given.
        rows: the runs, in order of creation.
    """

    def __init__(self, data: bytes, others: dict[str, Any], spans: list[tuple[int, int]]) -> None:
        self.others = others
        noted = others.get(OURS, {}).get("1", {})
        self.notes = {key: int(noted.get(key, 0)) for key in _NOTES}
        self.rows = [_row(data, start, end) for start, end in spans]
        self._by_uid = {row.uid: row for row in self.rows}
        self._by_id = {str(row.id): row for row in self.rows}

    def find(self, run: RunId) -> Row | None:
        """The run with this id or uid."""
        name = str(run)
        return self._by_id.get(name) or self._by_uid.get(name)


def parse(data: bytes, path: str) -> tuple[bytes, Tables]:
    """The file in lines, which may be the very bytes that were given, and what it says.

    Raises:
        FormatError: it is no database; the message names ``path``.
    """
    try:
        found = _in_lines(data)
        if found is None:
            data = _to_lines(data)
            if (found := _in_lines(data)) is None:
                raise ValueError("a run is a JSON object")
        return data, Tables(data, *found)
    except DAMAGE as error:
        raise FormatError(
            f"{path} is damaged, and nothing in it was changed: {error}. Put a copy back in its place, or move it away"
            " to begin a new database"
        ) from error


def joined(tables: Tables, notes: Mapping[str, int], lines: list[memoryview | bytes]) -> Iterator[bytes]:
    """The parts of a file with these lines."""
    noted = {**notes, _COUNT: len(lines)}
    head = json.dumps({OURS: {"1": noted}, **{key: tables.others[key] for key in tables.others if key != OURS}})
    yield head[:-1].encode() + b", " + _BEGIN
    yield _BETWEEN.join(lines)
    yield _END if lines else _END[1:]


def line(number: int, document: Json) -> bytes:
    """The line of a run; ASCII, because TinyDB reads files in whatever encoding its machine prefers."""
    return f'"{number}": {json.dumps(document)}'.encode("ascii")


def document_of(line: bytes) -> dict[str, Json]:
    """The document in a line.

    Raises:
        ValueError: it is damaged.
    """
    try:
        tree = json.loads(b"{" + line + b"}")
    except RecursionError:
        raise ValueError("lists or dicts are nested too deeply to be read") from None
    (found,) = tree.values()
    if not isinstance(found, dict):
        raise ValueError("a run is a JSON object")  # noqa: TRY004 - it was read from a file
    return found


def _in_lines(data: bytes) -> tuple[dict[str, Any], list[tuple[int, int]]] | None:
    """The other tables and the lines of runs; None for a file that is not in lines."""
    first = data.find(b"\n") + 1
    if not data[:first].endswith(_BEGIN) or not data.endswith(_END):
        return None
    tree = json.loads(data[:first] + b"}}")
    del tree[RUNS]
    if not all(isinstance(table, dict) for table in tree.values()):
        return None
    spans = [span for span in _lines(data, first, len(data) - len(_END) + 1) if span]
    # where lines run into each other, because a byte between them was damaged, the count is wrong
    return (tree, spans) if len(spans) == tree.get(OURS, {}).get("1", {}).get(_COUNT) else None


def _lines(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int] | None]:
    """The lines between two places, without what parts them; None where one is no line of a run."""
    while start < stop:
        end = data.find(b"\n", start)
        last = end if end + 1 == stop else end - 1
        is_whole = data[last - 1 : last] == b"}" and (last == end or data[last:end] == b",")
        yield (start, last) if is_whole and _NUMBER.match(data, start) else None
        start = end + 1


def _to_lines(data: bytes) -> bytes:
    tree = json.loads(data) if data and not data.isspace() else {}
    if not isinstance(tree, dict) or not all(isinstance(table, dict) for table in tree.values()):
        raise ValueError("a database is a JSON object of tables")
    runs = tree.pop(RUNS, {})
    lines = [line(int(number), document) for number, document in runs.items()]
    whole = Tables(b"", tree, [])
    return b"".join(joined(whole, whole.notes, [*lines]))


def _row(data: bytes, start: int, end: int) -> Row:
    if found := _HEAD.match(data, start, end):
        number, id, uid, status, segment = found.groups()
        run_id = json.loads(id) if id[:1] == b'"' else int(id)
        return Row(int(number), run_id, uid.decode(), json.loads(status), int(segment), start, end)
    from expkit.stores.tinydb.sacred import uid_of

    text = data[start:end]
    number = text[1 : text.index(b'"', 1)]
    document = document_of(text)
    run_id = document.get("_id", int(number))
    return Row(int(number), run_id, uid_of(document, run_id), str(document.get("status")), 0, start, end, is_ours=False)
