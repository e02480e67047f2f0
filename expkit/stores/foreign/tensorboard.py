"""TensorBoard's event files: scalars, texts and hyperparameters are kept, all else is counted and left out."""

from __future__ import annotations

import os
import re
import struct
from collections import Counter
from typing import TYPE_CHECKING, Any

from expkit.errors import BlobNotFoundError, FormatError
from expkit.record.encoding import encode
from expkit.record.model import COMPLETED, FAILED, POINTS, Annotation, Point, RunRecord, StreamKey
from expkit.stores.foreign import protobuf
from expkit.stores.foreign.tfrecords import records
from expkit.stores.foreign.told import Told, gaps_of, logged, moment, stamps
from expkit.stores.sacred import uid_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from expkit.record.model import FileRef
    from expkit.stores.foreign.told import ForeignRun
    from expkit.types import Json

TOOL, SCHEME = "TensorBoard", "tensorboard"

UNKNOWN = "UNKNOWN"
"""The status of a run of which nobody wrote down how it ended."""

_FILE = re.compile(r".*\.tfevents\..*")
_WALL, _STEP, _GRAPH, _SUMMARY, _METAGRAPH = 1, 2, 4, 5, 9
_TAG, _SIMPLE, _TENSOR, _METADATA = 1, 2, 8, 9
_OLD = {4: "images", 5: "histograms", 6: "audio"}
_ENDS = {1: COMPLETED, 2: FAILED}
_TYPES = {1: ("f", 5), 2: ("d", 6), 3: ("i", 7), 9: ("q", 10)}  # of tensors: their form, and the field with the values
_STRINGS, _CONTENT, _STRING = 7, 4, 8
_HPARAMS, _SESSION, _END = "hparams", 3, 4
_NUMBER, _TEXT, _BOOLEAN = 2, 3, 4  # of google.protobuf.Value


class Tensorboard:
    """A folder of event files; each folder that has some is a run, as in TensorBoard.

    Args:
        place: the folder, or one file.
    """

    tool, scheme = TOOL, SCHEME

    def __init__(self, place: str) -> None:
        self.place = place

    def runs(self) -> list[ForeignRun]:
        """One for each folder."""
        if os.path.isfile(self.place):
            return [_Run(self.place, [self.place])]
        return [_Run(self.place, found) for found in _files(self.place)]


def _files(folder: str) -> Iterator[list[str]]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        found = [os.path.join(place, name) for name in sorted(names) if is_event_file(name)]
        if found:
            yield found


def is_event_file(name: str) -> bool:
    """Whether a file is called as event files are."""
    return _FILE.fullmatch(name) is not None


class _Event:
    """What one record of an event file says."""

    def __init__(self, data: bytes) -> None:
        found: dict[int, Any] = {}
        self.values: list[bytes] = []
        for number, value in protobuf.fields(data):
            found[number] = value
            if number == _SUMMARY:
                self.values += protobuf.repeated(value, 1)
        self.time = protobuf.double(found.get(_WALL))
        self.step = protobuf.signed(found.get(_STEP))
        self.has_graph = _GRAPH in found or _METAGRAPH in found


class _Seen:
    """What an event file has told so far."""

    def __init__(self) -> None:
        self.plugins: dict[str, str] = {}
        self.config: dict[str, Json] = {}
        self.status = UNKNOWN
        self.dropped: Counter[str] = Counter()
        self.troubles: list[str] = []
        self.last = 0.0
        self.count = 0


class _Run:
    """A folder with event files: each of them is a segment, for whoever starts again begins a new one."""

    def __init__(self, root: str, paths: list[str]) -> None:
        self._paths = paths
        folder = os.path.dirname(os.path.abspath(paths[0]))
        home = os.path.abspath(root if os.path.isdir(root) else os.path.dirname(root) or ".")
        self.experiment = os.path.basename(home)
        self.name = os.path.relpath(folder, home).replace(os.sep, "/")
        self.started = _began(paths[0])
        label = os.path.basename(folder), os.path.basename(paths[0])
        self.uid = uid_of("/".join(label), moment(self.started), TOOL, repr(self.started))

    def stamp(self) -> Any:
        return stamps(self._paths)

    def tell(self) -> Told:
        seen, ends = _Seen(), {}
        for segment, path in enumerate(self._paths):
            seen.plugins, seen.count = {}, 0
            for _ in _points(path, seen):
                seen.count += 1
            ends[StreamKey(POINTS, segment)] = seen.count
        start = moment(self.started)
        name = self.experiment if self.name == "." else self.name
        missing = () if seen.status != UNKNOWN else ("how it ended is not known",)
        record = RunRecord(
            uid=self.uid,
            name=self.experiment,
            command="",
            status=seen.status,
            segment=len(self._paths) - 1,
            start_time=start,
            stop_time=moment(seen.last),
            heartbeat=moment(seen.last),
            config=encode(seen.config),
            experiment=encode({"name": self.experiment}),
            info=encode({"tensorboard": {"run": self.name, "files": [os.path.basename(path) for path in self._paths]}}),
            gaps=gaps_of(TOOL, (*missing, *seen.troubles), seen.dropped),
        )
        notes = (Annotation(action="name", value=name, author=TOOL, time=start),) if start else ()
        return Told(record=record, ends=ends, notes=notes, dropped=seen.dropped, damage=tuple(seen.troubles))

    def points(self, key: StreamKey) -> Iterator[Point]:
        return _points(self._paths[key.segment], _Seen())

    def output(self, offset: int, limit: int | None) -> bytes:  # noqa: ARG002 - TensorBoard keeps none
        return b""

    def open(self, ref: FileRef) -> NoReturn:
        raise BlobNotFoundError(f"TensorBoard keeps no files, and none that is {ref.path!r}")


def _began(path: str) -> float:
    """The time of the first event of a file; 0 where it has none."""
    return next((event.time for event in _events(path, _Seen())), 0.0)


def _events(path: str, seen: _Seen) -> Iterator[_Event]:
    """The events of a file, up to where it is damaged."""
    try:
        with open(path, "rb") as file:
            for data in records(file, path):
                yield _Event(data)
    except FormatError as error:
        seen.troubles.append(f"{error}; what follows is missing")


def _points(path: str, seen: _Seen) -> Iterator[Point]:
    for event in _events(path, seen):
        seen.last = max(seen.last, event.time)
        seen.dropped["graphs"] += event.has_graph
        for data in event.values:
            try:
                found = _point(event, data, seen)
            except FormatError:
                seen.dropped["values that cannot be read"] += 1
                continue
            if found is not None:
                yield found
    seen.dropped = +seen.dropped


def _point(event: _Event, data: bytes, seen: _Seen) -> Point | None:
    """A value as a point; None if it is none, which is counted."""
    value = protobuf.message(data)
    tag = protobuf.text(value.get(_TAG))
    plugin = _plugin(tag, value, seen)
    if _SIMPLE in value:
        return Point(tag, event.step, protobuf.float32(value[_SIMPLE]), event.time)
    if _TENSOR not in value:
        for number in _OLD.keys() & value.keys():
            seen.dropped[_OLD[number]] += 1
        return None
    if plugin in ("scalars", "text", ""):
        items = _items(protobuf.message(value[_TENSOR]), value[_TENSOR])
        if items and (plugin == "text" or len(items) == 1):
            return Point(tag, event.step, logged(items[0] if len(items) == 1 else items), event.time)
    seen.dropped[plugin or "tensors"] += 1
    return None


def _plugin(tag: str, value: dict[int, Any], seen: _Seen) -> str:
    """Who shows the values of a tag; only the first of them says it."""
    if _METADATA in value and tag not in seen.plugins:
        plugin = protobuf.part(protobuf.message(value[_METADATA]).get(1))
        seen.plugins[tag] = protobuf.text(plugin.get(1))
        if seen.plugins[tag] == _HPARAMS:
            _learn(protobuf.part(plugin.get(2)), seen)
    return seen.plugins.get(tag, "")


def _learn(told: dict[int, Any], seen: _Seen) -> None:
    """Hyperparameters, and how the run ended."""
    for entry in protobuf.repeated(told[_SESSION], 1) if isinstance(told.get(_SESSION), bytes) else ():
        pair = protobuf.message(entry)
        seen.config[protobuf.text(pair.get(1))] = _hyperparameter(protobuf.part(pair.get(2)))
    seen.status = _ENDS.get(protobuf.part(told.get(_END)).get(1, 0), seen.status)


def _hyperparameter(value: dict[int, Any]) -> Json:
    """They are numbers, texts and booleans."""
    if _NUMBER in value:
        number = protobuf.double(value[_NUMBER])
        return int(number) if number.is_integer() else number
    if _TEXT in value:
        return protobuf.text(value[_TEXT])
    return bool(value[_BOOLEAN]) if _BOOLEAN in value else None


def _items(tensor: dict[int, Any], data: bytes) -> list[Any]:
    """What is in a tensor of numbers or of texts."""
    kind = tensor.get(1)
    if kind == _STRINGS:
        return [protobuf.text(item) for item in protobuf.repeated(data, _STRING)]
    if kind not in _TYPES:
        return []
    form, field = _TYPES[kind]
    content = tensor.get(_CONTENT) or tensor.get(field)
    if isinstance(content, int):
        return [protobuf.signed(content)]
    if field in tensor and form in "iq" and _CONTENT not in tensor:
        return protobuf.varints(content)
    try:
        return [item for (item,) in struct.iter_unpack(f"<{form}", content or b"")]
    except struct.error:
        raise FormatError("this is no tensor") from None
